"""Taking deliveries in: what is new and has room is kept, whole or not at all."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from hookgate.core.backlog import NO_LIMIT, Backlog, exceeded, over
from hookgate.stores.sqlite.order import superseding
from hookgate.stores.sqlite.reads import backlog, tasks_of_deliveries
from hookgate.stores.sqlite.rows import BURST_COLUMNS, Row, Value
from hookgate.stores.sqlite.statements import sql
from hookgate.stores.store import Duplicate, Full

_KEEP_CONFIGURATION = sql("keep_configuration")
_IS_CONFIGURATION_KEPT = sql("is_configuration_kept")
_ADD_TO_CONFIGURATION = sql("add_to_configuration")
_INSERT_DELIVERY = sql("insert_delivery")
_INSERT_TASK = sql("insert_task")
_FIND_ACCEPTED = sql("find_accepted")
_ADD_TO_BACKLOG = sql("add_to_backlog")
_RECOUNT_BACKLOG = sql("recount_backlog")


class Unkept(Struct, frozen=True):
    """The configuration that decided is not kept, or not any more, and was not given either."""


NotRecorded: TypeAlias = Duplicate | Full | Unkept


class Recording(NamedTuple):
    """A delivery with its tasks, made ready for the tables.

    `configuration` is None where the caller believes that it is kept already. `most` is how much
    may be pending with it.
    """

    delivery: Row
    tasks: tuple[Row, ...]
    configuration: Row | None
    most: Backlog = NO_LIMIT

    @property
    def digest(self) -> Value:
        """Of the configuration."""
        return self.delivery[-2]

    @property
    def event(self) -> tuple[Value, Value]:
        """Its source and its id, which is None where it has none."""
        _, source, _, event_id, *_ = self.delivery
        return source, event_id

    @property
    def adds(self) -> Backlog:
        """What is pending more once it is kept."""
        body = self.delivery[-1]
        assert isinstance(body, bytes)  # noqa: S101 - see `delivery_row`
        return Backlog(len(self.tasks), len(self.tasks) * len(body))


def record(connection: sqlite3.Connection, recording: Recording) -> NotRecorded | None:
    """Keep a delivery with its tasks, unless its event was accepted before or there is no room."""
    pending, more = backlog(connection), recording.adds
    bound = over(pending, more, recording.most)
    if bound is not None:
        return _duplicate(connection, recording) or Full(pending, bound)
    if not _can_tell_what_decided(connection, [recording]):
        return Unkept()
    duplicate = _duplicate(connection, recording)
    if duplicate is None:
        _keep(connection, [recording], more)
    return duplicate


def record_all(
    connection: sqlite3.Connection, recordings: Sequence[Recording]
) -> Sequence[NotRecorded | None]:
    """The same for each in turn, by few statements where all of them are kept.

    What can be in the way is looked for before the first row is written: where SQLite has to be
    able to take rows back one by one, it copies each page first that a row changes.
    """
    more = _together(recordings)
    if not (
        _room_for_all(connection, recordings, more)
        and _can_tell_what_decided(connection, recordings)
        and _all_new(connection, recordings)
    ):
        return [record(connection, each) for each in recordings]
    _keep(connection, recordings, more)
    return [None] * len(recordings)


# --- what can be in the way -----------------------------------------------------------------


def _together(recordings: Iterable[Recording]) -> Backlog:
    """What is pending more once all of these are kept."""
    tasks, sizes = zip(*(each.adds for each in recordings), strict=True)
    return Backlog(sum(tasks), sum(sizes))


def _room_for_all(
    connection: sqlite3.Connection, recordings: Iterable[Recording], more: Backlog
) -> bool:
    pending = backlog(connection)
    return all(exceeded(pending, more, most) is None for most in {each.most for each in recordings})


def _can_tell_what_decided(connection: sqlite3.Connection, recordings: Sequence[Recording]) -> bool:
    """Whether each configuration was given, or is kept."""
    given = {each.digest for each in recordings if each.configuration is not None}
    return all(
        connection.execute(_IS_CONFIGURATION_KEPT, (digest,)).fetchone()[0]
        for digest in {each.digest for each in recordings} - given
    )


def _all_new(connection: sqlite3.Connection, recordings: Sequence[Recording]) -> bool:
    """Whether no event was accepted before, nor stands twice among these."""
    events = [each.event for each in recordings if each.event[1] is not None]
    return len(set(events)) == len(events) and not any(
        connection.execute(_FIND_ACCEPTED, event).fetchone() for event in events
    )


def _duplicate(connection: sqlite3.Connection, recording: Recording) -> Duplicate | None:
    first = connection.execute(_FIND_ACCEPTED, recording.event).fetchone()
    if first is None:
        return None
    return Duplicate(first["id"], tuple(tasks_of_deliveries(connection, [first["id"]])))


# --- the rows -------------------------------------------------------------------------------


def _keep(connection: sqlite3.Connection, recordings: Sequence[Recording], more: Backlog) -> None:
    """Keep all of these, with which `more` is pending."""
    given = {each.digest: each.configuration for each in recordings if each.configuration}
    connection.executemany(_KEEP_CONFIGURATION, given.values())
    connection.executemany(_INSERT_DELIVERY, [each.delivery for each in recordings])
    counts = Counter(each.digest for each in recordings)
    connection.executemany(_ADD_TO_CONFIGURATION, counts.items())
    insert_tasks(connection, [task for each in recordings for task in each.tasks])
    connection.execute(_ADD_TO_BACKLOG, more)


def recount(connection: sqlite3.Connection) -> None:
    """Count what is pending, which takes a quarter of a second for 100,000 tasks."""
    connection.execute(_RECOUNT_BACKLOG)


def insert_tasks(connection: sqlite3.Connection, tasks: Sequence[Row]) -> None:
    """Insert tasks in order: each finds those before it of its key and of its burst."""
    if any(task[-BURST_COLUMNS + 1] is not None for task in tasks):
        for task in tasks:
            connection.execute(_INSERT_TASK, superseding(connection, task))
    else:
        connection.executemany(_INSERT_TASK, tasks)
