"""Deleting what is older than the rules file wants it kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from hookgate.engine import journal
from hookgate.engine.ids import Clock
from hookgate.errors import StoreUnavailable
from hookgate.stores.store import Store

_EVERY = 60.0
_STEP = 200
"""Deliveries deleted in one transaction: few, so that nobody who records has to wait long."""


@contextlib.asynccontextmanager
async def retaining(store: Store, retention: float | None, clock: Clock) -> AsyncIterator[None]:
    """While entered, delete deliveries that were received more than `retention` seconds ago.

    Only those whose tasks have all ended; with None everything is kept.
    """
    if retention is None:
        yield
        return
    purging = asyncio.create_task(_purge_loop(store, retention, clock))
    try:
        yield
    finally:
        purging.cancel()
        await asyncio.gather(purging, return_exceptions=True)


async def _purge_loop(store: Store, retention: float, clock: Clock) -> None:
    while True:
        try:
            deleted = _STEP
            while deleted == _STEP:
                deleted = await store.purge(clock() - retention, _STEP)
        except StoreUnavailable as error:
            journal.store_unavailable("purging", str(error))
        await asyncio.sleep(_EVERY)
