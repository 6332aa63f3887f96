"""Keeping a store within its retention and its size, on a real store."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hookgate.core.config import StoreSettings
from hookgate.engine.retention import purge
from hookgate.stores.sqlite.store import SqliteStore
from hookgate.stores.store import DeliveryFilter
from tests.contract.samples import Sample, sample

pytestmark = pytest.mark.anyio

NOW = 1_700_000_000.0
HOUR = 3600.0
LARGE = b"x" * 10_000


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(str(tmp_path / "store.db")) as opened:
        yield opened


def settings(retention: float | None = None, max_size: int | None = None) -> StoreSettings:
    return StoreSettings("unused", "unused", retention, max_size)


async def recorded(store: SqliteStore, *given: Sample) -> list[str]:
    """Record them in this order; their ids."""
    for each in given:
        await each.record_in(store)
    return [each.delivery.id for each in given]


async def left(store: SqliteStore) -> list[str]:
    """The ids of what is in the store, the oldest first."""
    found = await store.deliveries(DeliveryFilter(limit=500))
    return [stored.delivery.id for stored in reversed(found)]


def ignored(ago: float) -> Sample:
    return sample(outcome="ignored", at=NOW - ago, body=LARGE)


async def test_what_is_older_than_the_retention_is_deleted(store: SqliteStore) -> None:
    old, young = await recorded(store, ignored(2 * HOUR), ignored(HOUR / 2))
    await purge(store, settings(retention=HOUR), lambda: NOW)
    assert await left(store) == [young]
    assert old != young


async def test_more_than_a_step_is_deleted(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hookgate.engine.retention._STEP", 2)
    *_, young = await recorded(store, *(ignored(2 * HOUR) for _ in range(5)), ignored(0))
    await purge(store, settings(retention=HOUR), lambda: NOW)
    assert await left(store) == [young]


async def test_without_settings_everything_is_kept(store: SqliteStore) -> None:
    ids = await recorded(store, ignored(1000 * HOUR), ignored(0))
    await purge(store, settings(), lambda: NOW)
    assert await left(store) == ids


async def test_a_store_that_is_too_large_loses_its_oldest_deliveries(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hookgate.engine.retention._STEP", 5)
    ids = await recorded(store, *(ignored(100 - number) for number in range(50)))
    limit = await store.size() - 12 * len(LARGE)
    await purge(store, settings(max_size=limit), lambda: NOW)
    assert await store.size() <= limit
    kept = await left(store)
    assert kept == ids[-len(kept) :]
    assert len(kept) >= 50 - 15


async def test_a_store_that_is_small_enough_loses_nothing(store: SqliteStore) -> None:
    ids = await recorded(store, ignored(1), ignored(0))
    await purge(store, settings(max_size=await store.size()), lambda: NOW)
    assert await left(store) == ids


async def test_work_that_has_not_ended_is_never_deleted_and_the_size_is_told(
    store: SqliteStore, caplog: pytest.LogCaptureFixture
) -> None:
    pending = sample(at=NOW - 9 * HOUR, body=LARGE)
    ids = await recorded(store, pending, ignored(HOUR))
    with caplog.at_level(logging.WARNING, "hookgate"):
        await purge(store, settings(retention=HOUR, max_size=1), lambda: NOW)
    assert await left(store) == ids[:1]
    assert [record.getMessage() for record in caplog.records] == ["store too large"]
