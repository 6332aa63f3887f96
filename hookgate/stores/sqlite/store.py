"""The verbs of the SQLite store."""

from __future__ import annotations

import asyncio
import math
import socket
import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self

from msgspec import Struct, field

from hookgate.core.backlog import NO_LIMIT, Backlog
from hookgate.errors import StoreUnavailable
from hookgate.model import Attempt, Delivery, Task, TaskStatus
from hookgate.stores.sqlite import reads, recording, writes
from hookgate.stores.sqlite.due import NextDue
from hookgate.stores.sqlite.faults import opening_faults
from hookgate.stores.sqlite.file import held, opened, opened_for_reading, transaction
from hookgate.stores.sqlite.reader import Reader
from hookgate.stores.sqlite.rows import configuration_row, delivery_row, task_row
from hookgate.stores.sqlite.writer import Writer
from hookgate.stores.store import (
    NO_LIMITS,
    Claim,
    DeliveryFilter,
    Recorded,
    RecordResult,
    Standing,
    StoredDecision,
    StoredDelivery,
    TaskFilter,
    TaskHistory,
)
from hookgate.strays import end_strays
from hookgate.waiting import until_done

_LOOK_AGAIN = 1.0
"""Seconds between two looks at what another process may have written."""


class OpenStore(Struct, frozen=True):
    """What there is of a store while it is open."""

    writer: Writer
    reader: Reader
    due: NextDue
    resources: ExitStack
    configurations: set[str] = field(default_factory=set)
    """The digests of those that were put on disk; a purge may have deleted them since."""
    unsure_claims: list[tuple[str, float]] = field(default_factory=list)
    """Worker and time of claims that failed: where the writing process ended they may stand."""


class SqliteStore:
    """A `Store` in the SQLite file at `path`, which is made where there is none.

    One process holds it at a time, by a lock on ``<path>.lock``. Both files, and SQLite's ``-wal``
    and ``-shm`` beside them, can be read by their owner alone.
    """

    def __init__(self, path: str, patience: float = 3.0) -> None:
        """`patience` is how many seconds to wait for a gateway that may be about to end."""
        self._path = path
        self._patience = patience
        self._open: OpenStore | None = None

    async def __aenter__(self) -> Self:
        """Open the store; blocks the event loop meanwhile, since nothing can be served yet.

        The lock proves that no other gateway runs, so every task that is still running goes back
        to pending, and what is left of its processes is ended before. (The writing process has
        done so already, unless it was killed as well.)
        """
        with opening_faults(self._path), ExitStack() as resources:
            lock = resources.enter_context(held(self._path, self._patience))
            with opened(self._path) as writing:
                end_strays(reads.running(writing))
                due = NextDue(_made_ready(writing))
            writer = Writer(self._path, lock, due.update)
            reader = Reader(resources.enter_context(opened_for_reading(self._path)), self._path)
            await writer.start()
            self._open = OpenStore(writer, reader, due, resources.pop_all())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish what was asked for, fold the write-ahead log into the file, drop the lock.

        A cancellation does not cut this short: it goes on in its thread.
        """
        parts, self._open = self._parts, None
        parts.writer.stop()
        await asyncio.to_thread(_close, parts)

    @property
    def writing_process(self) -> int:
        """The id of the process that writes to the file now."""
        return self._parts.writer.process

    def let_in(self) -> socket.socket:
        """A channel to the writing process for another `GuestStore`; raises `StoreUnavailable`."""
        return self._parts.writer.let_in()

    # --- writing ------------------------------------------------------------------------------

    async def record(
        self,
        delivery: Delivery,
        decision: StoredDecision,
        tasks: Sequence[Task],
        most: Backlog = NO_LIMIT,
    ) -> RecordResult:
        parts = self._parts
        given = recording.Recording(
            delivery_row(delivery, decision), tuple(map(task_row, tasks)), None, most
        )
        if any(task.burst is None for task in tasks):
            parts.due.expect()  # before it is handed over, for a claim to go with it
        result: recording.NotRecorded | None = recording.Unkept()
        if decision.digest in parts.configurations:
            result = await parts.writer.submit(recording.record, given)
        if isinstance(result, recording.Unkept):
            given = given._replace(configuration=configuration_row(delivery, decision))
            result = await parts.writer.submit(recording.record, given)
        assert not isinstance(result, recording.Unkept)  # noqa: S101 - it was given
        if result is not None:
            return result
        parts.configurations.add(decision.digest)
        return Recorded(tuple(tasks))

    async def claim(
        self,
        worker: str,
        limit: int,
        lease: float,
        now: float,
        concurrency: Mapping[str, int] = NO_LIMITS,
    ) -> list[Claim]:
        parts = self._parts
        unsure = tuple(parts.unsure_claims)
        parts.due.claiming()
        claims = parts.writer.submit(
            writes.claim, worker, limit, now + lease, now, dict(concurrency), unsure
        )
        try:
            await asyncio.wait([claims])
        except asyncio.CancelledError:
            await until_done(claims)
            await self._put_back(claims)
            raise
        if isinstance(claims.exception(), StoreUnavailable):
            parts.unsure_claims.append((worker, now))
        else:
            parts.unsure_claims.clear()
        return claims.result()

    async def extend(self, attempts: Sequence[Attempt], lease: float, now: float) -> list[Attempt]:
        by_id = {(attempt.task_id, attempt.number): attempt for attempt in attempts}
        lost = await self._parts.writer.submit(writes.extend, tuple(by_id), now + lease)
        return [by_id[attempt] for attempt in lost]

    async def finish(
        self, attempt: Attempt, status: TaskStatus, next_attempt_at: float | None, now: float
    ) -> bool:
        writer = self._parts.writer
        return await writer.submit(writes.finish, attempt, status, next_attempt_at, now)

    async def retry(self, wanted: TaskFilter, now: float) -> list[str]:
        return await self._parts.writer.submit(writes.retry, wanted, now)

    async def release_expired(self, now: float) -> int:
        return await self._parts.writer.submit(writes.release, now, now)

    async def purge(self, before: float, limit: int) -> int:
        return await self._parts.writer.submit(writes.purge, before, limit)

    async def touch(self) -> None:
        await self._parts.writer.submit(writes.touch)

    # --- reading ------------------------------------------------------------------------------

    async def task(self, task_id: str) -> TaskHistory | None:
        return await self._parts.reader.read(reads.task, task_id)

    async def tasks(self, wanted: TaskFilter) -> list[Task]:
        return await self._parts.reader.read(reads.tasks, wanted)

    async def delivery(self, delivery_id: str) -> StoredDelivery | None:
        return await self._parts.reader.read(reads.delivery, delivery_id)

    async def deliveries(self, wanted: DeliveryFilter) -> list[StoredDelivery]:
        return await self._parts.reader.read(reads.deliveries, wanted)

    async def count(self, status: TaskStatus) -> int:
        return await self._parts.reader.read(reads.count, status)

    async def backlog(self) -> Backlog:
        return await self._parts.reader.read(reads.backlog)

    async def size(self) -> int:
        return await self._parts.reader.read(reads.size)

    async def standing(self) -> Standing:
        return await self._parts.reader.read(reads.standing)

    async def wait_for_work(self, seconds: float) -> None:
        """Wait for what this store writes; what another process has written is seen a little later.

        Looking for that costs a tenth of a millisecond, as the index of what is due is in memory.
        """
        due = self._parts.due
        deadline = time.monotonic() + seconds
        while not await due.wait(min(_LOOK_AGAIN, deadline - time.monotonic())):
            if time.monotonic() >= deadline:
                return
            due.sooner(await self._parts.reader.read(reads.next_due, time.time()))

    # --- its parts ----------------------------------------------------------------------------

    @property
    def _parts(self) -> OpenStore:
        if self._open is None:
            raise StoreUnavailable(f"the store {self._path} is not open")
        return self._open

    async def _put_back(self, claims: asyncio.Future[list[Claim]]) -> None:
        """Return tasks that were claimed for a caller who was cancelled.

        Where that cannot be done, the next opening does it.
        """
        if claims.exception() is None and claims.result() and self._open is not None:
            undone = self._open.writer.submit(writes.unclaim, claims.result())
            await until_done(undone)
            undone.exception()  # else asyncio reports one that nobody has looked at


def _made_ready(writing: sqlite3.Connection) -> float:
    """Give back what runs no more; when a task is due.

    What is pending is counted anew, so that no mistake in that outlives a restart.
    """
    with transaction(writing, "BEGIN IMMEDIATE"):
        now = time.time()
        writes.release(writing, lease_ended=math.inf, now=now)
        recording.recount(writing)
        return reads.next_due(writing, now)


def _close(parts: OpenStore) -> None:
    """The last connection to go folds the write-ahead log into the file.

    That is ours, which the writing process has to end before.
    """
    parts.writer.join()
    parts.reader.close()
    parts.resources.close()
