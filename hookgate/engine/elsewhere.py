"""What a worker, which only answers, leaves to the main process of its gateway.

The main process alone runs programs and counts what has a limit, so that each limit of the rules
file holds for the gateway as a whole.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from hookgate.core.config import Source
from hookgate.engine.line import Line


class Elsewhere(Struct, frozen=True):
    """The main process, as a worker sees it. `works` tells whether it runs programs at all."""

    line: Line
    works: bool

    async def take(self, source: Source, key: str) -> float:
        """Count a delivery; see `Limits.take`."""
        wait: float = await self.line.call("take", source.name, key)
        return wait

    async def drain_rate(self) -> float:
        """How many tasks end in a second."""
        rate: float = await self.line.call("drain_rate")
        return rate

    async def tried(self, task_ids: Iterable[str]) -> None:
        """Wait for first attempts; see `Dispatcher.tried`."""
        await self.line.call("tried", tuple(task_ids))

    async def metrics(self) -> bytes:
        """The page of metrics of the whole gateway."""
        page: bytes = await self.line.call("metrics")
        return page
