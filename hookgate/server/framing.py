"""What a request head must be for everybody on the way to agree where its request ends.

The parser refuses most of what two readers could understand differently: two lengths, a length
beside a transfer coding, folded lines, bare line feeds. What it lets pass is refused here.
"""

from __future__ import annotations

from collections.abc import Sequence

from hookgate.server.requests import Refusal

MAX_FIELDS = 100
"""Header fields of one request."""

NOT_HTTP = Refusal(400, "this is not a valid HTTP request")
TOO_LARGE = Refusal(431, "the head of the request is too large")
_VERSION = Refusal(505, "HTTP/1.1 and HTTP/1.0 are spoken here")
_TUNNEL = Refusal(501, "no tunnels are made here")
_HOST = Refusal(400, "a request has one Host header")
_CODING = Refusal(501, "chunked is the only transfer coding that is read")
_OLD_CODING = Refusal(400, "HTTP/1.0 has no transfer codings")
_FRAGMENT = Refusal(400, "a request target has no fragment")


def fault_of_head(
    method: bytes, target: bytes, version: str, headers: Sequence[tuple[bytes, bytes]]
) -> Refusal | None:
    """What is wrong with a request head, if anything; names of `headers` are in lower case."""
    if len(headers) > MAX_FIELDS:
        return TOO_LARGE
    if version not in ("1.1", "1.0"):
        return _VERSION
    if method == b"CONNECT":
        return _TUNNEL
    names = [name for name, _ in headers]
    if names.count(b"host") != 1 and (version == "1.1" or b"host" in names):
        return _HOST
    if b"#" in target:
        return _FRAGMENT
    return _fault_of_coding(version, headers) if b"transfer-encoding" in names else None


def _fault_of_coding(version: str, headers: Sequence[tuple[bytes, bytes]]) -> Refusal | None:
    """RFC 9112, 6.1: an unknown coding is answered 501, and HTTP/1.0 does not know any."""
    if version == "1.0":
        return _OLD_CODING
    codings = [value.strip().lower() for name, value in headers if name == b"transfer-encoding"]
    return None if codings == [b"chunked"] else _CODING
