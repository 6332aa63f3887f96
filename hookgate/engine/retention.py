"""Deleting what is older than the rules file wants it kept."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

from hookgate.engine import journal
from hookgate.engine.current import Current
from hookgate.engine.ids import Clock
from hookgate.errors import StoreUnavailable
from hookgate.stores.store import Store

_EVERY = 60.0
_STEP = 200
"""Deliveries deleted in one transaction: few, so that nobody who records has to wait long."""


@contextlib.asynccontextmanager
async def retaining(store: Store, current: Current, clock: Clock) -> AsyncIterator[None]:
    """While entered, delete deliveries that are older than the configuration wants them kept.

    Only those whose tasks have all ended.
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
            await _purge(store, current.config.store.retention, clock)
        except StoreUnavailable as error:
            journal.store_unavailable("purging", str(error))
        await asyncio.sleep(_EVERY)


async def _purge(store: Store, retention: float | None, clock: Clock) -> None:
    deleted = 0 if retention is None else _STEP
    while retention is not None and deleted == _STEP:
        deleted = await store.purge(clock() - retention, _STEP)
