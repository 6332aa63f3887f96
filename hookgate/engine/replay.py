"""Putting a payload through the decision without a server, to see what would happen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial

from msgspec import Struct
from msgspec.structs import replace

from hookgate.auth.verifier import Verifier
from hookgate.core.config import Config, FromValue, Source
from hookgate.core.decide import decide, decide_asking
from hookgate.core.explain import Trace, explain
from hookgate.core.programs import Program
from hookgate.core.tasks import pending_task
from hookgate.engine.ids import Clock, Ids
from hookgate.engine.redaction import redacted
from hookgate.model import Accepted, Authentication, AuthResult, AuthStep, Decision, Delivery, Task
from hookgate.runners.runner import Result, Runner, Work


class Replay(Struct, frozen=True):
    """What would happen to a delivery, and why."""

    delivery: Delivery
    decision: Decision
    trace: Trace


def with_event_type(config: Config, source: str, event_type: str) -> Config:
    """The configuration with a source whose events all have this type."""
    types = (FromValue(event_type, "--event-type"),)
    changed = dataclasses.replace(config.sources[source], event_type=types)
    sources: Mapping[str, Source] = {**config.sources, source: changed}
    return replace(config, sources=sources)


def replay(config: Config, delivery: Delivery, skip_auth: str | None) -> Replay:
    """Decide as `serve` does, at the time the delivery was received.

    `skip_auth` tells why its credentials are not checked; None checks them.
    """
    if skip_auth is None:
        decision = decide(config, delivery, delivery.received_at)
    else:
        skip = partial(_skipped, skip_auth)
        decision = decide_asking(skip, config.sources[delivery.source], delivery)
    return Replay(delivery, decision, explain(config, delivery, decision))


def _skipped(reason: str, verifiers: tuple[Verifier, ...]) -> Authentication:
    steps = tuple(AuthStep(verifier.scheme, False, reason) for verifier in verifiers)
    return Authentication(AuthResult.SKIPPED, steps)


async def run_replayed(
    config: Config, replayed: Replay, runner: Runner[Program], clock: Clock
) -> list[tuple[Task, Result]]:
    """Run what the decision starts, one after the other."""
    if not isinstance(replayed.decision, Accepted):
        return []
    ids = Ids(clock)
    source = config.sources[replayed.delivery.source]
    delivery = redacted(replayed.delivery, source)  # as one from the store, which programs get
    results = []
    for start in replayed.decision.starts:
        task = pending_task(ids.next(), replayed.delivery, replayed.decision.event, start)
        work = Work(task, delivery, attempt=1, content_type=source.content_type)
        results.append((task, await runner.run(config.programs[task.program], work)))
    return results
