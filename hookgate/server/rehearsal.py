"""What a delivery would be answered, with nothing recorded and nothing run."""

from __future__ import annotations

from hookgate.core.config import Config, Source
from hookgate.core.decide import decide
from hookgate.core.explain import explain
from hookgate.core.tasks import pending_task
from hookgate.engine.config_tests.comparing import Outcome
from hookgate.engine.receipts import Greeted, Receipt, Taken, TurnedAway
from hookgate.model import Accepted, Answered, Decision, Delivery, Rejected
from hookgate.server.answers import answer
from hookgate.server.requests import Refusal, too_large, wrong_method


def rehearse(config: Config, delivery: Delivery) -> Outcome:
    """Take a delivery through all that it would go through, at the time when it was received.

    As nothing is run, nothing is waited for either: a program with `run_async: false` gives the
    status that an answer has whose program has not ended in time.
    """
    source = config.sources[delivery.source]
    refusal = _refused_unread(delivery, source)
    if refusal is not None:
        return Outcome(refusal.status, Rejected.outcome, refusal.message, trace=None)
    decision = decide(config, delivery, delivery.received_at)
    return Outcome(
        status=answer(_receipt(delivery, decision), config).status,
        outcome=decision.outcome,
        reason=decision.summary,
        trace=explain(config, delivery, decision),
    )


def _refused_unread(delivery: Delivery, source: Source) -> Refusal | None:
    refusal = wrong_method(delivery.method, source)
    if refusal is None and len(delivery.body) > source.max_body:
        return too_large(source.max_body)
    return refusal


def _receipt(delivery: Delivery, decision: Decision) -> Receipt:
    if isinstance(decision, Rejected):
        return TurnedAway(delivery, decision)
    if isinstance(decision, Answered):
        return Greeted(delivery, decision)
    starts = decision.starts if isinstance(decision, Accepted) else ()
    tasks = tuple(pending_task("", delivery, decision.event, start) for start in starts)
    return Taken(delivery, decision, tasks)
