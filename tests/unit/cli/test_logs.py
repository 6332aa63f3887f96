"""Log lines."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.cli.logs import JsonLines, StandardError, TextLines

pytestmark = pytest.mark.anyio

WORDS = st.text() | st.sampled_from(["a\nb", "\x1b[31m", "\u2028", "\x85", "\x7f", "\ud800"])


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


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


def test_an_attempt_that_is_followed_by_another_says_when() -> None:
    attempt = record(
        "attempt",
        program="fix",
        status="failed",
        task_id="t-1",
        attempt=1,
        exit_code=75,
        duration_ms=7.0,
        retry_in_s=9.2,
    )
    assert TextLines().format(attempt).partition(" ")[2] == (
        "attempt  fix failed t-1 #1 exit 75 7.0ms again in 9.2s"
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


# --- writing them -----------------------------------------------------------------------------


def told_of(lines: list[str]) -> list[str]:
    return [line.split()[1] for line in lines]


async def test_entries_are_written_soon_and_together(capsys: pytest.CaptureFixture[str]) -> None:
    sink = StandardError(TextLines())
    for name in ("one", "two"):
        sink.enter(logging.INFO, name, {})
    assert capsys.readouterr().err == ""
    while not (written := capsys.readouterr().err):  # noqa: ASYNC110 - there is no event to wait for
        await asyncio.sleep(0)
    assert told_of(written.splitlines()) == ["one", "two"]


async def test_a_record_is_written_at_once_behind_the_entries_before_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sink = StandardError(TextLines())
    sink.enter(logging.INFO, "first", {})
    sink.handle(record("second"))
    assert told_of(capsys.readouterr().err.splitlines()) == ["first", "second"]


def test_an_exception_is_told_with_its_traceback() -> None:
    try:
        dict[str, int]()["no such thing"]
    except LookupError:
        broken = logging.LogRecord("", logging.ERROR, "", 0, "broke", None, sys.exc_info())
    assert "KeyError: 'no such thing'" in TextLines().format(broken).splitlines()[-1]
    assert "KeyError: 'no such thing'" in json.loads(JsonLines().format(broken))["exception"]


SAY_AND_END = """
import asyncio
from hookgate.cli.logs import start_logging
from hookgate.engine import journal

async def main():
    journal.delivery_refused("source", 404, "there is no such source", "peer")

start_logging(as_json=True)
asyncio.run(main())
"""


def test_nothing_is_lost_when_the_process_ends_at_once() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", SAY_AND_END], capture_output=True, check=True, text=True
    )
    told = json.loads(ended.stderr)
    assert (told["event"], told["level"], told["status"]) == ("delivery", "info", 404)
