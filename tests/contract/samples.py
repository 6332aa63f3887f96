"""Records for the tests of stores: plausible where a test does not say otherwise."""

from __future__ import annotations

import time
from itertools import count
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from hookgate.core.backlog import NO_LIMIT, Backlog
from hookgate.model import Attempt, AuthResult, AuthStep, Delivery, Task, TaskStatus
from hookgate.stores.store import Claim, RecordResult, Store, StoredDecision

_numbers = count(time.time_ns() << 64)  # other processes of a test have others

START = 1_700_000_000.0


def new_id() -> str:
    """A UUID whose text is greater than all before."""
    return str(UUID(int=next(_numbers)))


class Sample(Struct, frozen=True):
    """What one `record` takes."""

    delivery: Delivery
    decision: StoredDecision
    tasks: tuple[Task, ...]

    async def record_in(self, store: Store, most: Backlog = NO_LIMIT) -> RecordResult:
        return await store.record(self.delivery, self.decision, self.tasks, most)


def sample(
    *, source: str = "github", event_id: str | None = None, programs: tuple[str, ...] = ("deploy",),
    outcome: str = "accepted", event_type: str = "push", at: float = START, body: bytes = b"{}",
    **of_tasks: Any,
) -> Sample:  # fmt: skip
    """A delivery received `at` that time, with one task for each of `programs`.

    `of_tasks` are fields that its tasks have besides.
    """
    delivery = Delivery(
        id=new_id(),
        source=source,
        received_at=at,
        method="POST",
        path=f"/{source}",
        query={"from": "test"},
        headers={"content-type": "application/json", "x-name": "caf\xe9"},
        body=body,
        peer="192.0.2.7",
    )
    decision = StoredDecision(
        outcome=outcome,
        reason="" if outcome == "accepted" else "no rule held",
        event_type=event_type,
        event_id=event_id,
        auth_result=AuthResult.PASSED,
        auth_steps=(AuthStep("signature", passed=True, reason="it matches", secret_index=1),),
        rules=("push[0]",),
        digest="d1",
        snapshot="version: 1\n",
    )
    tasks = tuple(replace(_task(delivery, decision, each), **of_tasks) for each in programs)
    return Sample(delivery, decision, tasks if outcome == "accepted" else ())


def _task(delivery: Delivery, decision: StoredDecision, program: str) -> Task:
    return Task(
        id=new_id(),
        delivery_id=delivery.id,
        source=delivery.source,
        event_type=decision.event_type,
        event_id=decision.event_id,
        rule="push[0]",
        program=program,
        params={"ref": "refs/heads/main"},
        status=TaskStatus.PENDING,
        created_at=delivery.received_at,
        next_attempt_at=delivery.received_at,
    )


def ended(claim: Claim, **changes: Any) -> Attempt:
    """The claim's attempt as it would be handed to `finish`."""
    attempt = replace(
        claim.attempt,
        status=TaskStatus.COMPLETED,
        finished_at=claim.attempt.started_at + 1,
        exit_code=0,
        output="done\n",
    )
    return replace(attempt, **changes)


def failed(claim: Claim) -> Attempt:
    """The claim's attempt, ended badly."""
    return ended(claim, status=TaskStatus.FAILED, exit_code=3, stderr="no\n", error="exit 3: no")
