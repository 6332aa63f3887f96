"""Calls that would keep the event loop waiting, on machines that may have no thread left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")


async def in_thread(call: Callable[[], T], pool: Executor | None = None) -> T:
    """Call it in a thread of the pool; at once, and here, where the machine has none to give.

    Keeping the event loop waiting does less harm than leaving it undone. A pool keeps what it has
    refused for want of threads, and would do it again later: only the first to come does it.
    """
    first = threading.Lock()
    outcome: Future[T] = Future()

    def make() -> None:
        if not first.acquire(blocking=False) or not outcome.set_running_or_notify_cancel():
            return
        try:
            outcome.set_result(call())
        except BaseException as error:  # raised where the outcome is awaited
            outcome.set_exception(error)

    try:
        asyncio.get_running_loop().run_in_executor(pool, make)
    except RuntimeError:
        make()
    return await asyncio.wrap_future(outcome)
