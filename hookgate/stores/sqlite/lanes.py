"""Which of the tasks that may start are next, without reading those that are not.

A lane holds the ready tasks of one source and one program, in order. There are few lanes however
many tasks there are, so a program that is at its limit, or a source that floods the gateway, costs
a claim no more than its lane.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hookgate.stores.sqlite.statements import sql

_RUNNING = sql("running")
_HEADS_OF_LANES = sql("heads_of_lanes")
_REST_OF_LANE = sql("rest_of_lane")


class _Next(NamedTuple):
    """The next task of a lane. The smallest goes first of all.

    `behind` is its priority, negated; `running` how many tasks of its source were running when
    this was made.
    """

    behind: int
    running: int
    turn: int
    arrival: int
    source: str
    program: str


def next_in_line(
    connection: sqlite3.Connection, limit: int, concurrency: Mapping[str, int]
) -> list[int]:
    """The arrivals of the tasks to start, at most `limit`, in the order of their start.

    `concurrency` bounds how many of a program run, counting those that run already.
    """
    running_of_source: Counter[str] = Counter()
    free = dict(concurrency)
    for source, program in connection.execute(_RUNNING):
        running_of_source[source] += 1
        if program in free:
            free[program] -= 1
    lanes = _Lanes(connection, limit)
    line = [
        _Next(-priority, running_of_source[source], turn, arrival, source, program)
        for priority, turn, arrival, source, program in connection.execute(_HEADS_OF_LANES)
    ]
    heapq.heapify(line)
    chosen: list[int] = []
    while line and len(chosen) < limit:
        first = heapq.heappop(line)
        if free.get(first.program, 1) <= 0:
            continue  # and with it the rest of its lane
        running = running_of_source[first.source]
        if first.running != running:
            heapq.heappush(line, first._replace(running=running))
            continue
        chosen.append(first.arrival)
        running_of_source[first.source] += 1
        if first.program in free:
            free[first.program] -= 1
        if (following := lanes.after(first)) is not None:
            heapq.heappush(line, following)
    return chosen


class _Lanes:
    """Reads on in the lanes whose head was taken."""

    def __init__(self, connection: sqlite3.Connection, limit: int) -> None:
        self._connection = connection
        self._limit = limit
        self._rests: dict[tuple[str, str], Iterator[tuple[int, int, int]]] = {}

    def after(self, taken: _Next) -> _Next | None:
        """The next task of the lane of the one that was taken."""
        lane = (taken.source, taken.program)
        if lane not in self._rests:
            rows = self._connection.execute(_REST_OF_LANE, (*lane, self._limit)).fetchall()
            self._rests[lane] = iter(map(tuple, rows))
        for priority, turn, arrival in self._rests[lane]:
            return _Next(-priority, taken.running, turn, arrival, *lane)
        return None
