"""What the verbs that write do to the tables, each inside a transaction of the writer's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from hookgate.model import Attempt, Task, TaskStatus, Trigger
from hookgate.stores.sqlite.reads import tasks_of_deliveries
from hookgate.stores.sqlite.rows import (
    Row,
    delivery_of,
    finished_attempt_row,
    ids_to_json,
    storable,
    task_of,
)
from hookgate.stores.sqlite.statements import sql
from hookgate.stores.store import Claim, Duplicate

ABANDONED = "the gateway ended during the attempt"

_KEEP_CONFIGURATION = sql("keep_configuration")
_INSERT_DELIVERY = sql("insert_delivery")
_INSERT_TASK = sql("insert_task")
_FIND_ACCEPTED = sql("find_accepted")
_CLAIM_TASKS = sql("claim_tasks")
_BEGIN_ATTEMPTS = sql("begin_attempts")
_CLAIMED_DELIVERIES = sql("claimed_deliveries")
_CLAIMED_AT = sql("claimed_at")
_UNCLAIM_TASK = sql("unclaim_task")
_DELETE_ATTEMPT = sql("delete_attempt")
_EXTEND_LEASES = sql("extend_leases")
_FINISH_TASK = sql("finish_task")
_FINISH_ATTEMPT = sql("finish_attempt")
_ABANDON_ATTEMPTS = sql("abandon_attempts")
_RELEASE_TASKS = sql("release_tasks")
_PURGEABLE = sql("purgeable")
_DELETE_ATTEMPTS = sql("delete_attempts")
_DELETE_TASKS = sql("delete_tasks")
_DELETE_DELIVERY = sql("delete_delivery")


# --- record ---------------------------------------------------------------------------------


class Recording(NamedTuple):
    """A delivery with its tasks, made ready for the tables.

    `configuration` is None where the caller knows that it is kept already.
    """

    delivery: Row
    tasks: tuple[Row, ...]
    configuration: Row | None


def record(connection: sqlite3.Connection, recording: Recording) -> Duplicate | None:
    """Keep a delivery with its tasks, unless its event was accepted before."""
    if recording.configuration is not None:
        connection.execute(_KEEP_CONFIGURATION, recording.configuration)
    if connection.execute(_INSERT_DELIVERY, recording.delivery).rowcount == 0:
        return _duplicate(connection, recording)
    connection.executemany(_INSERT_TASK, recording.tasks)
    return None


def record_all(
    connection: sqlite3.Connection, recordings: Sequence[Recording]
) -> Sequence[Duplicate | None]:
    """The same for each in turn, by few statements where there is no duplicate among them."""
    connection.execute("SAVEPOINT together")
    if _all_recorded(connection, recordings):
        results: Sequence[Duplicate | None] = [None] * len(recordings)
    else:
        connection.execute("ROLLBACK TO together")
        results = [record(connection, each) for each in recordings]
    connection.execute("RELEASE together")
    return results


def _all_recorded(connection: sqlite3.Connection, recordings: Sequence[Recording]) -> bool:
    configurations = [each.configuration for each in recordings if each.configuration is not None]
    connection.executemany(_KEEP_CONFIGURATION, configurations)
    deliveries = [each.delivery for each in recordings]
    if connection.executemany(_INSERT_DELIVERY, deliveries).rowcount < len(deliveries):
        return False
    connection.executemany(_INSERT_TASK, [task for each in recordings for task in each.tasks])
    return True


def _duplicate(connection: sqlite3.Connection, recording: Recording) -> Duplicate:
    _, source, _, event_id, *_ = recording.delivery
    first: str = connection.execute(_FIND_ACCEPTED, (source, event_id)).fetchone()["id"]
    return Duplicate(first, tuple(tasks_of_deliveries(connection, [first])))


# --- attempts -------------------------------------------------------------------------------


def claim(
    connection: sqlite3.Connection,
    worker: str,
    limit: int,
    lease_until: float,
    now: float,
    unsure: Sequence[tuple[str, float]] = (),
) -> list[Claim]:
    """Make tasks that are due running, each with a new attempt; the oldest due first.

    `unsure` are the worker and the time of claims whose answer was lost: they are undone before.
    """
    for lost in unsure:
        _unclaim(connection, connection.execute(_CLAIMED_AT, lost).fetchall())
    wanted = {"worker": worker, "limit": limit, "lease_until": lease_until, "now": now}
    tasks = [task_of(row) for row in connection.execute(_CLAIM_TASKS, wanted).fetchall()]
    if not tasks:
        return []
    connection.execute(_BEGIN_ATTEMPTS, (ids_to_json(task.id for task in tasks),))
    delivery_ids = ids_to_json({task.delivery_id for task in tasks})
    rows = connection.execute(_CLAIMED_DELIVERIES, (delivery_ids,))
    deliveries = {row["id"]: delivery_of(row) for row in rows}
    tasks.sort(key=lambda task: (task.next_attempt_at, task.id))
    return [Claim(task, _begun(task, now), deliveries[task.delivery_id]) for task in tasks]


def _begun(task: Task, now: float) -> Attempt:
    trigger = Trigger.INITIAL if task.attempts == 1 else Trigger.RETRY
    return Attempt(task.id, task.attempts, trigger, TaskStatus.RUNNING, started_at=now)


def unclaim(connection: sqlite3.Connection, claims: Sequence[Claim]) -> None:
    """Undo a claim that reached nobody: the attempts have not been."""
    _unclaim(connection, [(claim.task.id, claim.attempt.number) for claim in claims])


def _unclaim(connection: sqlite3.Connection, attempts: Iterable[Sequence[Any]]) -> None:
    for attempt in attempts:
        if connection.execute(_UNCLAIM_TASK, attempt).rowcount:
            connection.execute(_DELETE_ATTEMPT, attempt)


def extend(connection: sqlite3.Connection, worker: str, lease_until: float) -> None:
    """Renew the lease of every task that `worker` runs."""
    connection.execute(_EXTEND_LEASES, (lease_until, worker))


def finish(
    connection: sqlite3.Connection,
    attempt: Attempt,
    status: TaskStatus,
    next_attempt_at: float | None,
    now: float,
) -> bool:
    """Record how an attempt ended, where the task still runs that attempt."""
    task = {
        "task_id": attempt.task_id,
        "number": attempt.number,
        "status": status,
        "next_attempt_at": next_attempt_at,
        "finished_at": now if status.ended else None,
        "error": None if status is TaskStatus.COMPLETED else storable(attempt.error),
    }
    if connection.execute(_FINISH_TASK, task).rowcount == 0:
        return False
    connection.execute(_FINISH_ATTEMPT, finished_attempt_row(attempt))
    return True


def release(connection: sqlite3.Connection, lease_ended: float, now: float) -> int:
    """Put running tasks back whose lease ended at `lease_ended` or before; how many.

    They are due `now`, behind what has been waiting longer, so that a task which ends the gateway
    each time does not keep the others from running.
    """
    wanted = {"lease_ended": lease_ended, "now": now, "error": ABANDONED}
    connection.execute(_ABANDON_ATTEMPTS, wanted)
    return connection.execute(_RELEASE_TASKS, wanted).rowcount


# --- purge ----------------------------------------------------------------------------------


def purge(connection: sqlite3.Connection, before: float, limit: int) -> int:
    """Delete old deliveries whose tasks have all ended, with what belongs to them; how many."""
    found = connection.execute(_PURGEABLE, (before, limit)).fetchall()
    ids = [(row["id"],) for row in found]
    for statement in (_DELETE_ATTEMPTS, _DELETE_TASKS, _DELETE_DELIVERY):
        connection.executemany(statement, ids)
    return len(ids)
