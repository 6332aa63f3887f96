"""The JSON documents that endpoints other than a sender's answer with."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.responses import Response

from hookgate.expr.values import json_bytes
from hookgate.model import JSON

_GUARDED = {"x-content-type-options": "nosniff", "cache-control": "no-store"}
"""No browser takes an answer for a page, and nobody on the way keeps a copy."""


def document(body: JSON, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON answer with every number as it was written."""
    return Response(json_bytes(body), status, {**_GUARDED, **(headers or {})}, "application/json")


def fault(status: int, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """An answer that says what is wrong with a request."""
    return document({"status": "rejected", "message": message}, status, headers)
