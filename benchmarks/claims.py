"""What a claim and a record cost beside a long line of tasks, against a short one.

``python -m benchmarks.claims [--few 100] [--many 100000]`` fills a store for each shape of a line
and times steps of a claim of eight tasks and of a record of one, each undone again. The least of
the rounds is what counts, for a busy machine can only add to it.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from msgspec.structs import replace

from benchmarks.samples import DECISION, DELIVERY, NOW, TASK, recording
from hookgate.model import Burst
from hookgate.stores.sqlite import reads, writes
from hookgate.stores.sqlite.file import opened, transaction
from hookgate.stores.sqlite.recording import record

LATER = NOW + 1_000_000
ROUNDS = 30
FULL = {"full": 0}
SHAPES: Mapping[str, Callable[[int], dict[str, Any]]] = {
    "of no key": lambda _: {},
    "of one key": lambda _: {"key": "site"},
    "of as many keys": lambda number: {"key": f"site {number}"},
    "of a program at its limit": lambda _: {"program": "full"},
    "of another source": lambda _: {"source": "flood"},
    "of 200 priorities": lambda number: {"priority": number % 200 - 100},
    "waiting for a time": lambda number: {"burst": Burst(str(number), LATER)},
}


@dataclass(frozen=True)
class Line:
    """Milliseconds of each step beside few and beside many tasks of a shape."""

    shape: str
    few: Mapping[str, float]
    many: Mapping[str, float]

    def ratio(self, step: str) -> float:
        """How many times dearer a step is beside many."""
        return self.many[step] / self.few[step]


def figures(few: int = 100, many: int = 100_000) -> Iterator[Line]:
    """Every shape, one after the other."""
    for shape in SHAPES:
        yield Line(shape, _measured(shape, few), _measured(shape, many))


def main() -> None:
    """Print a row for each shape: milliseconds beside few tasks, beside many, and their ratio."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--few", type=int, default=100)
    options.add_argument("--many", type=int, default=100_000)
    heads = "".join(f"{step + ' ms':>10}{'beside':>10}{'ratio':>7}  " for step in STEPS)
    print(f"{'tasks':<28}{heads}")
    for line in figures(**vars(options.parse_args())):
        row = "".join(
            f"{line.few[step]:>10.3f}{line.many[step]:>10.3f}{line.ratio(step):>7.2f}  "
            for step in STEPS
        )
        print(f"{line.shape:<28}{row}", flush=True)


def _measured(shape: str, count: int) -> dict[str, float]:
    with (
        tempfile.TemporaryDirectory() as directory,
        opened(str(Path(directory, "hookgate.db"))) as connection,
    ):
        _fill(connection, shape, count)
        return {name: _least(connection, step) for name, step in STEPS.items()}


def _fill(connection: sqlite3.Connection, shape: str, count: int) -> None:
    """`count` tasks of the shape, and behind them as many of another source as a claim takes."""
    fields = SHAPES[shape]
    tasks = [replace(TASK, id=f"{number}", **fields(number)) for number in range(count)]
    tasks += [replace(TASK, id=f"other {number}", source="t") for number in range(8)]
    with transaction(connection, "BEGIN"):
        assert record(connection, recording(DELIVERY, DECISION, tasks)) is None


def _claim(connection: sqlite3.Connection) -> None:
    claims = writes.claim(connection, "w1", 8, NOW + 60, NOW, FULL)
    assert len(claims) == 8
    reads.next_due(connection, NOW)


def _record(connection: sqlite3.Connection) -> None:
    delivery = replace(DELIVERY, id="new")
    task = replace(TASK, id="new", delivery_id="new", key="site")
    assert record(connection, recording(delivery, DECISION, [task])) is None


def _least(connection: sqlite3.Connection, step: Callable[[sqlite3.Connection], None]) -> float:
    """The least time of a step in milliseconds, its changes undone."""
    times = []
    for _ in range(ROUNDS):
        connection.execute("BEGIN")
        begun = perf_counter()
        step(connection)
        times.append(perf_counter() - begun)
        connection.execute("ROLLBACK")
    return min(times) * 1000


STEPS: Mapping[str, Callable[[sqlite3.Connection], None]] = {"claim": _claim, "record": _record}


if __name__ == "__main__":
    main()
