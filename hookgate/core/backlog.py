"""How much waits to be run, whether there is room for more, and when there will be: arithmetic."""

from __future__ import annotations

from collections import deque
from typing import Literal, NamedTuple, TypeAlias

Bound: TypeAlias = Literal["tasks", "bytes"]
"""Which of the two numbers of a backlog is too large."""

WINDOW = 60
"""Seconds over which the ends of tasks are counted: enough for programs that take some."""

UNMEASURED_WAIT = 30.0
"""Seconds to wait where no task has ended in the window, so that nothing can be foretold."""

SHORTEST_WAIT, LONGEST_WAIT = 1.0, 300.0

ROOM = 0.1
"""Part of the limit that is to be free again when a sender comes back. It is not the only one that
was turned away: were there room for one delivery, all others would come in vain."""


class Backlog(NamedTuple):
    """Pending tasks: how many, and the bytes of their deliveries' bodies, counted for each task."""

    tasks: int
    bytes: int


DEFAULT_MOST = Backlog(tasks=100_000, bytes=2**30)
"""So many tasks as a claim is measured to be as quick with; bodies that any disk has room for."""

NO_LIMIT = Backlog(2**63, 2**63)
"""More than a store can hold."""


def over(pending: Backlog, more: Backlog, most: Backlog) -> Bound | None:
    """Which bound of `most` keeps a delivery that adds `more` from being taken; None is neither.

    What adds no task is always taken. So is whatever comes where nothing is pending: what is larger
    than the limit by itself would be turned away for ever.
    """
    return exceeded(pending, more, most) if more.tasks and pending.tasks else None


def exceeded(pending: Backlog, more: Backlog, most: Backlog) -> Bound | None:
    """Which bound of `most` the two exceed together."""
    if pending.tasks + more.tasks > most.tasks:
        return "tasks"
    return "bytes" if pending.bytes + more.bytes > most.bytes else None


def is_full(pending: Backlog, most: Backlog) -> bool:
    """Whether not even the smallest delivery that starts a task would be taken."""
    return over(pending, Backlog(1, 1), most) is not None


def why_full(pending: Backlog, bound: Bound, most: Backlog) -> str:
    """Why there is no room, for whoever runs the gateway."""
    if bound == "tasks":
        return f"{pending.tasks} tasks are pending of {most.tasks} (store.max_pending.tasks)"
    return f"{pending.bytes} bytes are pending of {most.bytes} (store.max_pending.bytes)"


class Drain:
    """How fast tasks end. `now` is a time in seconds that never goes back."""

    def __init__(self, now: float) -> None:
        self._began = now
        self._ends: deque[tuple[int, int]] = deque()
        """A second in which tasks ended, and how many did; the oldest first."""

    def ended(self, now: float) -> None:
        """Note the end of a task."""
        self._forget(now)
        second, count = int(now), 0
        if self._ends and self._ends[-1][0] == second:
            _, count = self._ends.pop()
        self._ends.append((second, count + 1))

    def rate(self, now: float) -> float:
        """How many tasks end in a second; 0.0 where none has, of late."""
        self._forget(now)
        observed = min(max(now - self._began, 1.0), WINDOW)
        return sum(count for _, count in self._ends) / observed

    def _forget(self, now: float) -> None:
        while self._ends and self._ends[0][0] <= now - WINDOW:
            self._ends.popleft()


def wait_for_room(pending: Backlog, more: Backlog, most: Backlog, rate: float) -> float:
    """Seconds after which a delivery that adds `more` should find room, at that rate of ends."""
    if rate <= 0:
        return UNMEASURED_WAIT
    surplus = (
        _surplus(had, added, limit) for had, added, limit in zip(pending, more, most, strict=True)
    )
    return min(max(max(surplus) * pending.tasks / rate, SHORTEST_WAIT), LONGEST_WAIT)


def _surplus(pending: int, more: int, most: int) -> float:
    """The part of what is pending that has to go."""
    if pending + more <= most:
        return 0.0
    return min(1.0, (pending + more - (1 - ROOM) * most) / max(pending, 1))
