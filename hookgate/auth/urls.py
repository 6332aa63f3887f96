"""URLs as senders sign them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import urlencode

_AUTHORITY = re.compile(r"(?P<scheme>https?://)(?P<host>[^/?#]*?)(?P<port>:[0-9]+)?(?=[/?#]|\Z)")
_DEFAULT_PORTS = {"http://": ":80", "https://": ":443"}
_AFTER_PATH = re.compile(r"[?#].*", re.DOTALL)

_ESCAPES = re.compile("%(3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)", re.IGNORECASE)


class Query(dict[str, str]):
    """The parameters of a query string, which remember the text that they were read from."""

    __slots__ = ("text",)

    def __init__(self, parameters: Mapping[str, str], text: str) -> None:
        super().__init__(parameters)
        self.text = text


def query_text(query: Mapping[str, str]) -> str:
    """The query string as it arrived; of parameters that came without one, as forms write them."""
    return query.text if isinstance(query, Query) else urlencode(query, errors="surrogatepass")


def decoded(url: str) -> str:
    """The URL with the escapes of ``: / ? @ ! $ ' ( ) * , ;`` undone and all others as they are.

    HubSpot signs URLs in this form ("Validate requests", version 3, in its developer docs).
    """
    return _ESCAPES.sub(lambda escape: chr(int(escape[1], 16)), url)


def with_query(url: str, query: str) -> str:
    """The URL with this query string in place of its own, without a fragment."""
    path = _AFTER_PATH.sub("", url)
    return f"{path}?{query}" if query else path


def with_and_without_port(url: str) -> tuple[str, ...]:
    """The URL with a port and without, the default one of its scheme where it names none.

    A sender may sign either, whichever of them it was given.
    """
    found = _AUTHORITY.match(url)
    if found is None:
        return (url,)
    rest = url[found.end() :]
    port = found["port"] or _DEFAULT_PORTS[found["scheme"]]
    bare = f"{found['scheme']}{found['host']}"
    return (f"{bare}{rest}", f"{bare}{port}{rest}")
