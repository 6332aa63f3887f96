"""The stores that the contract holds for, and a witness of processes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from hookgate.stores.sqlite.store import SqliteStore
from hookgate.stores.store import Store
from tests.contract.witness import Witness

OpenStore: TypeAlias = Callable[[], Store]


def _sqlite(directory: Path) -> Store:
    return SqliteStore(str(directory / "hookgate.db"))


STORES = {"sqlite": _sqlite}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(params=STORES)
def open_store(request: pytest.FixtureRequest, tmp_path: Path) -> OpenStore:
    """Makes stores, not yet entered, that all stand for the same disk."""
    make = STORES[request.param]
    return lambda: make(tmp_path)


@pytest.fixture
async def store(open_store: OpenStore) -> AsyncIterator[Store]:
    """An open store with nothing in it."""
    async with open_store() as opened:
        yield opened


@pytest.fixture
def witness(tmp_path: Path) -> Iterator[Witness]:
    seen = Witness(tmp_path / "witness")
    yield seen
    seen.close()
