from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from selectors import PollSelector, SelectorKey

import pytest

from hookgate.runners import process
from hookgate.runners.process import Ending, Limits, run_to_end
from hookgate.runners.started import Invocation

ADOPT_ORPHANS = """
import ctypes, os, socket
from hookgate.runners.process import Limits, run_to_end
from hookgate.runners.started import Invocation

PR_SET_CHILD_SUBREAPER = 36
assert ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0
script = "for n in 1 2 3; do sh -c 'sleep 60 & wait' >/dev/null 2>&1 & done; echo done"
keep_on, stop = socket.socketpair()
ending = run_to_end(
    Invocation("/bin/sh", ("sh", "-c", script), {"PATH": os.defpath}, "/", b""),
    Limits(timeout=20, grace=1, max_output=1000),
    stop,
)
assert ending.stdout.text() == "done\\n", ending.stdout.text()
try:
    print("child", os.waitpid(-1, os.WNOHANG))
except ChildProcessError:
    print("no child")
"""


def run(script: str, timeout: float = 20.0) -> Ending:
    keep_on, stop = socket.socketpair()
    with keep_on, stop:
        return run_to_end(
            Invocation("/bin/sh", ("sh", "-c", script), {"PATH": os.defpath}, "/", b""),
            Limits(timeout, grace=0.2, max_output=1000),
            stop,
        )


def test_a_program_that_is_stopped_has_not_timed_out() -> None:
    keep_on, stop = socket.socketpair()
    keep_on.close()
    with stop:
        ending = run_to_end(
            Invocation("/bin/sleep", ("sleep", "60"), {}, "/", b""), Limits(20, 20, 1000), stop
        )
    assert (ending.status, ending.timed_out) == (-signal.SIGTERM, False)


class Eager(PollSelector):
    """Says of everything that it is ready, as it looks where a program takes its output back."""

    def select(self, timeout: float | None = None) -> list[tuple[SelectorKey, int]]:
        ready = dict(super().select(min(timeout or 0.0, 0.01)))
        pipes = [key for key in self.get_map().values() if isinstance(key.fileobj, FileIO)]
        return [*(ready | {key: key.events for key in pipes}).items()]


def test_a_program_that_takes_its_output_back_does_not_escape_its_timeout(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "PollSelector", Eager)
    keep_on, stop = socket.socketpair()
    sleep = Invocation("/bin/sleep", ("sleep", "60"), {}, "/", b"x" * 1_000_000)
    with keep_on, stop:
        ending = run_to_end(sleep, Limits(0.2, 0.2, 1000), stop)
    assert ending.timed_out


@contextmanager
def sigchld_ignored() -> Iterator[None]:
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGCHLD, before)


@pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")
def test_a_lost_exit_status_is_not_taken_for_success() -> None:
    with sigchld_ignored():
        assert run("exit 3").status is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets any process adopt orphans")
def test_what_a_program_leaves_to_the_first_process_of_a_container_is_reaped() -> None:
    found = subprocess.run(
        [sys.executable, "-c", ADOPT_ORPHANS], check=True, capture_output=True, text=True
    )
    assert found.stdout == "no child\n"


@pytest.fixture
def _no_pidfd(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "pidfd_open", raising=False)


@pytest.mark.usefixtures("_no_pidfd")
def test_without_a_pidfd_the_exit_is_learnt_of_all_the_same() -> None:
    ending = run("exec >&- 2>&-; exit 3")
    assert (ending.status, ending.timed_out) == (3, False)


@pytest.mark.usefixtures("_no_pidfd")
def test_without_a_pidfd_a_program_that_closed_its_output_still_times_out() -> None:
    ending = run("exec >&- 2>&- sleep 60", timeout=0.1)
    assert (ending.status, ending.timed_out) == (-signal.SIGTERM, True)


@pytest.mark.usefixtures("_no_pidfd")
def test_without_a_pidfd_no_descriptor_leaks() -> None:
    run("exit 0")
    before = len(list(Path("/dev/fd").iterdir()))
    for _ in range(5):
        run("exit 0")
    assert len(list(Path("/dev/fd").iterdir())) <= before


def test_a_program_that_closed_its_output_is_waited_for() -> None:
    ending = run("exec >&- 2>&-; sleep 0.1; exit 3")
    assert (ending.status, ending.timed_out) == (3, False)


def test_a_timeout_of_many_years_is_no_trouble() -> None:
    assert run("exit 0", timeout=1e10).status == 0
