"""The rate limits of sources at work."""

from __future__ import annotations

import time

from hookgate.core.config import Source
from hookgate.core.rate_limit import Buckets, bucket_key
from hookgate.model import Accepted, Delivery, Ignored


class RateLimits:
    """Counts what is to be recorded, by source.

    Counting begins anew when the gateway starts, and for a source whose limit changes.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, Buckets] = {}

    def wait(self, source: Source, delivery: Delivery, decision: Accepted | Ignored) -> float:
        """How many seconds a delivery comes too early; 0.0 for one that is in time."""
        limit = source.rate_limit
        if limit is None:
            return 0.0
        buckets = self._buckets.get(source.name)
        if buckets is None or buckets.limit != limit:
            buckets = self._buckets[source.name] = Buckets(limit)
        return buckets.take(bucket_key(source, delivery, decision), time.monotonic())
