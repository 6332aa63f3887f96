"""What authors of functions use, without a gateway."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

import hookgate
from handlers import jira
from hookgate import Event, RetryLater


def test_an_event_of_a_test_needs_only_what_matters_to_it() -> None:
    event = Event(payload={"a": 1}, params={"key": "A-1"})
    assert (event.payload, event.params, event.attempt, event.headers) == (
        {"a": 1},
        {"key": "A-1"},
        1,
        {},
    )


def test_an_event_does_not_change() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Event().task_id = "other"  # type: ignore[misc]


def test_asking_for_a_retry_may_say_when_and_why() -> None:
    asked = RetryLater("busy", after=5)
    assert (str(asked), asked.after, RetryLater().after) == ("busy", 5, None)


@pytest.mark.parametrize("after", ["60", " 60.0 ", 60])
def test_the_wait_that_is_asked_for_may_be_the_text_of_a_header(after: float | str) -> None:
    asked = RetryLater("busy", after=after)
    assert (str(asked), asked.after, type(asked.after)) == ("busy", 60.0, float)


@pytest.mark.parametrize(
    ("after", "why"),
    [
        ("Fri, 31 Dec 1999 23:59:59 GMT", "could not convert string to float"),
        (10**400, "int too large"),
        (float("nan"), "nan is no number of seconds"),
        (float("inf"), "inf is no number of seconds"),
        (-1, "-1.0 is no number of seconds"),
        ([60], "must be a string or a real number"),
    ],
)
def test_a_wait_that_is_none_is_told_and_asks_for_a_retry_all_the_same(
    after: float, why: str
) -> None:
    asked = RetryLater("busy", after=after)
    assert asked.after is None
    assert str(asked).startswith("busy (after: ")
    assert why in str(asked)


def test_importing_hookgate_imports_nothing_else() -> None:
    script = (
        "import sys; before = set(sys.modules); import hookgate; print(set(sys.modules) - before)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, check=True, text=True
    )
    assert done.stdout == "{'hookgate'}\n"


def test_there_is_nothing_else_to_import() -> None:
    with pytest.raises(AttributeError, match="'hookgate' has no attribute 'Evnt'"):
        hookgate.__getattr__("Evnt")


def test_the_shipped_function_notes_an_issue(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jira, "LOG_FILE", tmp_path / "jira.log")
    event = Event(event_type="issue_created", payload={"issue": {}, "actor": {}})
    try:
        assert jira.handle(event, "PROJ-1", "bug") == (
            "issue_created: PROJ-1 is a bug of priority Medium\n"
            "the payload has the fields actor, issue\n"
        )
    finally:
        for handler in list(jira._log.handlers):
            jira._log.removeHandler(handler)
            handler.close()
    assert "issue_created PROJ-1 (bug, Medium)" in (tmp_path / "jira.log").read_text()
