"""Tasks, deliveries and traces as JSON documents."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

from hookgate.core.explain import RuleTrace, Trace, ValueTrace
from hookgate.core.explain_tasks import TaskTrace
from hookgate.model import JSON, Attempt, Authentication, AuthResult, AuthStep, Pause, Task
from hookgate.stores.store import StoredDelivery, TaskHistory


def moment(at: float | None) -> str | None:
    """A time as ISO 8601 in UTC with milliseconds."""
    if at is None:
        return None
    text = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def task_status(task: Task) -> dict[str, JSON]:
    """What anyone who knows the task's id may read."""
    return {
        "task_id": task.id,
        "status": task.status.value,
        "created_at": moment(task.created_at),
        "started_at": moment(task.started_at),
        "finished_at": moment(task.finished_at),
    }


def task_summary(task: Task) -> dict[str, JSON]:
    """A task in a list."""
    return task_status(task) | {
        "delivery_id": task.delivery_id,
        "source": task.source,
        "event_type": task.event_type,
        "event_id": task.event_id,
        "rule": task.rule,
        "program": task.program,
        "key": task.key,
        "priority": task.priority,
        "attempt_count": task.attempts,
        "next_attempt_at": None if task.status.ended else moment(task.next_attempt_at),
        "error": task.error,
        "superseded_by": task.superseded_by,
    }


def task_detail(history: TaskHistory) -> dict[str, JSON]:
    """A task with its params and attempts; the last attempt's result stands beside them."""
    attempts: list[JSON] = [_attempt(attempt) for attempt in history.attempts]
    document = task_summary(history.task) | {"params": dict(history.task.params)}
    if history.attempts:
        last = history.attempts[-1]
        document |= {"exit_code": last.exit_code, "output": last.output, "stderr": last.stderr}
    return document | {"attempts": attempts}


def delivery_summary(stored: StoredDelivery) -> dict[str, JSON]:
    """A delivery in a list."""
    return {
        "delivery_id": stored.delivery.id,
        "source": stored.delivery.source,
        "event_type": stored.decision.event_type,
        "event_id": stored.decision.event_id,
        "received_at": moment(stored.delivery.received_at),
        "outcome": stored.decision.outcome,
        "reason": stored.decision.reason,
        "tasks": [task_summary(task) for task in stored.tasks],
    }


def delivery_detail(stored: StoredDelivery, trace: Trace | None) -> dict[str, JSON]:
    """A delivery as it arrived, with the trace of its decision."""
    return delivery_summary(stored) | {
        "method": stored.delivery.method,
        "path": stored.delivery.path,
        "peer": stored.delivery.peer,
        "query": dict(stored.delivery.query),
        "headers": dict(stored.delivery.headers),
        **_body(stored.delivery.body),
        "config_digest": stored.decision.digest,
        "trace": None if trace is None else trace_document(trace),
    }


def trace_document(trace: Trace) -> dict[str, JSON]:
    """A trace in full."""
    return {
        "auth": auth_document(trace.auth),
        "event_type": _value(trace.event_type),
        "event_id": _value(trace.event_id),
        "params": {param.name: _value(param) for param in trace.params},
        "rules": [rule_document(rule) | {"id": rule.id} for rule in trace.rules],
        "rate_limit": trace.rate_limit,
        "outcome": trace.outcome,
        "reason": trace.reason,
        "tasks": [task_document(task) for task in trace.tasks],
    }


def auth_document(auth: Authentication) -> dict[str, JSON]:
    """What came of checking credentials, step by step."""
    steps: list[JSON] = [
        {
            "type": step.scheme,
            "result": _step_result(auth, step),
            "reason": step.reason,
            "secret_index": step.secret_index,
        }
        for step in auth.steps
    ]
    return {"result": auth.result.value, "reason": auth.reason, "steps": steps}


def _step_result(auth: Authentication, step: AuthStep) -> str:
    if auth.result is AuthResult.SKIPPED:
        return auth.result.value
    return (AuthResult.PASSED if step.passed else AuthResult.FAILED).value


def rule_document(rule: RuleTrace) -> dict[str, JSON]:
    """One rule of a trace."""
    return {
        "line": rule.line,
        "name": rule.name,
        "condition": rule.condition,
        "result": rule.result.value,
        "reason": rule.reason,
    }


def task_document(task: TaskTrace) -> dict[str, JSON]:
    """What would run, of a trace."""
    document: dict[str, JSON] = {
        "program": task.program,
        "argv": list(task.argv),
        "env": dict(task.env),
        "key": task.key,
        "priority": task.priority,
        "debounce": _debounce(task.pause),
        "remarks": list(task.remarks),
    }
    return document if task.fault is None else document | {"fault": task.fault}


def _debounce(pause: Pause | None) -> JSON:
    if pause is None:
        return None
    return {"key": pause.key, "wait_s": pause.wait, "max_wait_s": pause.max_wait}


def _value(value: ValueTrace) -> dict[str, JSON]:
    return {"value": value.value, "origin": value.origin}


def _body(raw: bytes) -> dict[str, JSON]:
    try:
        return {"body": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"body_base64": base64.b64encode(raw).decode("ascii")}


def _attempt(attempt: Attempt) -> dict[str, JSON]:
    return {
        "number": attempt.number,
        "trigger": attempt.trigger.value,
        "status": attempt.status.value,
        "started_at": moment(attempt.started_at),
        "finished_at": moment(attempt.finished_at),
        "exit_code": attempt.exit_code,
        "output": attempt.output,
        "stderr": attempt.stderr,
        "error": attempt.error,
    }
