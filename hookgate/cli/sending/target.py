"""The address that is called."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

from msgspec import Struct

from hookgate.core.config import ServerSettings

_OF_A_PATH = "/%:@!$&'()*+,;=~"
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound to it


class Target(Struct, frozen=True):
    """An address over HTTP; `origin` is such as ``http://127.0.0.1:12345``."""

    origin: str
    host: str
    port: int | None
    path: str
    query: Mapping[str, str]

    @property
    def secure(self) -> bool:
        """Whether it is called over TLS."""
        return self.origin.startswith("https://")

    def selector(self, query: Mapping[str, str]) -> str:
        """The path with a query."""
        return f"{self.path}?{urlencode(query, errors='surrogatepass')}" if query else self.path

    def url(self, query: Mapping[str, str]) -> str:
        """The whole address with a query."""
        return self.origin + self.selector(query)


def target_of(to: str | None, source: str, server: ServerSettings) -> Target | str:
    """Where a request for a source goes, or, as text, why that cannot be told.

    That is `to`, with the path of the source where it has none; by default where `server` listens.
    """
    if to is not None:
        return _parsed(to, source)
    if server.port == 0:
        return "server.port is any free one; --to says where the gateway listens"
    host = _LOOPBACK.get(server.host, server.host)
    return _parsed(f"http://{f'[{host}]' if ':' in host else host}:{server.port}", source)


def _parsed(to: str, source: str) -> Target | str:
    try:
        parts = urlsplit(to)
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
        path = quote(parts.path, safe=_OF_A_PATH)
    except ValueError:
        return f"{to!r} is not an address"
    if parts.scheme not in ("http", "https") or not host:
        return f"{to!r} is not an address such as http://127.0.0.1:12345"
    if parts.username is not None or parts.password is not None:
        return "an address with a user name or a password in it is not taken"
    netloc = (f"[{host}]" if ":" in host else host) + ("" if port is None else f":{port}")
    return Target(
        origin=f"{parts.scheme}://{netloc}",
        host=host,
        port=port,
        path=path if path.strip("/") else f"/api/webhooks/{source}",
        query=dict(parse_qsl(parts.query, keep_blank_values=True)),
    )
