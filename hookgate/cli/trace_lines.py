"""The trace of a decision as lines of text, for people."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence

from hookgate.cli.terminal import bad, dim, good, printable, shortened
from hookgate.core.explain import RuleTrace, Trace, ValueTrace
from hookgate.core.explain_tasks import TaskTrace
from hookgate.expr.values import json_text
from hookgate.model import JSON, AuthResult, Reply, RuleOutcome

_WIDTH = 10
_VALUE_WIDTH = 60


def trace_lines(trace: Trace, rules_file: str) -> Iterator[str]:
    """Everything that decided, step by step; `rules_file` is its name in places."""
    yield from paragraph("auth", _auth(trace))
    yield from paragraph("event", _event(trace))
    yield from paragraph("params", _aligned(trace.params))
    yield from paragraph("rules", _rules(trace, rules_file))
    if trace.rate_limit is not None:
        yield from paragraph("limit", [printable(trace.rate_limit)])
    yield from paragraph("outcome", [_outcome(trace)])
    if trace.reply is not None:
        yield from paragraph("answer", _reply(trace.reply))
    for task in trace.tasks:
        yield from paragraph("task", _task(task))


def paragraph(title: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    """Lines beside a title."""
    for number, line in enumerate(lines):
        yield f"{title if number == 0 else '':<{_WIDTH}}{line}"


def _auth(trace: Trace) -> Iterator[str]:
    for step in trace.auth.steps:
        if trace.auth.result is AuthResult.SKIPPED:
            yield dim(printable(f"{step.scheme}: skipped, {step.reason}"))
        else:
            colour = good if step.passed else bad
            word = "passed" if step.passed else "failed"
            yield f"{step.scheme}: {colour(word)}, {printable(step.reason)}"


def _event(trace: Trace) -> Iterator[str]:
    yield f"{_shown(trace.event_type.value or '-'):<24} {dim(trace.event_type.origin)}"
    if trace.event_id.value is not None:
        yield f"{'id ' + _shown(trace.event_id.value):<24} {dim(trace.event_id.origin)}"


def _aligned(values: Sequence[ValueTrace]) -> Iterator[str]:
    names = max((len(value.name) for value in values), default=0)
    texts = [_shown_value(value.value) for value in values]
    width = min(max(map(len, texts), default=0), _VALUE_WIDTH)
    for value, text in zip(values, texts, strict=True):
        yield f"{value.name:<{names}}  {text:<{width}}  {dim(printable(value.origin))}"


def _rules(trace: Trace, rules_file: str) -> Iterator[str]:
    ids = max((len(rule.id) for rule in trace.rules), default=0)
    conditions = [shortened(printable(rule.condition), _VALUE_WIDTH) for rule in trace.rules]
    width = max(map(len, conditions), default=0)
    for rule, condition in zip(trace.rules, conditions, strict=True):
        place = dim(f"{rules_file}:{rule.line}")
        yield f"{rule.id:<{ids}}  {condition:<{width}}  {_result(rule)}  {place}"
        if rule.condition not in (rule.reason, "True"):
            yield f"{'':<{ids}}  {dim(printable(rule.reason))}"


def _result(rule: RuleTrace) -> str:
    padded = f"{rule.result.value:<11}"
    colours = {RuleOutcome.TRUE: good, RuleOutcome.ERROR: bad}
    return colours.get(rule.result, dim)(padded)


def _outcome(trace: Trace) -> str:
    colours = {"accepted": good, "answered": good, "rejected": bad}
    word = colours.get(trace.outcome, dim)(trace.outcome)
    return f"{word}: {printable(trace.reason)}"


def _reply(reply: Reply) -> Iterator[str]:
    yield str(reply.status)
    yield from (printable(f"{name}: {value}") for name, value in reply.headers.items())
    if reply.json is not None:
        yield printable(json_text(dict(reply.json)))
    elif reply.text is not None:
        yield printable(reply.text)


def _task(task: TaskTrace) -> Iterator[str]:
    yield task.program
    yield printable(shlex.join(shortened(item, _VALUE_WIDTH) for item in task.argv))
    given = "" if task.stdin_bytes is None else f", {task.stdin_bytes} bytes on stdin"
    yield f"in {task.working_dir} for at most {task.timeout:g}s{given}"
    if task.key is not None:
        yield f"after all tasks before it with the key {_shown_value(task.key)}"
    if task.priority:
        yield f"with priority {task.priority}"
    if task.pause is not None:
        burst = f" with the key {_shown_value(task.pause.key)}" if task.pause.key else ""
        quiet = f"when {task.pause.wait:g}s have passed without another event{burst}"
        yield f"{quiet}, after {task.pause.max_wait:g}s at the latest"
    yield from (bad(printable(remark)) for remark in task.remarks)
    if task.fault is not None:
        yield bad(f"cannot run: {printable(task.fault)}")


def _shown(value: JSON) -> str:
    return shortened(printable(str(value)), _VALUE_WIDTH)


def _shown_value(value: JSON) -> str:
    """A value as a condition sees it: text in quotes, everything else as JSON or None."""
    if isinstance(value, str):
        return shortened(repr(value), _VALUE_WIDTH)
    return "None" if value is None else shortened(printable(json_text(value)), _VALUE_WIDTH)
