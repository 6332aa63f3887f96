"""The one thread that writes: it commits what has queued up as a group, then tells the callers.

An fsync costs far more than a row, so a group is what makes a durable answer cheap. Nobody is
told anything before the COMMIT that holds his write has returned.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from threading import Thread
from typing import Any, Concatenate, ParamSpec, TypeVar

from hookgate.stores.sqlite.faults import fault_of, locked
from hookgate.stores.sqlite.file import transaction
from hookgate.stores.sqlite.writes import next_due

GROUP_LIMIT = 256

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class _Write:
    run: Callable[[sqlite3.Connection], object]
    answer: asyncio.Future[Any]


class Writer:
    """Owns the writing connection from `start` until `join` has returned.

    After each group `tell_due` is called with the time at which the next pending task is due, in
    the event loop and before any caller of the group goes on.
    """

    def __init__(
        self, connection: sqlite3.Connection, path: str, tell_due: Callable[[float | None], None]
    ) -> None:
        self._connection = connection
        self._path = path
        self._tell_due = tell_due
        self._loop = asyncio.get_running_loop()
        self._arrived: list[_Write] = []
        self._queue: SimpleQueue[list[_Write] | None] = SimpleQueue()
        self._thread = Thread(target=self._serve, name="hookgate-store-writer", daemon=True)
        self._due: float | None = None

    def start(self) -> None:
        """Begin to serve."""
        self._thread.start()

    def submit(
        self,
        verb: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> asyncio.Future[R]:
        """Queue one write; the future holds its result once it is on disk, or its fault."""
        answer: asyncio.Future[R] = self._loop.create_future()
        if not self._arrived:
            # What else arrives in this turn of the event loop goes into the same group.
            self._loop.call_soon(self._hand_over)
        self._arrived.append(_Write(lambda connection: verb(connection, *args, **kwargs), answer))
        return answer

    def stop(self) -> None:
        """Take nothing more; what was submitted is still carried out."""
        self._hand_over()
        self._queue.put(None)

    def join(self) -> None:
        """Block until the thread has ended, which it does after `stop`."""
        self._thread.join()

    def _hand_over(self) -> None:
        if self._arrived:
            self._queue.put(self._arrived)
            self._arrived = []

    # --- in the thread ------------------------------------------------------------------------

    def _serve(self) -> None:
        while group := self._next_group():
            answers = self._answers(group)
            self._loop.call_soon_threadsafe(self._tell, group, answers, self._due)

    def _next_group(self) -> list[_Write]:
        """What has queued up, waiting for the first; empty when nothing more will come."""
        group: list[_Write] = []
        arrived = self._queue.get()
        while arrived is not None:
            group += arrived
            if len(group) >= GROUP_LIMIT or self._queue.empty():
                return group
            arrived = self._queue.get()
        if group:
            self._queue.put(None)  # the end is for the next round
        return group

    def _answers(self, group: list[_Write]) -> list[object]:
        """The result of each write, or the fault that kept it off the disk.

        Where a group fails each of its writes gets a transaction to itself, so that one bad write
        does not hurt its neighbours.
        """
        try:
            return self._commit(group)
        except Exception as error:
            if len(group) == 1 or locked(error):  # having waited for a lock once is enough
                return [fault_of(error, self._path) for _ in group]
        return [answer for write in group for answer in self._answers([write])]

    def _commit(self, group: list[_Write]) -> list[object]:
        with transaction(self._connection, "BEGIN IMMEDIATE"):
            results = [write.run(self._connection) for write in group]
            due = next_due(self._connection)
        self._due = due
        return results

    # --- in the event loop --------------------------------------------------------------------

    def _tell(self, group: list[_Write], answers: list[object], due: float | None) -> None:
        self._tell_due(due)
        for write, answer in zip(group, answers, strict=True):
            if write.answer.done():
                continue  # its caller was cancelled
            if isinstance(answer, Exception):
                write.answer.set_exception(answer)
            else:
                write.answer.set_result(answer)
