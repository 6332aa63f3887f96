"""A replayed decision as text for people and as a JSON document."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hookgate.cli.terminal import bad, dim, good, printable, shortened
from hookgate.core.explain import RuleTrace, TaskTrace, Trace, ValueTrace
from hookgate.engine.replay import Replay
from hookgate.expr.values import json_text
from hookgate.model import JSON, AuthResult, RuleOutcome
from hookgate.runners.runner import Result
from hookgate.server.views import rule_document, task_document

FORMAT_VERSION = 1

_WIDTH = 10
_VALUE_WIDTH = 60


@dataclass(frozen=True, slots=True)
class Run:
    """A program that was run and how that ended."""

    program: str
    result: Result


def document(replayed: Replay, runs: Sequence[Run] | None) -> JSON:
    """The whole replay as JSON; `runs` is None where nothing was to be run."""
    trace = replayed.trace
    auth: JSON = {"result": trace.auth.result.value, "reason": trace.auth.reason}
    found: dict[str, JSON] = {
        "format_version": FORMAT_VERSION,
        "source": trace.source,
        "event_type": trace.event_type.value,
        "event_id": trace.event_id.value,
        "auth": auth,
        "params": {param.name: param.value for param in trace.params},
        "rules": [rule_document(rule) for rule in trace.rules],
        "outcome": trace.outcome,
        "reason": trace.reason,
        "tasks": [task_document(task) for task in trace.tasks],
    }
    if runs is not None:
        found["runs"] = [_run_document(run) for run in runs]
    return found


def report(replayed: Replay, rules_file: str, runs: Sequence[Run] | None) -> str:
    """The whole replay as text."""
    return "\n".join(
        [
            *_paragraph("delivery", [_delivery(replayed)]),
            *_paragraph("auth", _auth(replayed.trace)),
            *_paragraph("event", _event(replayed.trace)),
            *_paragraph("params", _aligned(replayed.trace.params)),
            *_paragraph("rules", _rules(replayed.trace, rules_file)),
            *_paragraph("outcome", [_outcome(replayed.trace)]),
            *(line for task in replayed.trace.tasks for line in _paragraph("task", _task(task))),
            "",
            *_epilogue(replayed.trace, runs),
        ]
    )


def _paragraph(title: str, lines: Sequence[str] | Iterator[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"{title if number == 0 else '':<{_WIDTH}}{line}"


def _delivery(replayed: Replay) -> str:
    delivery = replayed.delivery
    media_type = delivery.headers.get("content-type", "no content type, read as JSON")
    return printable(f"{delivery.source}, {len(delivery.body)} bytes, {media_type}")


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
    colours = {"accepted": good, "rejected": bad}
    word = colours.get(trace.outcome, dim)(trace.outcome)
    return f"{word}: {printable(trace.reason)}"


def _task(task: TaskTrace) -> Iterator[str]:
    yield task.program
    yield printable(shlex.join(shortened(item, _VALUE_WIDTH) for item in task.argv))
    yield f"in {task.working_dir} for at most {task.timeout:g}s, {task.stdin_bytes} bytes on stdin"
    if task.fault is not None:
        yield bad(f"cannot run: {printable(task.fault)}")


def _epilogue(trace: Trace, runs: Sequence[Run] | None) -> Iterator[str]:
    if not trace.tasks:
        yield "nothing was run; there was nothing to run"
    elif runs is None:
        yield "nothing was run; add --run to run it"
    else:
        for run in runs:
            yield from _run(run)


def _run(run: Run) -> Iterator[str]:
    if run.result.error is None:
        yield f"ran {run.program}: {good('completed')}, exit {run.result.exit_code}"
    else:
        yield f"ran {run.program}: {bad('failed')}, {printable(run.result.error)}"
    for name, text in (("output", run.result.output), ("stderr", run.result.stderr)):
        yield from (f"  {name} | {printable(line)}" for line in text.splitlines())


def _run_document(run: Run) -> JSON:
    return {
        "program": run.program,
        "exit_code": run.result.exit_code,
        "output": run.result.output,
        "stderr": run.result.stderr,
        "error": run.result.error,
    }


def _shown(value: JSON) -> str:
    return shortened(printable(str(value)), _VALUE_WIDTH)


def _shown_value(value: JSON) -> str:
    """A value as a condition sees it: text in quotes, everything else as JSON or None."""
    if isinstance(value, str):
        return shortened(repr(value), _VALUE_WIDTH)
    return "None" if value is None else shortened(printable(json_text(value)), _VALUE_WIDTH)
