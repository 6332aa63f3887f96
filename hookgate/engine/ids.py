"""A supply of time-ordered ids."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterator

from hookgate.core.ids import ticks, uuid7

_DRAWN_AT_ONCE = 4096
"""Bytes: asking the system for each id would cost more than the id."""

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
        self._randomness: Iterator[tuple[int]] = iter(())

    def next(self) -> str:
        """A new id."""
        self._last = max(self._last + 1, ticks(self._clock()))
        return uuid7(self._last, self._random_bits())

    def _random_bits(self) -> int:
        drawn = next(self._randomness, None)
        if drawn is None:
            self._randomness = struct.iter_unpack("Q", os.urandom(_DRAWN_AT_ONCE))
            drawn = next(self._randomness)
        return drawn[0] >> 2
