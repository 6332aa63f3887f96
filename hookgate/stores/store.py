"""What a store is: a dozen verbs in the words of the domain, and what each promises.

`tests/contract/test_store.py` is the definition in full; every store passes it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType, TracebackType
from typing import Protocol, Self, TypeAlias

from msgspec import Struct

from hookgate.core.backlog import NO_LIMIT, Backlog, Bound
from hookgate.model import Attempt, AuthResult, AuthStep, Delivery, Task, TaskStatus, Trigger


class StoredDecision(Struct, frozen=True):
    """What is kept of a decision: what cannot be derived later from the delivery.

    `snapshot` is the configuration that decided (see `Config.snapshot`) and `digest` its hash; a
    store keeps each snapshot once. `rules` are the ids of the rules that held.
    """

    outcome: str
    reason: str
    event_type: str
    event_id: str | None
    auth_result: AuthResult
    auth_steps: tuple[AuthStep, ...]
    rules: tuple[str, ...]
    digest: str
    snapshot: str


class StoredDelivery(Struct, frozen=True):
    """A delivery as it was recorded (credentials redacted) with its decision and its tasks."""

    delivery: Delivery
    decision: StoredDecision
    tasks: tuple[Task, ...]


class Recorded(Struct, frozen=True):
    """The delivery and its tasks are on disk."""

    tasks: tuple[Task, ...]


class Duplicate(Struct, frozen=True):
    """This (source, event_id) was accepted before, as `delivery_id`; nothing was recorded."""

    delivery_id: str
    tasks: tuple[Task, ...]


class Full(Struct, frozen=True):
    """There was no room for another delivery's tasks; nothing was recorded.

    `pending` is what waited then, and `bound` says which number of it was too large.
    """

    pending: Backlog
    bound: Bound


class Claim(Struct, frozen=True):
    """A task handed to one worker: the running attempt and the delivery it works on."""

    task: Task
    attempt: Attempt
    delivery: Delivery


NO_LIMITS: Mapping[str, int] = MappingProxyType({})
"""Any number of attempts of any program at the same time."""


class TaskFilter(Struct, frozen=True):
    """Which tasks are meant; None does not restrict.

    `before` is the last id of the page before, and `since` the least id.
    """

    id: str | None = None
    status: TaskStatus | None = None
    source: str | None = None
    program: str | None = None
    delivery_id: str | None = None
    before: str | None = None
    since: str | None = None
    limit: int = 50


class DeliveryFilter(Struct, frozen=True):
    """Which deliveries to list; None does not restrict. `before` as in `TaskFilter`."""

    source: str | None = None
    event_type: str | None = None
    outcome: str | None = None
    before: str | None = None
    limit: int = 50


class TaskHistory(Struct, frozen=True):
    """A task with its attempts, oldest first."""

    task: Task
    attempts: tuple[Attempt, ...]


class Standing(Struct, frozen=True):
    """How the work stands: tasks by status, each counted no further than `COUNTED`.

    `next_due` is when the pending task that is due first is, or was, due; None where none is. One
    that waits for others of its key is not due.
    """

    pending: int
    running: int
    failed: int
    next_due: float | None


COUNTED = 100_000
"""How far the tasks of a status are counted, so that asking costs milliseconds at most."""

RecordResult: TypeAlias = Recorded | Duplicate | Full


class Store(Protocol):
    """Deliveries, tasks and attempts on disk.

    Every verb that writes returns only when its change is durable. Any verb may raise
    `StoreUnavailable`; then it has changed nothing, unless what writes was lost in the middle of a
    commit: then nobody knows, and asking again shows (a delivery gives `Duplicate`).
    """

    async def __aenter__(self) -> Self:
        """Open the store, creating or migrating it.

        Tasks that a dead gateway left running go back to pending. Raises `StoreInUse`,
        `StoreFormatError`, `StoreUnavailable`.
        """
        ...

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish what was asked for and close."""
        ...

    async def record(
        self,
        delivery: Delivery,
        decision: StoredDecision,
        tasks: Sequence[Task],
        most: Backlog = NO_LIMIT,
    ) -> RecordResult:
        """Keep a delivery with its decision and its pending tasks, in one transaction.

        `Full` where its tasks would make more pending than `most` (see `over`). A duplicate is told
        from others all the same.

        `Duplicate` if a delivery of the same source and event id (not None) was recorded before
        *with outcome "accepted"*. An ignored one does not count: when the rules have been mended,
        the sender's redelivery must get its chance.

        A task with a `burst` takes the place of the one that the same source, rule, program and
        burst key have pending and never begun. That one ends as completed, `superseded_by` the new
        one; the new one is due at its own `next_attempt_at` or when the burst ends, whatever comes
        first, and the burst ends when it would have ended before. `Recorded` has the tasks as they
        were given.
        """
        ...

    async def claim(
        self,
        worker: str,
        limit: int,
        lease: float,
        now: float,
        concurrency: Mapping[str, int] = NO_LIMITS,
    ) -> list[Claim]:
        """Hand out at most `limit` pending tasks that may start.

        A task may start when it is due; when every task of its source and `key` that was recorded
        before it has ended; and while fewer attempts of its program run than `concurrency` allows,
        whoever runs them. It is due at once, whatever the clocks say, unless it waits out a burst
        or was put back until a time; then from that time on. Where the clock was set back since its
        last attempt began, or since it was recorded, it has waited enough.

        Of these the highest priority goes first; of one priority, those of the source of which the
        fewest run; of one source, in the order in which they were recorded or, where they were put
        back or had to wait, became due.

        Each becomes running with a new attempt, leased to `worker` until `now + lease` seconds.
        The attempt's trigger is INITIAL for the first, MANUAL after `retry`, else RETRY.
        """
        ...

    async def extend(self, attempts: Sequence[Attempt], lease: float, now: float) -> list[Attempt]:
        """Renew the leases of running attempts, until `now + lease` seconds.

        Gives those that could not be renewed because their task does not run them any more.
        """
        ...

    async def finish(
        self, attempt: Attempt, status: TaskStatus, next_attempt_at: float | None, now: float
    ) -> bool:
        """Record how an attempt ended and what becomes of its task.

        `status` PENDING puts the task back until `next_attempt_at`. None tells that the attempt was
        cut short: it is no try of the task, which is due at once, behind what is due already.
        Meanwhile those behind it of its key wait on. False, and no change, where the task is no
        longer running this very attempt (its lease was lost).
        """
        ...

    async def retry(self, wanted: TaskFilter, now: float) -> list[str]:
        """Put failed tasks back to pending, due at once, with all their tries before them.

        The oldest of those that fit the filter, at most `wanted.limit`; returns their ids. Where
        others of its key are pending or running, a task waits until it is its turn among them.
        """
        ...

    async def release_expired(self, now: float) -> int:
        """Put running tasks whose lease has ended back to pending; say how many.

        Their attempt is recorded as failed with the error "the gateway ended during the attempt",
        and is no try of the task.
        """
        ...

    async def task(self, task_id: str) -> TaskHistory | None:
        """A task with its attempts."""
        ...

    async def tasks(self, wanted: TaskFilter) -> list[Task]:
        """Tasks, the newest first."""
        ...

    async def delivery(self, delivery_id: str) -> StoredDelivery | None:
        """A delivery with its decision and tasks."""
        ...

    async def deliveries(self, wanted: DeliveryFilter) -> list[StoredDelivery]:
        """Deliveries, the newest first; their bodies and snapshots are left empty."""
        ...

    async def count(self, status: TaskStatus) -> int:
        """How many tasks are in this state."""
        ...

    async def standing(self) -> Standing:
        """How the work stands, at a cost that does not grow with the store."""
        ...

    async def backlog(self) -> Backlog:
        """How much is pending, exactly, at a cost that does not grow with it."""
        ...

    async def size(self) -> int:
        """How many bytes are in use, without what was deleted and will be used again."""
        ...

    async def touch(self) -> None:
        """Write something that changes nothing, to learn whether the store can be written to."""
        ...

    async def wait_for_work(self, seconds: float) -> None:
        """Return when a `claim` may hand out more than the last one left, or after `seconds`.

        That is when something was recorded, put back or finished since, or a task that waits is
        due. A claim that got less than its limit has left nothing. What is about to be recorded
        ends the wait as well: a claim that is made at once takes part in its commit.
        """
        ...

    async def purge(self, before: float, limit: int) -> int:
        """Delete at most `limit` deliveries received before that time whose tasks have all ended.

        With their tasks and attempts; returns how many deliveries went.
        """
        ...


__all__ = [
    "NO_LIMITS",
    "Claim",
    "DeliveryFilter",
    "Duplicate",
    "Full",
    "RecordResult",
    "Recorded",
    "Standing",
    "Store",
    "StoredDecision",
    "StoredDelivery",
    "TaskFilter",
    "TaskHistory",
    "Trigger",
]
