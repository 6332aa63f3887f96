"""What is kept of a delivery: all but the credentials that came with it."""

from __future__ import annotations

from collections.abc import Mapping

from hookgate.core.config import Source
from hookgate.model import Delivery

REDACTED = "[redacted]"


def redacted(delivery: Delivery, source: Source) -> Delivery:
    """The delivery without the credentials that came with it."""
    return Delivery(
        id=delivery.id,
        source=delivery.source,
        received_at=delivery.received_at,
        method=delivery.method,
        path=delivery.path,
        query=_without(source.private_query, delivery.query),
        headers=_without(source.private_headers, delivery.headers),
        body=delivery.body,
        peer=delivery.peer,
    )


def _without(private: frozenset[str], texts: Mapping[str, str]) -> Mapping[str, str]:
    present = private.intersection(texts)
    return {**texts, **dict.fromkeys(present, REDACTED)} if present else texts
