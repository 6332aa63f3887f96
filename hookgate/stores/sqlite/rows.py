"""How records become rows, and rows become records again.

What has no column of its own is kept as JSON. Text that UTF-8 cannot hold (a lone surrogate, which
a payload may well spell as ``"\\ud800"``) is kept as bytes in its column.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any, TypeAlias

import orjson

from hookgate.expr.values import ExactFloat, json_text
from hookgate.model import (
    JSON,
    Attempt,
    AuthResult,
    AuthStep,
    Burst,
    Delivery,
    Task,
    TaskStatus,
    Trigger,
)
from hookgate.stores.store import StoredDecision

Value: TypeAlias = "str | bytes | float | int | None"
Row: TypeAlias = tuple[Value, ...]


def storable(value: Value) -> Value:
    """The value as sqlite3 takes it: text that UTF-8 cannot hold becomes bytes."""
    if not isinstance(value, str) or value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogatepass")
    return value


def storable_row(*values: Value) -> Row:
    """The values of a row, each `storable`."""
    if "".join([value for value in values if isinstance(value, str)]).isascii():
        return values  # as most are, and one look costs less than one at each
    return tuple(map(storable, values))


def delivery_row(delivery: Delivery, decision: StoredDecision) -> Row:
    """The columns of a delivery in the order of `insert_delivery.sql`."""
    return storable_row(
        delivery.id,
        delivery.source,
        decision.event_type,
        decision.event_id,
        decision.outcome,
        decision.reason,
        delivery.received_at,
        delivery.method,
        delivery.path,
        _to_json(dict(delivery.query)),
        _to_json(dict(delivery.headers)),
        delivery.peer,
        _to_json({"result": decision.auth_result, "steps": _findings(decision.auth_steps)}),
        _to_json(decision.rules),
        decision.digest,
        delivery.body,
    )


def configuration_row(delivery: Delivery, decision: StoredDecision) -> Row:
    """The columns of the configuration that decided, in the order of `keep_configuration.sql`."""
    return storable_row(decision.digest, delivery.received_at, decision.snapshot)


def delivery_of(row: sqlite3.Row) -> Delivery:
    """The delivery of a row that has its columns."""
    values = _readable(row)
    return Delivery(
        id=values["id"],
        source=values["source"],
        received_at=values["received_at"],
        method=values["method"],
        path=values["path"],
        query=_from_json(values["query"]),
        headers=_from_json(values["headers"]),
        body=row["body"],
        peer=values["peer"],
    )


def decision_of(row: sqlite3.Row) -> StoredDecision:
    """The decision of a row that has a delivery's columns and a `snapshot`."""
    values = _readable(row)
    auth = _from_json(values["auth"])
    return StoredDecision(
        outcome=values["outcome"],
        reason=values["reason"],
        event_type=values["event_type"],
        event_id=values["event_id"],
        auth_result=AuthResult(auth["result"]),
        auth_steps=tuple(AuthStep(**step) for step in auth["steps"]),
        rules=tuple(_from_json(values["rules"])),
        digest=values["digest"],
        snapshot=values["snapshot"],
    )


BURST_COLUMNS = 5
"""How many columns of a task to insert, the last ones, depend on the burst that it belongs to."""


def task_row(task: Task) -> Row:
    """The columns of a pending task in the order of `insert_task.sql`.

    One that does not wait out a burst is due at once, whatever `next_attempt_at` and the clock say.

    Raises `ValueError` for params that JSON cannot hold (an infinite number).
    """
    return storable_row(
        task.id,
        task.delivery_id,
        task.source,
        task.event_type,
        task.event_id,
        task.rule,
        task.program,
        _params_to_json(task.params),
        task.created_at,
        task.key,
        task.priority,
        task.next_attempt_at,
        None if task.burst is None else task.burst.key,
        None if task.burst is None else task.burst.ends_at,
        task.burst is not None,
        None,  # its turn: that of its arrival
    )


def task_of(row: sqlite3.Row) -> Task:
    """The task of a row of `tasks`."""
    values = _readable(row)
    return Task(
        id=values["id"],
        delivery_id=values["delivery_id"],
        source=values["source"],
        event_type=values["event_type"],
        event_id=values["event_id"],
        rule=values["rule"],
        program=values["program"],
        params=_params_decoder.decode(values["params"]),
        status=TaskStatus(values["status"]),
        created_at=values["created_at"],
        next_attempt_at=values["next_attempt_at"],
        started_at=values["started_at"],
        finished_at=values["finished_at"],
        attempts=values["attempts"],
        attempts_before=values["attempts_before"],
        cut_short=values["cut_short"],
        error=values["error"],
        key=values["key"],
        priority=values["priority"],
        burst=_burst_of(values),
        superseded_by=values["superseded_by"],
    )


def _burst_of(values: Mapping[str, Any]) -> Burst | None:
    if values["burst_key"] is None:
        return None
    return Burst(values["burst_key"], values["burst_ends_at"])


def attempt_of(row: sqlite3.Row) -> Attempt:
    """The attempt of a row of `attempts`."""
    values = _readable(row)
    return Attempt(
        task_id=values["task_id"],
        number=values["number"],
        trigger=Trigger(values["trigger"]),
        status=TaskStatus(values["status"]),
        started_at=values["started_at"],
        finished_at=values["finished_at"],
        exit_code=values["exit_code"],
        output=values["output"],
        stderr=values["stderr"],
        error=values["error"],
    )


def finished_attempt_row(attempt: Attempt) -> Row:
    """What is known of an attempt once it has ended, in the order of `finish_attempt.sql`."""
    return storable_row(
        attempt.status,
        attempt.finished_at,
        attempt.exit_code,
        attempt.error,
        attempt.output,
        attempt.stderr,
        attempt.task_id,
        attempt.number,
    )


def ids_to_json(ids: Iterable[str]) -> str:
    """Ids as a JSON list, for `json_each`: one statement for many."""
    return _to_json(list(ids))


def _findings(steps: Iterable[AuthStep]) -> list[dict[str, Value]]:
    """What verifiers found; what they wished for is of use only while a delivery is answered."""
    return [
        {
            "scheme": step.scheme,
            "passed": step.passed,
            "reason": step.reason,
            "secret_index": step.secret_index,
        }
        for step in steps
    ]


def _readable(row: sqlite3.Row) -> dict[str, Any]:
    """The row by column, with what `storable` made bytes made text again."""
    return {
        name: value if name == "body" or not isinstance(value, bytes) else _text(value)
        for name, value in zip(row.keys(), row, strict=True)
    }


def _text(kept: bytes) -> str:
    return kept.decode("utf-8", "surrogatepass")


# --- JSON -----------------------------------------------------------------------------------

# orjson is ten times as fast, and refuses what is not Unicode.
_lenient_encoder = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=asdict)
_from_json = json.JSONDecoder().decode
# Not `parse_json`: what a payload may nest, a param may nest once more inside the object of params.
_params_decoder = json.JSONDecoder(parse_float=ExactFloat)


def _to_json(value: object) -> str:
    try:
        return orjson.dumps(value).decode()
    except orjson.JSONEncodeError:
        return _lenient_encoder.encode(value)


def _params_to_json(params: Mapping[str, JSON]) -> str:
    if all(type(value) is str for value in params.values()):
        return _to_json(dict(params))
    text = json_text(dict(params))
    _params_decoder.decode(text)  # what could not be read back would spoil every claim
    return text
