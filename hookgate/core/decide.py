"""The decision about a delivery, pure: verify, read, select, try the rules.

`serve`, `replay` and `test` all decide with this module and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import takewhile

from hookgate.auth.verifier import Verifier
from hookgate.core.authenticate import Ask, authenticate, unauthentic
from hookgate.core.bodies import BodyFault, read_body
from hookgate.core.config import ANY_EVENT_TYPE, Config, PayloadSchema, Rule, Source
from hookgate.core.handshakes import after_auth, before_auth
from hookgate.core.keys import order_key, pause_of
from hookgate.core.selectors import ParamFault, View, read_params, select_text, view_of
from hookgate.errors import EvaluationError
from hookgate.model import (
    JSON,
    Accepted,
    Authentication,
    AuthResult,
    Decision,
    Delivery,
    Event,
    Ignored,
    Rejected,
    Rejection,
    Start,
)

UNKNOWN_EVENT_TYPE = "unknown"


def decide(config: Config, delivery: Delivery, now: float) -> Decision:
    """Decide about a delivery for one of the configured sources at the time `now`."""

    def ask(verifiers: tuple[Verifier, ...]) -> Authentication:
        return authenticate(verifiers, delivery, now)

    return decide_asking(ask, config.sources[delivery.source], delivery)


def decide_asking(ask: Ask, source: Source, delivery: Delivery) -> Decision:
    """Decide about a delivery whose credentials `ask` judges."""
    if source.handshakes and (handshake := before_auth(source, delivery, ask)) is not None:
        return handshake
    auth = ask(source.auth)
    if auth.result is AuthResult.FAILED:
        return unauthentic(auth)
    return decide_authentic(source, delivery, auth)


def reject_unread(config: Config, head: Delivery, now: float) -> Rejected | None:
    """The rejection that `decide` will come to whatever the body is, where the head shows it.

    Verifiers are asked in the same order and with the same end, up to the first that has to see
    the body. What may turn out to be a handshake that asks for less is left to `decide`, and so is
    what fails for want of keys that can be fetched.
    """
    source = config.sources[head.source]
    own = [each for each in source.handshakes if each.method == head.method]
    if head.method not in source.methods or any(each.auth is not None for each in own):
        return None
    first = takewhile(lambda verifier: not verifier.needs_body, source.auth)
    auth = authenticate(tuple(first), head, now)
    if auth.result is AuthResult.PASSED or auth.steps[-1].wants is not None:
        return None
    return unauthentic(auth)


def decide_authentic(source: Source, delivery: Delivery, auth: Authentication) -> Decision:
    """Decide about a delivery whose credentials have been dealt with."""
    body = read_body(delivery.headers, delivery.body, source.content_type)
    if isinstance(body, BodyFault):
        return Rejected(auth, body.rejection, body.message, body.message)
    return decide_read(source, delivery, body.payload, auth)


def decide_read(
    source: Source, delivery: Delivery, payload: JSON, auth: Authentication
) -> Decision:
    """Decide about a delivery whose body has been read."""
    view = view_of(source, delivery, payload)
    if source.handshakes and (handshake := after_auth(source, delivery, view, auth)) is not None:
        return handshake
    event = Event(
        source=source.name,
        event_type=select_text(source.event_type, view) or UNKNOWN_EVENT_TYPE,
        event_id=select_text(source.event_id, view),
        payload=payload,
    )
    return _decide_event(source, event, view, auth)


def rule_list_for(source: Source, event_type: str) -> str | None:
    """The event type whose rules serve `event_type`: itself, ``"*"``, or None for no rules."""
    if event_type in source.rules:
        return event_type
    return ANY_EVENT_TYPE if ANY_EVENT_TYPE in source.rules else None


def condition_values(event: Event, view: View, params: Mapping[str, JSON]) -> dict[str, JSON]:
    """Every name that a condition can use, with its value."""
    return {
        **params,
        "event_type": event.event_type,
        "source": event.source,
        "payload": event.payload,
        "headers": dict(view.headers),
        "query": dict(view.query),
    }


def _decide_event(source: Source, event: Event, view: View, auth: Authentication) -> Decision:
    findings = _schema_findings(source, event)
    if findings:
        return _unfit(auth, event, "the payload does not fit its schema: " + "; ".join(findings))
    rule_list = rule_list_for(source, event.event_type)
    if rule_list is None:
        reason = f"no rules for event type {event.event_type!r}"
        return Ignored(auth, event, None, reason)
    params = read_params(source.params, view)
    if isinstance(params, ParamFault):
        return _unfit(auth, event, f"param {params.param} {params.reason}")
    values = condition_values(event, view, params)
    holding, errors = _try_rules(source, rule_list, values)
    if holding:
        starts = tuple(_start(rule, params, values) for rule in holding)
        return Accepted(auth, event, rule_list, starts)
    return Ignored(auth, event, rule_list, _none_held(event.event_type, errors))


def _schema_findings(source: Source, event: Event) -> list[str]:
    schema: PayloadSchema | None = source.payload_schemas.get(event.event_type)
    if schema is None:
        schema = source.payload_schemas.get(ANY_EVENT_TYPE)
    return [] if schema is None else schema.findings(event.payload)


def _try_rules(
    source: Source, rule_list: str, values: Mapping[str, JSON]
) -> tuple[list[Rule], int]:
    """The rules that hold, in order, and how many of those before could not be evaluated."""
    narrowed = source.index[rule_list].narrow(values)
    holding, errors = [], narrowed.failing
    for position in narrowed.candidates:
        rule = source.rules[rule_list][position]
        try:
            held = rule.condition.holds(values)
        except EvaluationError:
            errors += 1
            continue
        if held:
            holding.append(rule)
            if source.match == "first":
                break
    return holding, errors


def _start(rule: Rule, params: Mapping[str, JSON], values: Mapping[str, JSON]) -> Start:
    return Start(
        rule=rule.id,
        program=rule.program,
        params=params,
        key=order_key(rule.key, values),
        priority=rule.priority,
        pause=pause_of(rule.debounce, values),
    )


def _none_held(event_type: str, errors: int) -> str:
    suffix = f" ({errors} could not be evaluated)" if errors else ""
    return f"no rule of {event_type} held{suffix}"


def _unfit(auth: Authentication, event: Event, message: str) -> Rejected:
    return Rejected(auth, Rejection.UNFIT, message, message, event)
