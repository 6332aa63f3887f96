"""A supply of time-ordered ids."""

from __future__ import annotations

import os
from collections.abc import Callable

from hookgate.core.ids import ticks, uuid7

Clock = Callable[[], float]
"""Tells the time in seconds since the epoch."""


class Ids:
    """Makes ids whose order is the order in which they were made, also when the clock steps back.

    Their 62 random bits come from the operating system: whoever knows a task's id may read its
    status, so ids must not be guessable.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._last = 0

    def next(self) -> str:
        """A new id."""
        self._last = max(self._last + 1, ticks(self._clock()))
        return uuid7(self._last, int.from_bytes(os.urandom(8)) >> 2)
