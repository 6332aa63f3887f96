"""What the verbs that write do to the tables, each inside a transaction of the writer's."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hookgate.model import Attempt, Task, TaskStatus, Trigger
from hookgate.stores.sqlite.file import SCHEMA_VERSION
from hookgate.stores.sqlite.lanes import next_in_line
from hookgate.stores.sqlite.order import unblock
from hookgate.stores.sqlite.reads import failed
from hookgate.stores.sqlite.rows import (
    delivery_of,
    finished_attempt_row,
    ids_to_json,
    storable,
    task_of,
)
from hookgate.stores.sqlite.statements import sql
from hookgate.stores.store import NO_LIMITS, Claim, TaskFilter

ABANDONED = "the gateway ended during the attempt"

WAITS_ENDED_AT_ONCE = 1_000
"""Tasks that a claim takes out of waiting: of more, the rest is the next claim's."""

_END_WAIT = sql("end_wait")
_END_WAIT_OF_FUTURE = sql("end_wait_of_future")
_CLAIM_TASKS = sql("claim_tasks")
_BEGIN_ATTEMPTS = sql("begin_attempts")
_CLAIMED_DELIVERIES = sql("claimed_deliveries")
_CLAIMED_AT = sql("claimed_at")
_UNCLAIM_TASK = sql("unclaim_task")
_DELETE_ATTEMPT = sql("delete_attempt")
_EXTEND_LEASE = sql("extend_lease")
_FINISH_TASK = sql("finish_task")
_PUT_BACK = sql("put_back")
_FINISH_ATTEMPT = sql("finish_attempt")
_ABANDON_ATTEMPTS = sql("abandon_attempts")
_RELEASE_TASKS = sql("release_tasks")
_RETRY_TASK = sql("retry_task")
_PURGEABLE = sql("purgeable")
_DELETE_ATTEMPTS = sql("delete_attempts")
_DELETE_TASKS = sql("delete_tasks")
_DELETE_DELIVERY = sql("delete_delivery")
_ADD_TO_CONFIGURATION = sql("add_to_configuration")
_DELETE_CONFIGURATION = sql("delete_configuration")


# --- attempts -------------------------------------------------------------------------------


def claim(
    connection: sqlite3.Connection,
    worker: str,
    limit: int,
    lease_until: float,
    now: float,
    concurrency: Mapping[str, int] = NO_LIMITS,
    unsure: Sequence[tuple[str, float]] = (),
) -> list[Claim]:
    """Make tasks that may start running, each with a new attempt; see `Store.claim`.

    `unsure` are the worker and the time of claims whose answer was lost: they are undone before.
    """
    for lost in unsure:
        _unclaim(connection, connection.execute(_CLAIMED_AT, lost).fetchall())
    connection.execute(_END_WAIT, (now, WAITS_ENDED_AT_ONCE))
    connection.execute(_END_WAIT_OF_FUTURE, (now, WAITS_ENDED_AT_ONCE))
    chosen = next_in_line(connection, limit, concurrency)
    if not chosen:
        return []
    arrivals = json.dumps(chosen)
    wanted = {"worker": worker, "arrivals": arrivals, "lease_until": lease_until, "now": now}
    rows = {row["arrival"]: row for row in connection.execute(_CLAIM_TASKS, wanted).fetchall()}
    tasks = [task_of(rows[arrival]) for arrival in chosen]
    connection.execute(_BEGIN_ATTEMPTS, (arrivals,))
    delivery_ids = ids_to_json({task.delivery_id for task in tasks})
    found = connection.execute(_CLAIMED_DELIVERIES, (delivery_ids,))
    deliveries = {row["id"]: delivery_of(row) for row in found}
    return [Claim(task, _begun(task, now), deliveries[task.delivery_id]) for task in tasks]


def _begun(task: Task, now: float) -> Attempt:
    trigger = Trigger.RETRY
    if task.attempts == task.attempts_before + 1:
        trigger = Trigger.INITIAL if task.attempts == 1 else Trigger.MANUAL
    return Attempt(task.id, task.attempts, trigger, TaskStatus.RUNNING, started_at=now)


def unclaim(connection: sqlite3.Connection, claims: Sequence[Claim]) -> None:
    """Undo a claim that reached nobody: the attempts have not been."""
    _unclaim(connection, [(claim.task.id, claim.attempt.number) for claim in claims])


def _unclaim(connection: sqlite3.Connection, attempts: Iterable[Sequence[Any]]) -> None:
    for attempt in attempts:
        if connection.execute(_UNCLAIM_TASK, attempt).rowcount:
            connection.execute(_DELETE_ATTEMPT, attempt)


def extend(
    connection: sqlite3.Connection, attempts: Sequence[tuple[str, int]], lease_until: float
) -> list[tuple[str, int]]:
    """Renew leases of attempts, each a task's id and a number; gives those that are not running."""
    return [
        attempt
        for attempt in attempts
        if connection.execute(_EXTEND_LEASE, (lease_until, *attempt)).rowcount == 0
    ]


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
        "finished_at": now if status.ended else None,
        "error": None if status is TaskStatus.COMPLETED else storable(attempt.error),
    }
    finished = connection.execute(_FINISH_TASK, task).fetchall()
    if not finished:
        return False
    connection.execute(_FINISH_ATTEMPT, finished_attempt_row(attempt))
    [(arrival, source, key)] = finished
    if status.ended:
        unblock(connection, source, key)
    else:
        when = {"arrival": arrival, "next_attempt_at": next_attempt_at, "now": now}
        connection.execute(_PUT_BACK, when)
    return True


def retry(connection: sqlite3.Connection, wanted: TaskFilter, now: float) -> list[str]:
    """Put failed tasks back, the oldest first, so that of one key the first is not blocked."""
    found = failed(connection, wanted)
    for row in found:
        task = {"arrival": row["arrival"], "source": row["source"], "key": row["key"], "now": now}
        connection.execute(_RETRY_TASK, task)
    return [row["id"] for row in found]


def release(connection: sqlite3.Connection, lease_ended: float, now: float) -> int:
    """Put running tasks back whose lease ended at `lease_ended` or before; how many.

    They are due at once, behind what could start before, so that a task which ends the gateway
    each time does not keep the others from running.
    """
    wanted = {"lease_ended": lease_ended, "now": now, "error": ABANDONED}
    connection.execute(_ABANDON_ATTEMPTS, wanted)
    return connection.execute(_RELEASE_TASKS, wanted).rowcount


def touch(connection: sqlite3.Connection) -> None:
    """Write the first page again as it is."""
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


# --- purge ----------------------------------------------------------------------------------


def purge(connection: sqlite3.Connection, before: float, limit: int) -> int:
    """Delete old deliveries whose tasks have all ended, with what belongs to them; how many."""
    found = connection.execute(_PURGEABLE, (before, limit)).fetchall()
    ids = [(row["id"],) for row in found]
    for statement in (_DELETE_ATTEMPTS, _DELETE_TASKS, _DELETE_DELIVERY):
        connection.executemany(statement, ids)
    fewer = Counter(row["digest"] for row in found)
    connection.executemany(_ADD_TO_CONFIGURATION, [(each, -n) for each, n in fewer.items()])
    connection.executemany(_DELETE_CONFIGURATION, [(each,) for each in fewer])
    return len(ids)
