"""Deliveries to verify, and an HMAC that shares no code with the one under test."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from hookgate.model import Delivery

NOW = 1_700_000_000.0


def delivery(
    headers: Mapping[str, str] | None = None,
    body: bytes = b"{}",
    *,
    query: Mapping[str, str] | None = None,
    peer: str = "192.0.2.1",
    method: str = "POST",
) -> Delivery:
    """A delivery as the server would make it: header names in lower case."""
    return Delivery(
        id="018bcfe5-6800-7000-8000-000000000000",
        source="shop",
        received_at=NOW,
        method=method,
        path="/api/webhooks/shop",
        query=query or {},
        headers={name.lower(): value for name, value in (headers or {}).items()},
        body=body,
        peer=peer,
    )


def rfc2104(key: bytes, text: bytes, algorithm: str = "sha256") -> bytes:
    """HMAC written out as in RFC 2104, section 2."""
    block = hashlib.new(algorithm).block_size
    if len(key) > block:
        key = hashlib.new(algorithm, key).digest()
    key = key.ljust(block, b"\0")
    inner = hashlib.new(algorithm, bytes(byte ^ 0x36 for byte in key) + text).digest()
    return hashlib.new(algorithm, bytes(byte ^ 0x5C for byte in key) + inner).digest()
