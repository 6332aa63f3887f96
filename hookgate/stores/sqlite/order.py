"""What the end or the arrival of a task means for others of its key and of its burst."""

from __future__ import annotations

import sqlite3
from typing import Any

from hookgate.stores.sqlite.rows import BURST_COLUMNS, Row, Value
from hookgate.stores.sqlite.statements import sql

_SUPERSEDE = sql("supersede")
_UNBLOCK = sql("unblock")


def superseding(connection: sqlite3.Connection, task: Row) -> Row:
    """The task as it is once it has taken the place of the one before it in its burst."""
    burst: tuple[Any, ...] = task[-BURST_COLUMNS:]
    due, burst_key, ends_at, _, _ = burst
    if burst_key is None:
        return task
    task_id, _, source, _, _, rule, program, _, created_at, *_ = task
    which = (task_id, created_at, source, rule, program, burst_key)
    waiting, turn = True, None
    for before in connection.execute(_SUPERSEDE, which).fetchall():
        if not before["blocked"]:
            unblock(connection, source, before["key"])
        ends_at = min(ends_at, before["burst_ends_at"])
        if not before["waiting"] and ends_at <= created_at:  # it was to run now: so is this one
            waiting, turn = False, before["turn"]
    due = min(due, ends_at)
    return (*task[:-BURST_COLUMNS], due, burst_key, ends_at, waiting, turn)


def unblock(connection: sqlite3.Connection, source: Value, key: Value) -> None:
    """Let the next task of a key have its turn."""
    if key is not None:
        connection.execute(_UNBLOCK, (source, key))
