"""Telling of what any caller can make happen as often as it likes, in few lines."""

from __future__ import annotations

import asyncio

from hookgate.engine import journal

TELL_EVERY = 10.0
"""Seconds between two lines about the same thing."""


class Tally:
    """Counts one thing that callers do. The first is told at once, those after it by their number.

    A line for each would let anybody fill the disk that the log is on.
    """

    def __init__(self, what: str) -> None:
        self._what = what
        self._count = 0
        self._peer = ""
        self._pause: asyncio.TimerHandle | None = None

    def add(self, peer: str) -> None:
        """Count what the caller at this address did."""
        self._count += 1
        self._peer = peer
        if self._pause is None:
            self._tell()

    def _tell(self) -> None:
        journal.callers_turned_away(self._what, self._count, self._peer)
        self._count = 0
        self._pause = asyncio.get_running_loop().call_later(TELL_EVERY, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        if self._count:
            self._tell()
