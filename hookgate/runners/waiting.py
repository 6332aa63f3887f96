"""Waiting for what must come to its end."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def until_done(running: asyncio.Future[Any]) -> None:
    """Wait for it to end, however often this wait is itself cancelled."""
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            continue


async def ended_in_thread(end: Callable[[], T]) -> T | None:
    """Do what ends something, in a thread; at once where the machine has none to give.

    That keeps the event loop waiting, but what is left running does more harm. The pool of threads
    keeps what it has refused, and would do it again later: only the first to come does it.
    """
    first = threading.Lock()

    def once() -> T | None:
        return end() if first.acquire(blocking=False) else None

    try:
        return await asyncio.to_thread(once)
    except RuntimeError:
        return once()
