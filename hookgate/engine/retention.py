"""Deleting what is older, or takes more room, than the rules file wants it kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from hookgate.core.config import StoreSettings
from hookgate.engine import journal
from hookgate.engine.current import Current
from hookgate.engine.ids import Clock
from hookgate.errors import StoreUnavailable
from hookgate.stores.store import Store

_EVERY = 60.0
_STEP = 200
"""Deliveries deleted in one transaction: few, so that nobody who records has to wait long."""

_BETWEEN = 0.02
"""Seconds between two steps, in which others have their turn."""


@contextlib.asynccontextmanager
async def retaining(store: Store, current: Current, clock: Clock) -> AsyncIterator[None]:
    """While entered, keep the store within its retention and its size, as the configuration says.

    Only deliveries whose tasks have all ended are deleted, the oldest first.
    """
    purging = asyncio.create_task(_purge_loop(store, current, clock))
    try:
        yield
    finally:
        purging.cancel()
        await asyncio.gather(purging, return_exceptions=True)


async def _purge_loop(store: Store, current: Current, clock: Clock) -> None:
    while True:
        try:
            await purge(store, current.config.store, clock)
        except StoreUnavailable as error:
            journal.store_unavailable("purging", str(error))
        except Exception:  # a store that is not purged fills its disk
            journal.loop_broke("purging")
        await asyncio.sleep(_EVERY)


async def purge(store: Store, settings: StoreSettings, clock: Clock) -> None:
    """Delete what is older than `settings` wants it kept, then what is too much."""
    if settings.retention is not None:
        await _purge_old(store, settings.retention, clock)
    if settings.max_size is not None:
        await _purge_to_size(store, settings.max_size, clock)


async def _purge_old(store: Store, retention: float, clock: Clock) -> None:
    deleted = _STEP
    while deleted == _STEP:
        deleted = await store.purge(clock() - retention, _STEP)
        await asyncio.sleep(_BETWEEN)


async def _purge_to_size(store: Store, max_size: int, clock: Clock) -> None:
    while (size := await store.size()) > max_size:
        if await store.purge(clock(), _STEP) == 0:
            journal.store_too_large(size, max_size)
            return
        await asyncio.sleep(_BETWEEN)
