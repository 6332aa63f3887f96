"""When the next task is due, and waiting for that without asking the disk."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress


class NextDue:
    """When a claim may next hand out a task, as the last commit left it; see `Answers.due`."""

    def __init__(self, earliest: float) -> None:
        self._earliest = earliest
        self._expected = False
        self._sooner = asyncio.Event()

    def expect(self) -> None:
        """Note that a task is handed over to be recorded, and wake who waits.

        A claim that is made at once goes over with it, and is carried out by the same commit.
        """
        self._expected = True
        self._sooner.set()

    def claiming(self) -> None:
        """Note that a claim is handed over, behind all that was expected."""
        self._expected = False

    def update(self, earliest: float) -> None:
        """Note what is next after a commit, and wake who waits."""
        before, self._earliest = self._earliest, earliest
        if self._earliest < before:
            self._sooner.set()

    def sooner(self, earliest: float) -> None:
        """Note that a task may be due then, by a state that need not be that of the last commit.

        Too early a time makes somebody look in vain; too late a one would make him oversleep.
        """
        self.update(min(self._earliest, earliest))

    async def wait(self, at_most: float) -> bool:
        """Return as soon as a task is due or expected, or after `at_most` seconds.

        Tells whether that is so.
        """
        deadline = time.monotonic() + at_most
        while not self._expected and (delay := self._delay(deadline)) > 0:
            self._sooner.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(delay):
                    await self._sooner.wait()
        return self._expected or self._earliest <= time.time()

    def _delay(self, deadline: float) -> float:
        return min(deadline - time.monotonic(), self._earliest - time.time())
