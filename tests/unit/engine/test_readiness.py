"""Readiness follows the writes, and tries one where they have shown nothing."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest

from hookgate.engine import readiness
from hookgate.engine.readiness import Readiness
from hookgate.errors import StoreUnavailable
from hookgate.stores.store import Store

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Disk:
    """A store that only knows how to be touched."""

    def __init__(self) -> None:
        self.broken = self.hangs = False
        self.touched = 0

    async def touch(self) -> None:
        self.touched += 1
        await asyncio.sleep(3600 if self.hangs else 0)
        if self.broken:
            raise StoreUnavailable("broken")


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def ready(disk: Disk) -> Readiness:
    return Readiness(cast(Store, disk))


async def test_many_who_ask_cost_one_write(disk: Disk, ready: Readiness) -> None:
    assert all(await asyncio.gather(*(ready.writable() for _ in range(50))))
    assert disk.touched == 1


async def test_after_a_delivery_was_recorded_nothing_is_tried(disk: Disk, ready: Readiness) -> None:
    ready.wrote()
    assert await ready.writable()
    assert disk.touched == 0


async def test_a_trial_that_failed_is_not_repeated_at_once(disk: Disk, ready: Readiness) -> None:
    disk.broken = True
    assert [await ready.writable() for _ in range(50)] == [False] * 50
    assert disk.touched == 1


async def test_it_is_found_out_when_the_store_can_be_written_to_again(
    disk: Disk, ready: Readiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_UNSURE", 0.0)
    ready.wrote()
    disk.broken = True
    ready.failed()
    assert not await ready.writable()
    disk.broken = False
    assert await ready.writable()


async def test_a_disk_that_hangs_takes_nothing(
    disk: Disk, ready: Readiness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readiness, "_PATIENCE", 0.01)
    disk.hangs = True
    assert not await ready.writable()


async def test_a_delivery_that_is_recorded_ends_the_doubt(disk: Disk, ready: Readiness) -> None:
    disk.broken = True
    assert not await ready.writable()
    ready.wrote()
    assert await ready.writable()
