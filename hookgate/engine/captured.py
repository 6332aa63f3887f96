"""What a payload file holds: a bare payload, or a delivery as it was captured."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from datetime import UTC, datetime

from msgspec import Struct, field

from hookgate.engine.redaction import REDACTED
from hookgate.expr.values import MalformedJSON, json_text, parse_json, text_of
from hookgate.model import JSON

_KEYS = frozenset(
    {"body", "body_base64", "headers", "method", "path", "peer", "query", "received_at", "source"}
    | {"topic"}  # as collections of sample webhooks have it
)


class Capture(Struct, frozen=True):
    """The parts of a request.

    `bare` tells that only its body was given, `exact` that the body is what the sender sent, byte
    by byte, and not JSON that was read and written again.
    """

    body: bytes
    bare: bool = True
    exact: bool = True
    source: str | None = None
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    peer: str = ""
    received_at: float | None = None

    @property
    def redacted(self) -> bool:
        """Whether its credentials were blanked out when it was stored."""
        return REDACTED in (*self.headers.values(), *self.query.values())


def read_capture(raw: bytes) -> Capture:
    """Read a file's bytes: an object with `headers` and `body` is a captured delivery.

    That is what /api/deliveries/{id} gives. Anything else is a bare payload, byte by byte; so is
    an object that has other keys as well, for some senders' payloads have those two among theirs.
    """
    try:
        found = parse_json(raw)
    except MalformedJSON:
        return Capture(raw)
    if not isinstance(found, dict) or not isinstance(found.get("headers"), dict):
        return Capture(raw)
    body = _body(found)
    if body is None or not ("delivery_id" in found or _KEYS.issuperset(found)):
        return Capture(raw)
    return Capture(
        body=body,
        bare=False,
        exact="body_base64" in found or isinstance(found["body"], str),
        source=text_of(found.get("source")) or None,
        method=text_of(found.get("method")).upper() or "POST",
        headers={name.lower(): value for name, value in _texts(found.get("headers")).items()},
        query=_texts(found.get("query")),
        peer=text_of(found.get("peer")),
        received_at=_time(found.get("received_at")),
    )


def _body(found: Mapping[str, JSON]) -> bytes | None:
    encoded = found.get("body_base64")
    if isinstance(encoded, str):
        try:
            return base64.b64decode(encoded, validate=True)
        except binascii.Error:
            return None
    if "body" not in found:
        return None
    body = found["body"]
    text = body if isinstance(body, str) else json_text(body)
    return text.encode("utf-8", "surrogatepass")


def _texts(value: JSON) -> dict[str, str]:
    return {k: text_of(v) for k, v in value.items()} if isinstance(value, dict) else {}


def _time(value: JSON) -> float | None:
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
