"""No program outlives its gateway, also where that is killed; no task runs twice at once."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, Gateway, polled
from tests.crash.handler import MODES
from tests.crash.journal import Entry, read_journal
from tests.rules import ROOT

HANDLER = ROOT / "tests" / "crash" / "handler.py"


HOW = [*((mode, False) for mode in MODES), ("daemon", True)]
"""What the program does, and whether it starts warm."""


def rules_text(mode: str, seconds: float, warm: bool = False) -> str:
    return f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}, shutdown_grace: 100ms}}
store: sqlite:hookgate.db
sources: {{s: {{auth: {{type: none}}, rules: {{"*": [{{program: work}}]}}}}}}
programs:
  work:
    command: [{sys.executable}, -I, -S, {HANDLER}, ., {mode}, "{seconds}"]
    pass: none
    warm: {"true" if warm else "false"}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "rules.yaml"
    for entry in read_journal(tmp_path):
        with suppress(ProcessLookupError):
            os.kill(entry.process, signal.SIGKILL)


def started(rules: Path, mode: str, warm: bool = False) -> tuple[Gateway, list[Entry]]:
    """A gateway with a program that runs, and what that has written."""
    rules.write_text(rules_text(mode, 600, warm))
    gateway = Gateway(rules)
    gateway.start()
    assert httpx.post(f"{gateway.url}/s", json={}).status_code == 202
    expected = "daemon" if mode == "daemon" else "start"
    for entries in polled(lambda: read_journal(rules.parent)):
        begun = [entry for entry in entries if entry.what == expected]
        if begun and (not warm or is_forked(begun[-1].process)):
            break
        if begun and warm:  # it came before there was a template
            assert httpx.post(f"{gateway.url}/s", json={}).status_code == 202
    return gateway, entries


def is_forked(process: int) -> bool:
    """Whether it comes from a template, which makes room for what its forks show of themselves."""
    with suppress(FileNotFoundError, ProcessLookupError):
        return len(Path(f"/proc/{process}/environ").read_bytes()) > 8192
    return False


def is_dead(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def writing_process(gateway: Gateway) -> int:
    children = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text()
    (writing,) = [
        int(child)
        for child in children.split()
        if b"hookgate.stores.sqlite.writing" in Path(f"/proc/{child}/cmdline").read_bytes()
    ]
    return writing


def lock_taken(store: Path) -> None:
    """Return at the moment when another gateway could take the store."""
    with store.with_name("hookgate.db.lock").open() as lock:
        for _ in polled(lambda: None):
            with suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return


def ended_by_the_next(rules: Path) -> list[Entry]:
    """The journal when the next gateway has run to its end what the one before began."""
    rules.write_text(rules_text("plain", 0))
    with Gateway(rules) as gateway:
        task = gateway.ended_task(read_journal(rules.parent)[0].task_id)
    assert (task["status"], len(task["attempts"])) == ("completed", 2)
    return read_journal(rules.parent)


@pytest.mark.parametrize(("mode", "warm"), HOW)
def test_when_the_gateway_is_killed_its_programs_are_before_another_can_take_the_store(
    rules: Path, mode: str, warm: bool
) -> None:
    gateway, entries = started(rules, mode, warm)
    gateway.kill()
    lock_taken(rules)
    assert all(is_dead(entry.process) for entry in entries)
    assert "overlap" not in {entry.what for entry in ended_by_the_next(rules)}


@pytest.mark.parametrize(("mode", "warm"), HOW)
def test_what_nobody_was_left_to_end_the_next_gateway_ends_before_it_runs_the_task(
    rules: Path, mode: str, warm: bool
) -> None:
    gateway, entries = started(rules, mode, warm)
    writing = writing_process(gateway)
    os.kill(writing, signal.SIGSTOP)
    gateway.process.kill()
    os.kill(writing, signal.SIGKILL)
    gateway.kill()
    lock_taken(rules)
    assert not any(is_dead(entry.process) for entry in entries)
    after = ended_by_the_next(rules)
    assert all(is_dead(entry.process) for entry in entries)
    assert "overlap" not in {entry.what for entry in after}


def test_a_gateway_that_is_started_at_once_waits_for_the_end_of_the_programs(rules: Path) -> None:
    gateway, _ = started(rules, "deaf")
    gateway.process.kill()
    assert [entry.what for entry in ended_by_the_next(rules)] == ["start", "start", "end"]
    gateway.kill()


@pytest.mark.parametrize("mode", MODES)
def test_nothing_is_left_of_a_program_that_is_ended_at_an_orderly_stop(
    rules: Path, mode: str
) -> None:
    gateway, entries = started(rules, mode)
    assert gateway.stop() == 0
    assert all(is_dead(entry.process) for entry in entries)
    assert "overlap" not in {entry.what for entry in ended_by_the_next(rules)}


@pytest.mark.parametrize("crash", [True, False])
def test_a_daemon_of_a_completed_program_outlives_the_gateway(rules: Path, crash: bool) -> None:
    start = "setsid sh -c 'echo daemon $HOOKGATE_TASK_ID 1 $$ - >> journal; exec sleep 600'"
    detached = f"{start} </dev/null >/dev/null 2>&1 & while ! [ -s journal ]; do sleep 0.01; done"
    lines = rules_text("plain", 0).splitlines()
    lines[-3] = f'    command: [sh, -c, "{detached}"]'
    rules.write_text("\n".join(lines))
    gateway = Gateway(rules)
    gateway.start()
    task_id = httpx.post(f"{gateway.url}/s", json={}).json()["task_id"]
    assert gateway.ended_task(task_id)["status"] == "completed"
    (daemon,) = read_journal(rules.parent)
    if crash:
        gateway.kill()
        lock_taken(rules)
    else:
        gateway.stop()
    assert not is_dead(daemon.process)
