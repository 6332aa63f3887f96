"""Log lines."""

from __future__ import annotations

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.cli.logs import JsonLines, TextLines

WORDS = st.text() | st.sampled_from(["a\nb", "\x1b[31m", "\u2028", "\x85", "\x7f", "\ud800"])


def record(event: str, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("hookgate", logging.INFO, "", 0, event, None, None)
    made.created = 1_000_000_000.0625
    made.fields = fields
    return made


def delivery(**changed: object) -> logging.LogRecord:
    fields: dict[str, object] = {
        "source": "jira",
        "event_type": None,
        "outcome": "ignored",
        "reason": "no rules",
        "delivery_id": "d-1",
        "duration_ms": 1.5,
        "peer": "192.0.2.1",
    }
    return record("delivery", **fields | changed)


def test_a_delivery_in_text() -> None:
    line = TextLines().format(delivery(tasks=[{"id": "t-1", "rule": "a[0]", "program": "fix"}]))
    assert line.partition(" ")[2] == (
        "delivery jira - ignored d-1 rule a[0] -> fix t-1 1.5ms peer 192.0.2.1"
    )


@pytest.mark.parametrize(("exit_code", "told"), [(3, "exit 3"), (None, "timed out after 1s")])
def test_an_attempt_in_text(exit_code: int | None, told: str) -> None:
    attempt = record(
        "attempt",
        program="fix",
        status="failed",
        task_id="t-1",
        attempt=2,
        exit_code=exit_code,
        error="timed out after 1s",
        duration_ms=7.0,
    )
    assert TextLines().format(attempt).partition(" ")[2] == (
        f"attempt  fix failed t-1 #2 {told} 7.0ms"
    )


def test_a_line_in_json_has_the_time_in_utc_the_level_and_every_field() -> None:
    assert json.loads(JsonLines().format(record("note", a=1, b="é"))) == {
        "time": "2001-09-09T01:46:40.062Z",
        "level": "info",
        "event": "note",
        "a": 1,
        "b": "é",
    }


@given(WORDS, WORDS)
def test_no_caller_can_break_a_line_or_reach_the_terminal(source: str, reason: str) -> None:
    for lines in (TextLines(), JsonLines()):
        line = lines.format(delivery(source=source, reason=reason))
        assert line.isprintable()
    assert json.loads(line)["source"] == source
