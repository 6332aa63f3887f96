"""A store as a whole: what is in it, and whether it is sound.

These read whole tables, which takes seconds where there are millions of rows; a gateway never asks.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from hookgate.core.backlog import Backlog
from hookgate.model import TaskStatus
from hookgate.stores.sqlite import reads
from hookgate.stores.sqlite.statements import sql

_TASK_COUNTS = sql("whole/task_counts")
_DELIVERY_COUNTS = sql("whole/delivery_counts")
_OLDEST = sql("whole/oldest")

_FAULTS = {
    "tasks without their delivery": sql("whole/tasks_without_delivery"),
    "attempts without their task": sql("whole/attempts_without_task"),
    "accepted deliveries without a task": sql("whole/accepted_without_task"),
    "deliveries without the rules file that decided": sql("whole/deliveries_without_configuration"),
    "rules files with another number of deliveries": sql("whole/miscounted_configurations"),
    "running tasks without a running attempt": sql("whole/running_without_attempt"),
    "miscounted pending tasks, which the next start of a gateway counts anew": sql(
        "whole/miscounted_backlog"
    ),
    "keys whose tasks do not run one after the other": sql("whole/keys_without_head"),
}


class Figures(Struct, frozen=True):
    """How large a store is, in bytes, and how much is in it.

    Of the file, `free` is what was deleted and will be used again; `log` is the write-ahead log
    beside it. `pending` is what `store.max_pending` bounds. `oldest` is when the oldest delivery
    was received, `next_due` as in `Standing`.
    """

    file: int
    free: int
    log: int
    deliveries: Mapping[str, int]
    tasks: Mapping[str, int]
    pending: Backlog
    oldest: float | None
    next_due: float | None


def figures(connection: sqlite3.Connection, path: str) -> Figures:
    """Count everything: deliveries by source, tasks by status."""
    found = dict(connection.execute(_TASK_COUNTS).fetchall())
    return Figures(
        file=file_size(path),
        free=reads.free(connection),
        log=file_size(f"{os.path.realpath(path)}-wal"),
        deliveries=dict(connection.execute(_DELIVERY_COUNTS).fetchall()),
        tasks={status.value: found.get(status.value, 0) for status in TaskStatus},
        pending=reads.backlog(connection),
        oldest=connection.execute(_OLDEST).fetchone()[0],
        next_due=reads.standing(connection).next_due,
    )


def faults(connection: sqlite3.Connection) -> Iterator[str]:
    """What is wrong with a store: its pages, or, where these are sound, what is in them."""
    damage = [row[0] for row in connection.execute("PRAGMA quick_check").fetchall()]
    if damage != ["ok"]:
        yield from damage
        return
    for name, statement in _FAULTS.items():
        if number := connection.execute(statement).fetchone()[0]:
            yield f"{number} {name}"


def file_size(path: str) -> int:
    """The bytes of a file; 0 where there is none."""
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0
