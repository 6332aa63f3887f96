"""What must hold in what a power cut has left."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from hookgate.errors import StoreError
from hookgate.stores.sqlite.file import opened
from hookgate.stores.sqlite.whole import faults
from tests.power.disk import Image, write_image
from tests.power.records import Record, What, answer_of

_STALE = 32768
"""Bytes of a -shm file, whose content means nothing after a power cut."""


@dataclass(frozen=True, slots=True)
class Promised:
    """What callers were told: ids of deliveries, and of tasks with their status then."""

    deliveries: set[str] = field(default_factory=set)
    tasks: dict[str, str] = field(default_factory=dict)

    def tell(self, record: Record) -> None:
        """Take in what an answer promises; other records promise nothing."""
        if record.what is not What.TOLD:
            return
        answer = answer_of(record)
        if "delivery_id" in answer:
            self.deliveries.add(answer["delivery_id"])
        for task in answer.get("tasks", []):
            if self.tasks.get(task["task_id"]) != "completed":
                self.tasks[task["task_id"]] = task["status"]

    def copy(self) -> Promised:
        """What was promised until now."""
        return Promised(set(self.deliveries), dict(self.tasks))


def broken_promises(
    image: Image, directory: Path, promised: Promised, chance: random.Random
) -> Iterator[str]:
    """Open what a cut has left in a directory of its own, as a gateway would, and look."""
    store = directory / "hookgate.db"
    write_image(image, store)
    store.with_name("hookgate.db-shm").write_bytes(chance.randbytes(_STALE))
    try:
        with opened(str(store)) as connection:
            yield from _damaged(connection)
            yield from _lost(connection, promised)
    except (StoreError, sqlite3.Error) as error:
        yield f"the store cannot be used: {error}"


def _damaged(connection: sqlite3.Connection) -> Iterable[str]:
    for fault in faults(connection):
        yield f"the store is damaged: {fault}"


def _lost(connection: sqlite3.Connection, promised: Promised) -> Iterable[str]:
    with closing(connection.execute("SELECT id FROM deliveries")) as rows:
        deliveries = {row[0] for row in rows}
    for delivery_id in sorted(promised.deliveries - deliveries):
        yield f"delivery {delivery_id} is lost"
    with closing(connection.execute("SELECT id, status FROM tasks")) as rows:
        tasks = dict(map(tuple, rows))
    for task_id, status in sorted(promised.tasks.items()):
        if task_id not in tasks:
            yield f"task {task_id} is lost"
        elif status == "completed" != tasks[task_id]:
            yield f"task {task_id} was completed and is {tasks[task_id]}"
