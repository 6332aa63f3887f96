"""What the verbs that read find in the tables."""

from __future__ import annotations

import math
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from hookgate.core.backlog import Backlog
from hookgate.model import Task, TaskStatus
from hookgate.stores.sqlite.rows import (
    attempt_of,
    decision_of,
    delivery_of,
    ids_to_json,
    storable,
    task_of,
)
from hookgate.stores.sqlite.statements import sql
from hookgate.stores.store import (
    COUNTED,
    DeliveryFilter,
    Standing,
    StoredDelivery,
    TaskFilter,
    TaskHistory,
)

_BACKLOG = sql("backlog")
_TASK = sql("task")
_ATTEMPTS_OF_TASK = sql("attempts_of_task")
_TASKS_OF_DELIVERIES = sql("tasks_of_deliveries")
_LIST_TASKS = sql("list_tasks")
_LIST_FAILED = sql("list_failed")
_LIST_DELIVERIES = sql("list_deliveries")
_DELIVERY = sql("delivery")
_COUNT_TASKS = sql("count_tasks")
_IDS_OF_TASKS = sql("ids_of_tasks")
_STANDING = sql("standing")
_ANY_READY = sql("any_ready")
_NEXT_WAIT = sql("next_wait")
_ANY_OF_FUTURE = sql("any_of_future")
_RUNNING_TASKS = sql("running_tasks")


def task(connection: sqlite3.Connection, task_id: str) -> TaskHistory | None:
    """A task with its attempts."""
    row = connection.execute(_TASK, (storable(task_id),)).fetchone()
    if row is None:
        return None
    attempts = connection.execute(_ATTEMPTS_OF_TASK, (row["id"],))
    return TaskHistory(task_of(row), tuple(map(attempt_of, attempts)))


def tasks(connection: sqlite3.Connection, wanted: TaskFilter) -> list[Task]:
    """A page of tasks, the newest first."""
    return [task_of(row) for row in _tasks(connection, _LIST_TASKS, wanted)]


def failed(connection: sqlite3.Connection, wanted: TaskFilter) -> list[sqlite3.Row]:
    """The arrival, id, source and key of failed tasks, the oldest first."""
    return _tasks(connection, _LIST_FAILED, replace(wanted, status=TaskStatus.FAILED))


def ids_of_tasks(connection: sqlite3.Connection, prefix: str, limit: int) -> list[str]:
    """At most `limit` ids of tasks that begin with `prefix`."""
    beyond = f"{prefix}g"  # greater than every hexadecimal digit, and than the hyphen
    return [row["id"] for row in connection.execute(_IDS_OF_TASKS, (prefix, beyond, limit))]


def tasks_of_deliveries(connection: sqlite3.Connection, delivery_ids: Iterable[str]) -> list[Task]:
    """Every task of the deliveries, in the order of start within each."""
    rows = connection.execute(_TASKS_OF_DELIVERIES, (ids_to_json(delivery_ids),))
    return [task_of(row) for row in rows]


def delivery(connection: sqlite3.Connection, delivery_id: str) -> StoredDelivery | None:
    """A delivery, whole."""
    row = connection.execute(_DELIVERY, (storable(delivery_id),)).fetchone()
    if row is None:
        return None
    its_tasks = tuple(tasks_of_deliveries(connection, [delivery_id]))
    return StoredDelivery(delivery_of(row), decision_of(row), its_tasks)


def deliveries(connection: sqlite3.Connection, wanted: DeliveryFilter) -> list[StoredDelivery]:
    """A page of deliveries, the newest first, without bodies and snapshots."""
    restrictions = {
        "event_type": wanted.event_type,
        "source": wanted.source,
        "outcome": wanted.outcome,
    }
    rows = _page(connection, _LIST_DELIVERIES, restrictions, wanted.before, wanted.limit)
    by_delivery: dict[str, list[Task]] = defaultdict(list)
    for each in tasks_of_deliveries(connection, [row["id"] for row in rows]):
        by_delivery[each.delivery_id].append(each)
    return [
        StoredDelivery(delivery_of(row), decision_of(row), tuple(by_delivery[row["id"]]))
        for row in rows
    ]


def count(connection: sqlite3.Connection, status: TaskStatus) -> int:
    """How many tasks are in a state."""
    counted: int = connection.execute(_COUNT_TASKS, (status.value,)).fetchone()[0]
    return counted


def standing(connection: sqlite3.Connection) -> Standing:
    """How the work stands."""
    return Standing(*connection.execute(_STANDING, {"most": COUNTED}).fetchone())


def any_ready(connection: sqlite3.Connection) -> bool:
    """Whether a task could be claimed, if no program were at its limit."""
    found: int = connection.execute(_ANY_READY).fetchone()[0]
    return bool(found)


def next_wait(connection: sqlite3.Connection) -> float:
    """When the next task that waits for its time is due; infinity where none does."""
    due: float | None = connection.execute(_NEXT_WAIT).fetchone()[0]
    return math.inf if due is None else due


def next_due(connection: sqlite3.Connection, now: float) -> float:
    """When a claim may hand out a task, if no program were at its limit; minus infinity is now."""
    any_now = any_ready(connection) or _any_of_future(connection, now)
    return -math.inf if any_now else next_wait(connection)


def _any_of_future(connection: sqlite3.Connection, now: float) -> bool:
    """Whether a task waits since a time that is still to come: the clock was set back."""
    found: int = connection.execute(_ANY_OF_FUTURE, (now,)).fetchone()[0]
    return bool(found)


def backlog(connection: sqlite3.Connection) -> Backlog:
    """How much is pending."""
    return Backlog(*connection.execute(_BACKLOG).fetchone())


def size(connection: sqlite3.Connection) -> int:
    """How many bytes are in use."""
    return _pages(connection, "page_count") - free(connection)


def free(connection: sqlite3.Connection) -> int:
    """How many bytes are left of what was deleted, to be used again."""
    return _pages(connection, "freelist_count")


def _pages(connection: sqlite3.Connection, counted: str) -> int:
    """The bytes of the pages that a PRAGMA counts."""
    (pages,), (size,) = (
        connection.execute(f"PRAGMA {name}").fetchone() for name in (counted, "page_size")
    )
    return int(pages * size)


def running(connection: sqlite3.Connection) -> list[str]:
    """The ids of the tasks that run, or did when their gateway was killed."""
    return [row["id"] for row in connection.execute(_RUNNING_TASKS)]


def _tasks(connection: sqlite3.Connection, statement: str, wanted: TaskFilter) -> list[sqlite3.Row]:
    # Most tasks are completed, and few are pending, running or failed.
    most = wanted.status is TaskStatus.COMPLETED
    restrictions = {
        "id": wanted.id,
        "delivery_id": wanted.delivery_id,
        **({} if most else {"status": wanted.status}),
        "program": wanted.program,
        "source": wanted.source,
        **({"status": wanted.status} if most else {}),
    }
    return _page(
        connection, statement, restrictions, wanted.before, wanted.limit, since=wanted.since
    )


def _page(
    connection: sqlite3.Connection,
    statement: str,
    restrictions: Mapping[str, str | None],
    before: str | None,
    limit: int,
    since: str | None = None,
) -> list[sqlite3.Row]:
    # Only what restricts appears in the statement: "(:x IS NULL OR x = :x)" would use no index.
    # The first is what the fewest rows have; a plus keeps SQLite from the index of another.
    present = {name: storable(text) for name, text in restrictions.items() if text is not None}
    conditions = [f"{'+' * (place > 0)}{name} = :{name}" for place, name in enumerate(present)]
    if before is not None:
        conditions.append("id < :before")
    if since is not None:
        conditions.append("id >= :since")
    where = f"WHERE {' AND '.join(conditions)}" if conditions else ""
    values = {**present, "before": storable(before), "since": storable(since), "limit": limit}
    return connection.execute(statement.format(where=where), values).fetchall()
