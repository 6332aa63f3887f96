"""Waiting for what must come to its end."""

from __future__ import annotations

import asyncio
from typing import Any


async def until_done(running: asyncio.Future[Any]) -> None:
    """Wait for it to end, however often this wait is itself cancelled."""
    while not running.done():
        try:
            await asyncio.wait({running})
        except asyncio.CancelledError:
            continue
