"""A call that belongs into a thread, where the machine has one to give and where it has none."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import pytest

from hookgate.threads import in_thread
from tests.shortage import no_threads

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


async def test_it_is_made_in_another_thread() -> None:
    assert await in_thread(threading.get_ident) != threading.get_ident()


async def test_where_no_thread_can_be_had_it_is_made_here() -> None:
    with no_threads():
        assert await in_thread(threading.get_ident) == threading.get_ident()


async def test_what_a_pool_could_not_do_it_does_not_do_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    made: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        with no_threads():
            await in_thread(lambda: made.append(1), pool)
        await in_thread(lambda: made.append(2), pool)
    assert made == [1, 2]
    assert not caplog.records  # nor does it stumble over it


@pytest.mark.parametrize("short", [False, True], ids=["with threads", "without"])
async def test_what_it_raises_is_raised(short: bool) -> None:
    def fail() -> None:
        raise RuntimeError("its own")

    with no_threads() if short else nullcontext(), pytest.raises(RuntimeError, match="its own"):
        await in_thread(fail)


async def test_a_call_that_nobody_waits_for_any_more_is_not_begun() -> None:
    made: list[int] = []
    go = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = asyncio.ensure_future(in_thread(go.wait, pool))
        second = asyncio.ensure_future(in_thread(lambda: made.append(2), pool))
        await asyncio.sleep(0)
        second.cancel()
        await asyncio.wait([second])
        go.set()
        await first
    assert made == []
