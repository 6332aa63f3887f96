"""What is counted for a gateway as a whole: deliveries with a rate limit, and ends of tasks."""

from __future__ import annotations

import time

from hookgate.core.backlog import Drain
from hookgate.core.config import Source
from hookgate.core.rate_limit import Buckets


class Limits:
    """Counts what is to be recorded, by source; `drain` counts the tasks that end.

    Counting begins anew when the gateway starts, and for a source whose limit changes.
    """

    def __init__(self) -> None:
        self._buckets: dict[str, Buckets] = {}
        self.drain = Drain(time.monotonic())

    async def drain_rate(self) -> float:
        """How many tasks end in a second, of late."""
        return self.drain.rate(time.monotonic())

    async def take(self, source: Source, key: str) -> float:
        """Count a delivery in the bucket `key`; how many seconds it comes too early, or 0.0."""
        limit = source.rate_limit
        if limit is None:
            return 0.0
        buckets = self._buckets.get(source.name)
        if buckets is None or buckets.limit != limit:
            buckets = self._buckets[source.name] = Buckets(limit)
        return buckets.take(key, time.monotonic())
