"""Which attempts take a place among those that `server.concurrency` allows."""

from __future__ import annotations

from collections.abc import Callable

from hookgate.core.programs import Program


class Slots:
    """Counts places that are taken.

    Of a program, no more attempts take one than it can have running at a time: what a runner was
    given beyond that, to have it at hand, waits there. It takes no place from other programs, also
    where what it waits for does not end.
    """

    def __init__(self) -> None:
        self.taken = 0
        self._shares: dict[str, _Share] = {}

    def take(self, name: str, program: Program | None) -> Callable[[], None]:
        """Begin an attempt of the program of that name, None where it is gone; call it at the end.

        A program that has changed counts anew: what runs of the former one ends in its own time.
        """
        share = self._shares.get(name)
        if share is None or share.program is not program:
            share = self._shares[name] = _Share(program)
        self.taken += share.add(1)
        return lambda: self._give_back(share)

    def _give_back(self, share: _Share) -> None:
        self.taken += share.add(-1)


class _Share:
    def __init__(self, program: Program | None) -> None:
        self.program = program
        self._most = None if program is None else program.concurrency
        self._attempts = 0

    def add(self, attempts: int) -> int:
        """How many places that many attempts more take."""
        before = self._places()
        self._attempts += attempts
        return self._places() - before

    def _places(self) -> int:
        return self._attempts if self._most is None else min(self._attempts, self._most)
