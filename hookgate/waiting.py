"""Waiting that must come to its end, and waiting that can be given up."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any


async def until_done(running: asyncio.Future[Any]) -> None:
    """Wait for it to end, however often this wait is itself cancelled."""
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            continue


async def unless(event: asyncio.Event, waiting: Coroutine[Any, Any, object]) -> None:
    """Wait for something, but no longer than until the event is set."""
    tasks = {asyncio.ensure_future(waiting), asyncio.ensure_future(event.wait())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
