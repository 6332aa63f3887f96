"""Whether what is sent now would reach the disk."""

from __future__ import annotations

import asyncio
import math
import time
from contextlib import suppress

from hookgate.errors import StoreUnavailable
from hookgate.stores.store import Store

_SURE = 10.0
"""Seconds for which a write that succeeded says that the next one would as well."""

_UNSURE = 1.0
"""Seconds after a trial that failed before there is another."""

_PATIENCE = 2.0
"""Seconds that a trial may take: a disk that hangs takes nothing either."""


class Readiness:
    """What the writes of the deliveries have shown of the store.

    Where they have shown nothing for a while, or the last one failed, it is tried. That costs a
    write and is done for whoever asks, so not more often than every now and then.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sure_until = -math.inf
        self._not_before = -math.inf
        self._trying = asyncio.Lock()

    def wrote(self) -> None:
        """A delivery was recorded."""
        self._sure_until = time.monotonic() + _SURE

    def failed(self) -> None:
        """A delivery could not be recorded."""
        self._sure_until = -math.inf

    async def writable(self) -> bool:
        """Whether the store takes deliveries."""
        async with self._trying:
            now = time.monotonic()
            if self._sure_until < now >= self._not_before:
                await self._try(now)
        return self._sure_until >= now

    async def _try(self, now: float) -> None:
        self._not_before = now + _UNSURE
        with suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_PATIENCE):
                await self._store.touch()
            self.wrote()
