"""What tokens and key sets are written in (RFC 7515): URL-safe base64, and objects in JSON."""

from __future__ import annotations

import json

from hookgate.auth.encodings import from_base64
from hookgate.model import JSON

_URL_SAFE = str.maketrans("-_", "+/")


def from_base64url(text: str) -> bytes | None:
    """The bytes of URL-safe base64 without padding (RFC 7515, 2), or None."""
    if "+" in text or "/" in text or "=" in text:
        return None
    return from_base64(text.translate(_URL_SAFE))


def parse_object(raw: bytes) -> dict[str, JSON] | None:
    """The JSON object that the bytes hold; None for anything else."""
    try:
        found = json.loads(raw.decode("utf-8"), parse_constant=_refuse)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
