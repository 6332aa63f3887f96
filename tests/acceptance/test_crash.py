"""A 2xx means that it is on disk and will run, also when the gateway is killed.

`python -m tests.crash --rounds 200` is the long mode.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.crash.__main__ import main
from tests.crash.checks import CHECKS, Evidence
from tests.crash.journal import Entry


@pytest.mark.timeout(600)
def test_nothing_is_lost_and_nothing_runs_twice_at_once_however_often_the_gateway_is_killed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--rounds", "20"]) == 0, capsys.readouterr().out


@pytest.mark.timeout(600)
def test_nothing_is_lost_with_workers_and_warm_starts_either(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--rounds", "3", "--workers", "2", "--warm"]) == 0, capsys.readouterr().out


SOUND = Evidence(
    answered={"a": "1", "b": "2"},
    stored={"b": "completed"},
    journal=[
        Entry(what, task, 1, number, f"lined-1-0-0-{number}")
        for number, task in enumerate("ab")
        for what in ("start", "end")
    ],
    logs=["delivery load accepted"],
    exit_codes=[0],
)


OVERLAP = Entry("overlap", "a", 2, 7, "apart-1-0-1-0")


@pytest.mark.parametrize(
    ("check", "unsound"),
    [
        (None, SOUND),
        ("lost", replace(SOUND, answered={"a": "1", "b": "2", "c": "3"})),
        ("not ended", replace(SOUND, stored={"b": "completed", "c": "running"})),
        ("not run", replace(SOUND, stored={"b": "completed", "c": "completed"})),
        ("at the same time", replace(SOUND, journal=[*SOUND.journal, OVERLAP])),
        ("out of order", replace(SOUND, journal=list(reversed(SOUND.journal)))),
        ("broken", replace(SOUND, logs=["Traceback (most recent call last)"])),
        ("broken", replace(SOUND, exit_codes=[0, 3])),
    ],
)
def test_each_broken_promise_is_found(check: str | None, unsound: Evidence) -> None:
    found = [name for name, finds in CHECKS.items() if list(finds(unsound))]
    assert found == ([] if check is None else [check])
