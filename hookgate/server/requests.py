"""From an ASGI request to its parts, within limits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import parse_qsl

from msgspec import Struct
from starlette.types import Scope

from hookgate.auth.addresses import Network, client_address
from hookgate.auth.urls import Query
from hookgate.core.config import Source

MAX_QUERY_FIELDS = 100


class Refusal(Struct, frozen=True):
    """Why a request is turned away before it becomes a delivery."""

    status: int
    message: str


class Disconnected(Exception):  # noqa: N818 - it names the state of affairs
    """The caller went away in the middle of its request; there is nobody to answer."""


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by lower-case name; repeated ones are joined with ", " (RFC 9110, 5.2)."""
    fields = [(k.decode("latin-1").lower(), v.decode("latin-1")) for k, v in raw]
    headers = dict(fields)
    return headers if len(headers) == len(fields) else _joined(fields)


def _joined(fields: list[tuple[str, str]]) -> dict[str, str]:
    values: dict[str, list[str]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    return {name: ", ".join(each) for name, each in values.items()}


def query_of(scope: Scope) -> Query | Refusal:
    """The query parameters; the last of repeated ones counts."""
    text = scope["query_string"].decode("latin-1")
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        return Refusal(400, f"the query has more than {MAX_QUERY_FIELDS} parameters")
    return Query(dict(pairs), text)


def caller_of(peer: str, headers: dict[str, str], trusted: Sequence[Network]) -> str:
    """The caller's address, seen through trusted proxies; empty where it is unknown."""
    return client_address(peer, headers.get("x-forwarded-for"), trusted)


def wrong_method(method: str, source: Source) -> Refusal | None:
    """Why a source does not take requests of a method, or None where it does."""
    if method in source.methods or method in source.handshake_methods:
        return None
    return Refusal(405, f"{method[:20]} is not accepted here")


def allowed(source: Source, method: str) -> str:
    """What the Allow header says of a source to a request that it does not take with a method."""
    return ", ".join(sorted((source.methods | source.handshake_methods) - {method}))


def too_large(limit: int) -> Refusal:
    """A body of more than `limit` bytes."""
    return Refusal(413, f"the body is larger than the {limit} bytes allowed")
