"""hookgate tasks retry: starting failed tasks again."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Sequence

import typer

from hookgate.cli.exits import FINDINGS, OK
from hookgate.cli.findings.as_text import counted
from hookgate.cli.json_output import show_json
from hookgate.cli.rules_file import fail
from hookgate.cli.store_file import Place, looked_into
from hookgate.cli.tasks import Wanted, matching_ids, no_single_task
from hookgate.cli.terminal import show
from hookgate.errors import StoreUnavailable
from hookgate.model import TaskStatus
from hookgate.stores.sqlite import reads, writes
from hookgate.stores.sqlite.file import holder, transaction
from hookgate.stores.store import TaskFilter

_STEP = 100
"""Tasks put back in one transaction, for which a gateway has to wait."""

_BETWEEN = 0.02
"""Seconds between two of these, in which the gateway has its turn."""


def retry_named(place: Place, prefixes: Sequence[str], *, as_json: bool) -> int:
    """Start the tasks that these ids, or beginnings of ids, mean; the exit code.

    Where one of them means no single task, or one that has not failed, none is started.
    """
    path = place.path()
    with looked_into(path, writing=True) as connection:
        found = [_failed_task(connection, prefix) for prefix in prefixes]
        named = [task_id for task_id in found if task_id is not None]
        if len(named) < len(found):
            return FINDINGS
        retried = _retry(connection, list(dict.fromkeys(named)))
    return _tell(path, retried, as_json=as_json)


def retry_failed(place: Place, wanted: Wanted, *, as_json: bool) -> int:
    """Start every failed task that is wanted; the exit code.

    That is those which have failed by now: one that fails again meanwhile is not started twice.
    """
    path = place.path()
    with looked_into(path, writing=True) as connection:
        failed = reads.failed(connection, wanted.as_filter(time.time()))
        retried = _retry(connection, [row["id"] for row in failed])
    return _tell(path, retried, as_json=as_json)


def _failed_task(connection: sqlite3.Connection, prefix: str) -> str | None:
    """The id of the task that is meant; None, which is told, where it cannot be started again."""
    found = matching_ids(connection, prefix)
    history = reads.task(connection, found[0]) if len(found) == 1 else None
    if history is None:
        no_single_task(prefix, found)
        return None
    if history.task.status is not TaskStatus.FAILED:
        told = f"the task {history.task.id} is {history.task.status}, not failed"
        typer.echo(f"hookgate tasks: {told}", err=True)
        return None
    return history.task.id


def _retry(connection: sqlite3.Connection, ids: list[str]) -> list[str]:
    """Put failed tasks back in short transactions; those that had not been put back meanwhile."""
    retried: list[str] = []
    for start in range(0, len(ids), _STEP):
        if start:
            time.sleep(_BETWEEN)
        with transaction(connection, "BEGIN IMMEDIATE"):
            for task_id in ids[start : start + _STEP]:
                retried += writes.retry(connection, TaskFilter(id=task_id, limit=1), time.time())
    return retried


def _tell(path: str, retried: list[str], *, as_json: bool) -> int:
    if as_json:
        show_json({"format_version": 1, "retried": list(retried)})
        return OK
    when = "now" if _served(path) else "when a gateway uses this store"
    start = "starts" if len(retried) == 1 else "start"
    show(f"{counted(len(retried), 'task')} {start} again {when}" if retried else "no failed task")
    return OK


def _served(path: str) -> bool:
    try:
        return holder(path) is not None
    except StoreUnavailable as error:
        fail(str(error))
