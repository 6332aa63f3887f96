"""hookgate tasks: what became of the tasks in a store."""

from __future__ import annotations

import re
import sqlite3
import time
from collections.abc import Iterator

import typer
from msgspec import Struct

from hookgate.cli.exits import FINDINGS, OK
from hookgate.cli.json_output import show_json
from hookgate.cli.store_file import Place, looked_into
from hookgate.cli.table import Style, table
from hookgate.cli.terminal import bad, dim, doubtful, good, printable, show, width
from hookgate.cli.times import exactly, span
from hookgate.core.ids import ticks, uuid7
from hookgate.expr.values import json_text
from hookgate.model import Attempt, Task, TaskStatus
from hookgate.server import views
from hookgate.stores.sqlite import reads
from hookgate.stores.store import TaskFilter, TaskHistory

SHORT = 18
"""Characters of an id in which those that one gateway made differ."""

ALL = 2**63 - 1
"""A limit that limits nothing."""

_SHOWN_LINES = 10
"""Lines of an output that are shown from its beginning, and from its end."""

_PREFIX = re.compile(r"[0-9a-f-]{1,36}")
_COLOURS: dict[str, Style] = {
    TaskStatus.COMPLETED: good, TaskStatus.FAILED: bad, TaskStatus.RUNNING: doubtful
}  # fmt: skip
_STATUS_COLUMN = 4


class Wanted(Struct, frozen=True):
    """Which tasks a command line asks for. `since` is in seconds before now."""

    status: TaskStatus | None
    source: str | None
    program: str | None
    since: float | None
    limit: int

    def as_filter(self, now: float) -> TaskFilter:
        """The same for the store."""
        return TaskFilter(
            status=self.status,
            source=self.source,
            program=self.program,
            since=None if self.since is None else uuid7(ticks(now - self.since), 0),
            limit=self.limit,
        )


def list_tasks(place: Place, wanted: Wanted, *, as_json: bool) -> int:
    """Print the tasks, the newest first; the exit code."""
    now = time.time()
    with looked_into(place.path()) as connection:
        tasks = reads.tasks(connection, wanted.as_filter(now))
    if as_json:
        listed = [views.task_summary(task) for task in tasks]
        show_json({"format_version": 1, "tasks": list(listed)})
        return OK
    head = ("TASK", "PROGRAM", "SOURCE", "EVENT", "STATUS", "ATTEMPTS", "WHEN", "WHY")
    rows = [_row(task, now) for task in tasks]
    show("\n".join(table(head, rows, width(), _style)) if rows else "no tasks")
    if len(tasks) == wanted.limit:
        typer.echo(f"these are the newest {wanted.limit}; --limit shows more", err=True)
    return OK


def show_task(place: Place, prefix: str, *, as_json: bool) -> int:
    """Print one task with its attempts; the exit code."""
    with looked_into(place.path()) as connection:
        found = matching_ids(connection, prefix)
        history = reads.task(connection, found[0]) if len(found) == 1 else None
    if history is None:
        return no_single_task(prefix, found)
    if as_json:
        show_json({"format_version": 1, "task": views.task_detail(history)})
    else:
        show("\n".join(_page(history, time.time())))
    return OK


def matching_ids(connection: sqlite3.Connection, prefix: str) -> list[str]:
    """The task that an id or the beginning of one means; two or none where it means no single."""
    lower = prefix.lower()
    return reads.ids_of_tasks(connection, lower, 2) if _PREFIX.fullmatch(lower) else []


def no_single_task(prefix: str, found: list[str]) -> int:
    """Say why a beginning of an id means no single task; the exit code."""
    told = "several tasks begin" if found else "no task begins"
    typer.echo(f"hookgate tasks: {told} with {printable(prefix)!r}", err=True)
    return FINDINGS


def _row(task: Task, now: float) -> tuple[str, ...]:
    at = task.finished_at or task.started_at or task.created_at
    texts = (
        task.id[:SHORT],
        task.program,
        task.source,
        task.event_type,
        task.status.value,
        str(task.attempts),
        f"{span(max(0.0, now - at))} ago",
        task.error or "",
    )
    return tuple(map(printable, texts))


def _style(column: int, text: str) -> Style:
    return _COLOURS.get(text, str) if column == _STATUS_COLUMN else str


# --- one task -------------------------------------------------------------------------------


def _page(history: TaskHistory, now: float) -> Iterator[str]:
    task = history.task
    colour = _COLOURS.get(task.status, str)
    yield from (
        _fact("task", task.id),
        _fact("status", colour(task.status.value) + _due(task, now) + _superseded(task)),
        _fact("program", printable(task.program)),
        _fact("rule", printable(f"{task.source} {task.rule}")),
        _fact("event", printable(f"{task.event_type} {task.event_id or ''}".rstrip())),
        *([] if task.key is None else [_fact("key", printable(repr(task.key)))]),
        _fact("delivery", f"{task.delivery_id}, {span(max(0.0, now - task.created_at))} ago"),
        *(
            _fact("params" if number == 0 else "", printable(f"{name} = {json_text(value)}"))
            for number, (name, value) in enumerate(task.params.items())
        ),
    )
    for attempt in history.attempts:
        yield ""
        yield from _attempt(attempt)


def _due(task: Task, now: float) -> str:
    wait = task.next_attempt_at - now
    return f", due in {span(wait)}" if not task.status.ended and wait > 0 else ""


def _superseded(task: Task) -> str:
    return f", superseded by {task.superseded_by}" if task.superseded_by else ""


def _fact(name: str, text: str) -> str:
    return f"{name:<12}{text}"


def _attempt(attempt: Attempt) -> Iterator[str]:
    ended = attempt.finished_at
    took = "" if ended is None else f" in {exactly(max(0.0, ended - attempt.started_at))}"
    status = _COLOURS.get(attempt.status, str)(attempt.status.value)
    began = views.moment(attempt.started_at)
    title = f"{status}{took}, {attempt.trigger.value}, begun {began}"
    yield _fact(f"attempt {attempt.number}", title)
    if attempt.error:
        yield _fact("", bad(printable(attempt.error)))
    for name, text in (("output", attempt.output), ("stderr", attempt.stderr)):
        lines = text.splitlines()
        for number, line in enumerate(_head_and_tail(lines)):
            yield _fact(name if number == 0 else "", line)


def _head_and_tail(lines: list[str]) -> Iterator[str]:
    left_out = len(lines) - 2 * _SHOWN_LINES
    if left_out <= 1:  # saying so would take a line as well
        yield from map(printable, lines)
        return
    yield from map(printable, lines[:_SHOWN_LINES])
    yield dim(f"... {left_out} lines, which --format json shows ...")
    yield from map(printable, lines[-_SHOWN_LINES:])
