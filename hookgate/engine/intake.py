"""Taking deliveries in: decide, then record, and only then answer."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from typing import Protocol, TypeAlias

from msgspec.structs import replace

from hookgate.core.backlog import Backlog, wait_for_room, why_full
from hookgate.core.config import Config, Source
from hookgate.core.decide import decide, reject_unread
from hookgate.core.rate_limit import bucket_key
from hookgate.core.tasks import pending_task
from hookgate.engine import journal
from hookgate.engine.ids import Clock, Ids
from hookgate.engine.metrics import Metrics
from hookgate.engine.readiness import Readiness
from hookgate.engine.receipts import (
    Greeted,
    Limited,
    NoRoom,
    NotRecorded,
    NotVerified,
    Receipt,
    Repeated,
    Taken,
    TurnedAway,
)
from hookgate.engine.redaction import redacted
from hookgate.errors import StoreUnavailable
from hookgate.model import (
    Accepted,
    Answered,
    AuthStep,
    Decision,
    Delivery,
    Ignored,
    Rejected,
    Task,
    Wanted,
)
from hookgate.stores.store import Duplicate, Full, Store, StoredDecision
from hookgate.threads import in_thread

_LARGE = 256 * 1024
"""Bytes of a body from which on it is decided aside, one at a time, so that others need not wait
for it: reading the largest body takes a tenth of a second."""


class Fetch(Enum):
    """What came of fetching what a verifier wants.

    `LEARNED`: it knows more now. `NOTHING`: there is nothing more to know, so what it said holds.
    `UNAVAILABLE`: that cannot be told now.
    """

    LEARNED = "learned"
    NOTHING = "nothing"
    UNAVAILABLE = "unavailable"


class Fetches(Protocol):
    """Whoever may call others for a delivery; `fetching.Fetcher` does."""

    async def fetch(self, wanted: Wanted) -> Fetch:
        """Let a verifier learn what it wants. Never raises."""
        ...

    def confirm(self, source: str, url: str) -> None:
        """Call an address in the background."""
        ...


class CountsForAll(Protocol):
    """Whoever knows what is counted for the gateway as a whole; see `limits.Limits`."""

    async def take(self, source: Source, key: str) -> float:
        """Count a delivery of a source that has a `rate_limit`."""
        ...

    async def drain_rate(self) -> float:
        """How many tasks end in a second."""
        ...


Settled: TypeAlias = Accepted | Ignored | Limited | Greeted | TurnedAway | NotVerified
"""What is to be recorded, or what became of a delivery that is not."""


class Intake:
    """Decides about deliveries and records them in one store."""

    def __init__(
        self,
        store: Store,
        readiness: Readiness,
        clock: Clock,
        metrics: Metrics,
        limits: CountsForAll,
        fetcher: Fetches | None = None,
    ) -> None:
        self._store = store
        self._readiness = readiness
        self._clock = clock
        self._ids = Ids(clock)
        self._limits = limits
        self._metrics = metrics
        self._fetcher = fetcher
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="large deliveries")

    def new_id(self) -> str:
        """An id for a delivery that has just arrived."""
        return self._ids.next()

    def turn_away(self, head: Delivery, config: Config) -> TurnedAway | None:
        """Turn away a delivery whose body is still to come, where its head is reason enough."""
        began = time.perf_counter()
        rejected = reject_unread(config, head, self._clock())
        if rejected is None:
            return None
        receipt = TurnedAway(head, rejected)
        self._metrics.decided(head.source, receipt.outcome, rejected.auth.steps)
        _tell(receipt, time.perf_counter() - began)
        return receipt

    async def receive(self, delivery: Delivery, config: Config) -> Receipt:
        """Decide by `config` and record; what is returned has happened durably."""
        began = time.perf_counter()
        settled = await self._settle(delivery, config)
        if isinstance(settled, Accepted | Ignored):
            receipt: Receipt = await self._record(delivery, settled, config)
        else:
            receipt = settled
        self._metrics.decided(delivery.source, receipt.outcome, _steps_to_count(settled))
        _tell(receipt, time.perf_counter() - began)
        return receipt

    async def _settle(self, delivery: Delivery, config: Config) -> Settled:
        """All that is to be done before the record.

        What is to be recorded comes without its payload. That takes many times the memory of the
        body, nobody needs it any more, and it would be kept until the store has answered.
        """
        decision = await self._decide(delivery, config)
        if isinstance(decision, Rejected):
            fetch = await self._fetch(decision)
            if fetch is Fetch.UNAVAILABLE:
                return NotVerified(delivery, decision)
            if fetch is Fetch.LEARNED:  # once: it must come to an end
                decision = await self._decide(delivery, config)
        if isinstance(decision, Rejected):
            return TurnedAway(delivery, decision)
        if isinstance(decision, Answered):
            return Greeted(delivery, decision)
        wait = await self._wait_for_rate(delivery, decision, config)
        decision = replace(decision, event=replace(decision.event, payload=None))
        if wait:
            limit = config.sources[delivery.source].rate_limit
            return Limited(delivery, decision, f"over the limit of {limit}", wait)
        return decision

    async def _wait_for_rate(
        self, delivery: Delivery, decision: Accepted | Ignored, config: Config
    ) -> float:
        source = config.sources[delivery.source]
        if source.rate_limit is None:
            return 0.0
        return await self._limits.take(source, bucket_key(source, delivery, decision))

    async def _fetch(self, decision: Rejected) -> Fetch:
        """Have the verifier that turned a delivery away learn the keys that it wants, if any."""
        wanted = decision.auth.steps[-1].wants if decision.auth.steps else None
        if wanted is None or self._fetcher is None:
            return Fetch.NOTHING
        return await self._fetcher.fetch(wanted)

    def _confirm(self, delivery: Delivery, decision: Accepted | Ignored) -> None:
        """Tell a sender that asked for it that its deliveries are wanted."""
        for step in decision.auth.steps:
            if step.confirm_at is not None and self._fetcher is not None:
                self._fetcher.confirm(delivery.source, step.confirm_at)

    async def _decide(self, delivery: Delivery, config: Config) -> Decision:
        if len(delivery.body) < _LARGE:
            return decide(config, delivery, self._clock())
        deciding = partial(decide, config, delivery, self._clock())
        return await in_thread(deciding, self._aside)

    async def _record(
        self, delivery: Delivery, decision: Accepted | Ignored, config: Config
    ) -> Receipt:
        source = config.sources[delivery.source]
        tasks = self._tasks(delivery, decision)
        stored, most = redacted(delivery, source), config.store.max_pending
        kept = _stored_decision(decision, config)
        try:
            result = await self._store.record(stored, kept, tasks, most)
        except StoreUnavailable as error:
            self._readiness.failed()
            return NotRecorded(delivery, str(error))
        except Exception as error:  # whatever it is, nothing was promised yet
            journal.recording_broke(delivery)
            return NotRecorded(delivery, f"a fault of hookgate: {type(error).__name__}")
        if isinstance(result, Full):
            return await self._no_room(delivery, decision, result, len(tasks), most)
        self._confirm(delivery, decision)
        if isinstance(result, Duplicate):
            return Repeated(delivery, decision, result.delivery_id, result.tasks)
        self._readiness.wrote()
        return Taken(delivery, decision, tasks)

    async def _no_room(
        self,
        delivery: Delivery,
        decision: Accepted | Ignored,
        full: Full,
        tasks: int,
        most: Backlog,
    ) -> NoRoom:
        self._metrics.full[full.bound] += 1
        more = Backlog(tasks, tasks * len(delivery.body))
        wait = wait_for_room(full.pending, more, most, await self._limits.drain_rate())
        reason = why_full(full.pending, full.bound, most)
        return NoRoom(delivery, decision, reason, wait)

    def _tasks(self, delivery: Delivery, decision: Accepted | Ignored) -> tuple[Task, ...]:
        if isinstance(decision, Ignored):
            return ()
        return tuple(
            pending_task(self._ids.next(), delivery, decision.event, start)
            for start in decision.starts
        )


def _stored_decision(decision: Accepted | Ignored, config: Config) -> StoredDecision:
    starts = decision.starts if isinstance(decision, Accepted) else ()
    return StoredDecision(
        outcome=decision.outcome,
        reason=decision.summary,
        event_type=decision.event.event_type,
        event_id=decision.event.event_id,
        auth_result=decision.auth.result,
        auth_steps=decision.auth.steps,
        rules=tuple(start.rule for start in starts),
        digest=config.digest,
        snapshot=config.snapshot,
    )


def _steps_to_count(settled: Settled) -> tuple[AuthStep, ...]:
    """What the verifiers of a source found, by their entries.

    The auth of a handshake may be another than that of the source.
    """
    if isinstance(settled, Accepted | Ignored):
        return settled.auth.steps
    return () if isinstance(settled, Greeted) else settled.decision.auth.steps


def _tell(receipt: Receipt, duration: float) -> None:
    match receipt:
        case Taken(delivery, decision, tasks) | Repeated(delivery, decision, _, tasks):
            journal.delivery_decided(delivery, decision, receipt.outcome, tasks, duration)
        case (
            TurnedAway(delivery, unrecorded)
            | Greeted(delivery, unrecorded)
            | NotVerified(delivery, unrecorded)
        ):
            journal.delivery_decided(delivery, unrecorded, receipt.outcome, (), duration)
        case Limited(delivery, decision, reason, _):
            event_type = decision.event.event_type
            journal.delivery_limited(delivery, event_type, receipt.outcome, reason)
        case NoRoom():
            event_type = receipt.decision.event.event_type
            journal.delivery_without_room(
                receipt.delivery, event_type, receipt.outcome, receipt.reason
            )
        case NotRecorded(delivery, reason):
            journal.delivery_not_recorded(delivery, receipt.outcome, reason)
