"""A replayed decision as text for people and as a JSON document."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

from hookgate.cli.terminal import bad, good, printable
from hookgate.cli.trace_lines import paragraph, trace_lines
from hookgate.core.explain import Trace
from hookgate.engine.replay import Replay
from hookgate.model import JSON, Reply
from hookgate.runners.runner import Result
from hookgate.server.views import rule_document, task_document

FORMAT_VERSION = 1


class Run(Struct, frozen=True):
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
    if trace.reply is not None:
        found["answer"] = _reply_document(trace.reply)
    if runs is not None:
        found["runs"] = [_run_document(run) for run in runs]
    return found


def report(replayed: Replay, rules_file: str, runs: Sequence[Run] | None) -> str:
    """The whole replay as text."""
    return "\n".join(
        [
            *paragraph("delivery", [_delivery(replayed)]),
            *trace_lines(replayed.trace, rules_file),
            "",
            *_epilogue(replayed.trace, runs),
        ]
    )


def _delivery(replayed: Replay) -> str:
    delivery = replayed.delivery
    media_type = delivery.headers.get("content-type", "no content type, read as JSON")
    return printable(f"{delivery.source}, {len(delivery.body)} bytes, {media_type}")


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


def _reply_document(reply: Reply) -> JSON:
    document: dict[str, JSON] = {"status": reply.status, "headers": dict(reply.headers)}
    if reply.json is not None:
        return document | {"json": dict(reply.json)}
    return document if reply.text is None else document | {"text": reply.text}


def _run_document(run: Run) -> JSON:
    return {
        "program": run.program,
        "exit_code": run.result.exit_code,
        "output": run.result.output,
        "stderr": run.result.stderr,
        "error": run.result.error,
    }
