"""Telling whether processes are gone."""

from __future__ import annotations

import asyncio
import os
import select
from pathlib import Path


class Witness:
    """A FIFO that tells whether anyone still holds it open for writing.

    A script that has run ``exec 3>{path}`` holds it, and so does all that it starts.
    """

    def __init__(self, path: Path) -> None:
        os.mkfifo(path)
        self.path = path
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    async def line(self) -> bytes:
        """What is written to it next."""
        await asyncio.to_thread(select.select, [self._reader], [], [], 10)
        return os.read(self._reader, 1000)

    def all_gone(self, within: float = 10.0) -> bool:
        """Whether every holder has ended, within so many seconds (they die a moment after)."""
        readable, _, _ = select.select([self._reader], [], [], within)
        return bool(readable) and os.read(self._reader, 1000) == b""

    def close(self) -> None:
        os.close(self._reader)
