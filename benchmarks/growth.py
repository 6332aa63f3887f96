"""What growth costs: ten thousand rules or sources, and a store with a million deliveries.

``python -m benchmarks.growth`` decides by few and by many rules, and records and lists beside few
and many stored deliveries. Both take turns, and the least of the rounds is what counts, for a busy
machine can only add to it. A million deliveries take some minutes and a gigabyte;
``--deliveries 10000000`` is the long form.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from uuid import UUID

from msgspec.structs import replace

from benchmarks.samples import DECISION, DELIVERY, NOW, TASK, recording
from hookgate.core.decide import decide
from hookgate.loading.load import load
from hookgate.model import TaskStatus
from hookgate.stores.sqlite import reads, writes
from hookgate.stores.sqlite.file import opened, transaction
from hookgate.stores.sqlite.recording import Recording, record_all
from hookgate.stores.store import DeliveryFilter, TaskFilter

ROUNDS = 30
CALLS = 100
AT_ONCE = 1_000
COMPLETED, FAILED = TaskStatus.COMPLETED, TaskStatus.FAILED

Step = Callable[[], object]


@dataclass(frozen=True)
class Growth:
    """What a step costs beside few and beside many of something, in microseconds."""

    step: str
    few: int
    many: int
    beside_few: float
    beside_many: float

    @property
    def ratio(self) -> float:
        """How many times dearer it is beside many."""
        return self.beside_many / self.beside_few


def figures(rules: int = 10_000, deliveries: int = 1_000_000) -> Iterator[Growth]:
    """Every step, one after the other."""
    yield _compared("decide, rules of one event type", 10, rules, _by_rules(10), _by_rules(rules))
    yield _compared("decide, sources", 10, rules, _by_sources(10), _by_sources(rules))
    with tempfile.TemporaryDirectory() as directory, ExitStack() as open_stores:
        few, many = (
            _steps(open_stores.enter_context(opened(str(Path(directory, f"{count}.db")))), count)
            for count in (1, deliveries)
        )
        for step in few:
            yield _compared(step, 1, deliveries, few[step], many[step], calls=1)


def _compared(
    step: str, few: int, many: int, beside_few: Step, beside_many: Step, calls: int = CALLS
) -> Growth:
    rounds = [(_time(beside_few, calls), _time(beside_many, calls)) for _ in range(ROUNDS)]
    least = (min(times) * 1e6 for times in zip(*rounds, strict=True))
    return Growth(step, few, many, *least)


def _time(step: Step, calls: int) -> float:
    begun = perf_counter()
    for _ in range(calls):
        step()
    return (perf_counter() - begun) / calls


# --- the rules file -------------------------------------------------------------------------


def _by_rules(count: int) -> Step:
    """Deciding where the last of so many rules holds."""
    literals = [f"r{number}" for number in range(count - 1)] + ["last"]
    return _deciding({"s": literals}, "s")


def _by_sources(count: int) -> Step:
    return _deciding({f"s{number}": ["last"] for number in range(count)}, f"s{count - 1}")


def _deciding(refs: Mapping[str, list[str]], asked: str) -> Step:
    sources = "".join(map(_source, refs, refs.values()))
    text = f"version: 1\nsources:\n{sources}programs: {{p: {{command: 'true'}}}}\n"
    config = load(text, "rules.yaml", "/", {}).config
    assert config is not None
    headers = {"content-type": "application/json", "x-event-type": "push"}
    delivery = replace(DELIVERY, source=asked, headers=headers)
    assert decide(config, delivery, NOW).outcome == "accepted"
    return lambda: decide(config, delivery, NOW)


def _source(name: str, refs: list[str]) -> str:
    head = (
        f"  {name}:\n    auth: {{type: none}}\n    params: {{ref: ref}}\n    rules:\n      push:\n"
    )
    return head + "".join(f"      - {{condition: ref == '{ref}', program: p}}\n" for ref in refs)


# --- the store ------------------------------------------------------------------------------


def _steps(connection: sqlite3.Connection, count: int) -> dict[str, Step]:
    """What the writing process does for an answer, and the first pages of lists."""
    _fill(connection, count)
    tasks = {
        "all": TaskFilter(),
        "completed": TaskFilter(status=COMPLETED),
        "failed, of a source": TaskFilter(status=FAILED, source="s"),
        "of a source": TaskFilter(source="s"),
        "of a program": TaskFilter(program="deploy"),
    }
    deliveries = {
        "all": DeliveryFilter(),
        "of a source": DeliveryFilter(source="s"),
        "of an event type": DeliveryFilter(event_type="push"),
        "accepted": DeliveryFilter(outcome="accepted"),
    }
    return {
        "record": lambda: _record(connection),
        "claim and finish": lambda: _run(connection),
        **{f"tasks: {name}": _page(connection, wanted) for name, wanted in tasks.items()},
        **{f"deliveries: {name}": _page(connection, each) for name, each in deliveries.items()},
    }


def _fill(connection: sqlite3.Connection, count: int) -> None:
    """`count` deliveries whose tasks are completed, and a page of newer ones, some failed.

    The page is the same for every count, so that a first page has as many rows beside few.
    """
    connection.execute("PRAGMA synchronous = OFF")
    for start in range(0, count, AT_ONCE):
        with transaction(connection, "BEGIN"):
            _record_some(connection, range(start, min(start + AT_ONCE, count)))
            connection.execute(
                "UPDATE tasks SET status = 'completed', attempts = 1 WHERE status = 'pending'"
            )
    with transaction(connection, "BEGIN"):
        _record_some(connection, range(count, count + 50))
        ended = (
            "UPDATE tasks SET status = ?, attempts = 1 WHERE status = 'pending' AND arrival % 5 "
        )
        connection.execute(f"{ended} = 0", (FAILED,))
        connection.execute(f"{ended} > 0", (COMPLETED,))
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _record_some(connection: sqlite3.Connection, numbers: range) -> None:
    assert not any(record_all(connection, list(map(_recording, numbers))))


def _recording(number: int) -> Recording:
    name = str(UUID(int=number + 1))
    delivery = replace(DELIVERY, id=name, received_at=NOW + number)
    decision = replace(DECISION, event_id=str(number))
    task = replace(TASK, id=name, delivery_id=name, event_id=str(number))
    return recording(delivery, decision, [task])


def _record(connection: sqlite3.Connection) -> None:
    """A group as a burst makes it, without the fsync, whose cost a store's size does not change."""
    with transaction(connection, "BEGIN"):
        connection.execute("SAVEPOINT new")
        _record_some(connection, range(1 << 40, (1 << 40) + 64))
        connection.execute("ROLLBACK TO new")


def _run(connection: sqlite3.Connection) -> None:
    with transaction(connection, "BEGIN"):
        connection.execute("SAVEPOINT new")
        _record_some(connection, range(1 << 40, (1 << 40) + 8))
        for claim in writes.claim(connection, "w", 8, NOW + 60, NOW):
            ended = replace(claim.attempt, status=COMPLETED, finished_at=NOW, exit_code=0)
            assert writes.finish(connection, ended, COMPLETED, None, NOW)
        connection.execute("ROLLBACK TO new")


def _page(connection: sqlite3.Connection, wanted: TaskFilter | DeliveryFilter) -> Step:
    if isinstance(wanted, TaskFilter):
        return lambda: reads.tasks(connection, wanted)
    return lambda: reads.deliveries(connection, wanted)


def main() -> None:
    """Print a row for each step."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rules", type=int, default=10_000, help="and sources")
    options.add_argument("--deliveries", type=int, default=1_000_000)
    print(f"{'step':<34}{'few':>5}{'us':>10}{'many':>11}{'us':>10}{'ratio':>7}")
    for each in figures(**vars(options.parse_args())):
        few, many = f"{each.few:>5}{each.beside_few:>10.1f}", f"{each.many:>11,}"
        print(f"{each.step:<34}{few}{many}{each.beside_many:>10.1f}{each.ratio:>7.2f}", flush=True)


if __name__ == "__main__":
    main()
