"""The decision told in full: where each value came from, why each rule held or did not.

A `Trace` is derived from a delivery and its decision whenever somebody asks, so a sender never
waits for it. It holds nothing secret: credentials are not in a `View`, and what came from the
environment is shown as ``${NAME}``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from hookgate.core.bodies import Body, read_body
from hookgate.core.config import Config, Param, Rule, Selector, Source
from hookgate.core.decide import condition_values, rule_list_for
from hookgate.core.explain_tasks import TaskTrace, from_environment, trace_tasks
from hookgate.core.selectors import (
    ParamFault,
    Unconvertible,
    View,
    convert,
    describe,
    look_up,
    read_params,
    view_of,
)
from hookgate.errors import EvaluationError
from hookgate.expr.paths import Found
from hookgate.expr.values import for_show
from hookgate.model import (
    JSON,
    Answered,
    Authentication,
    Decision,
    Delivery,
    Event,
    Rejected,
    Reply,
    RuleOutcome,
)


class ValueTrace(Struct, frozen=True):
    """A value and how it was come by, e.g. ``from issue.key``."""

    name: str
    value: JSON
    origin: str


class RuleTrace(Struct, frozen=True):
    """One rule: `reason` is the condition with its values filled in, or what went wrong."""

    id: str
    line: int
    name: str | None
    condition: str
    result: RuleOutcome
    reason: str
    program: str


class Trace(Struct, frozen=True):
    """Everything that decided about one delivery, in the order in which it was decided.

    `reply` is what a handshake is answered, `rate_limit` the limit that the source has, in words.
    """

    source: str
    auth: Authentication
    event_type: ValueTrace
    event_id: ValueTrace
    params: tuple[ValueTrace, ...]
    rules: tuple[RuleTrace, ...]
    outcome: str
    reason: str
    tasks: tuple[TaskTrace, ...]
    rate_limit: str | None = None
    reply: Reply | None = None


def explain(config: Config, delivery: Delivery, decision: Decision) -> Trace:
    """Tell how `decision` came about. `config` is the configuration that decided."""
    source = config.sources[delivery.source]
    body = read_body(delivery.headers, delivery.body, source.content_type)
    event = decision.event
    view = view_of(source, delivery, body.payload if isinstance(body, Body) else None)
    params = () if event is None else _trace_params(source, event, view)
    return Trace(
        source=source.name,
        auth=decision.auth,
        event_type=_trace_text("event_type", source.event_type, view, event),
        event_id=_trace_text("event_id", source.event_id, view, event),
        params=params,
        rules=() if event is None else _trace_rules(source, event, view, decision),
        outcome=decision.outcome,
        reason=decision.summary,
        tasks=trace_tasks(config, delivery, view, decision),
        rate_limit=None if source.rate_limit is None else str(source.rate_limit),
        reply=_shown_reply(decision.reply) if isinstance(decision, Answered) else None,
    )


def _trace_text(
    name: Literal["event_type", "event_id"], selector: Selector, view: View, event: Event | None
) -> ValueTrace:
    if event is None:
        return ValueTrace(name, None, "not looked for")
    value: str | None = getattr(event, name)
    for choice in selector:
        if isinstance(look_up(choice, view), Found):
            return ValueTrace(name, value, f"from {describe(choice)}")
    return ValueTrace(name, value, _missing(selector, view) or "none is configured")


def _trace_params(source: Source, event: Event, view: View) -> tuple[ValueTrace, ...]:
    if rule_list_for(source, event.event_type) is None:
        return ()
    traces = (_trace_param(param, view) for param in source.params)
    return tuple(replace(trace, value=for_show(trace.value)) for trace in traces)


def _trace_param(param: Param, view: View) -> ValueTrace:
    for choice in param.selector:
        found = look_up(choice, view)
        if isinstance(found, Found):
            return _trace_found(param, found.value, f"from {describe(choice)}")
    missing = _missing(param.selector, view)
    if param.required:
        return ValueTrace(param.name, None, f"required; {missing}")
    if param.default is None:
        return ValueTrace(param.name, None, missing)
    return ValueTrace(param.name, param.default, f"default; {missing}")


def _trace_found(param: Param, value: JSON, origin: str) -> ValueTrace:
    if param.type is None:
        return ValueTrace(param.name, value, origin)
    converted = convert(value, param.type)
    if isinstance(converted, Unconvertible):
        return ValueTrace(param.name, value, f"{origin}; {converted.found}, not {param.type}")
    return ValueTrace(param.name, converted, f"{origin} as {param.type}")


def _missing(selector: Selector, view: View) -> str:
    """Where each choice stopped: ``issue.fields.priority is missing in the payload``."""
    stops = []
    for choice in selector:
        found = look_up(choice, view)
        if not isinstance(found, Found):
            stops.append(describe_missing(describe(choice), found.at))
    return ", ".join(stops)


def describe_missing(place: str, at: str) -> str:
    """A place that gave nothing, in words; `at` is how far a path got."""
    if place.startswith(("header ", "query parameter ")):
        return f"{place} is missing"
    return f"{at} is missing in the payload"


def _trace_rules(
    source: Source, event: Event, view: View, decision: Decision
) -> tuple[RuleTrace, ...]:
    if isinstance(decision, Rejected | Answered) or decision.rule_list is None:
        return ()
    params = read_params(source.params, view)
    if isinstance(params, ParamFault):
        return ()
    values = condition_values(event, view, params)
    traces: list[RuleTrace] = []
    reached = True
    for rule in source.rules[decision.rule_list]:
        traces.append(_try_rule(rule, values) if reached else _not_reached(rule))
        if traces[-1].result is RuleOutcome.TRUE and source.match == "first":
            reached = False
    return tuple(traces)


def _try_rule(rule: Rule, values: Mapping[str, JSON]) -> RuleTrace:
    try:
        held = rule.condition.holds(values)
    except EvaluationError as error:
        return _trace_rule(rule, RuleOutcome.ERROR, _reason(rule, values, str(error)))
    result = RuleOutcome.TRUE if held else RuleOutcome.FALSE
    return _trace_rule(rule, result, _reason(rule, values))


def _not_reached(rule: Rule) -> RuleTrace:
    return _trace_rule(rule, RuleOutcome.NOT_REACHED, "an earlier rule held")


def _trace_rule(rule: Rule, result: RuleOutcome, reason: str) -> RuleTrace:
    return RuleTrace(
        id=rule.id,
        line=rule.line,
        name=rule.name,
        condition=rule.shown,
        result=result,
        reason=reason,
        program=rule.program,
    )


def _reason(rule: Rule, values: Mapping[str, JSON], cause: str | None = None) -> str:
    """The condition with its values filled in, or why it could not be evaluated."""
    if from_environment(rule.condition, rule.shown, values):
        failed = "could not be evaluated; " if cause is not None else ""
        return f"{failed}it holds a value from the environment, which is not shown"
    return rule.condition.filled_in(values) if cause is None else cause


def _shown_reply(reply: Reply) -> Reply:
    """An answer with what came from the environment as it was written."""
    return Reply(
        status=reply.status,
        headers={name: str(for_show(value)) for name, value in reply.headers.items()},
        text=None if reply.text is None else str(for_show(reply.text)),
        json=None if reply.json is None else {k: for_show(v) for k, v in reply.json.items()},
    )
