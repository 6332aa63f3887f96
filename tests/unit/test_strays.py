"""Ending what is left of a task's processes, with real ones."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias
from uuid import uuid4

import pytest

from hookgate import strays
from hookgate.core.tasks import ATTEMPT_VARIABLE, TASK_VARIABLE
from hookgate.strays import end_strays, find_strays

Start: TypeAlias = Callable[..., subprocess.Popen[str]]

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")


@pytest.fixture
def task() -> str:
    return str(uuid4())


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts a shell script that says a line when it is up, in a session of its own."""
    started: list[subprocess.Popen[str]] = []

    def up(script: str, **environ: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            ["sh", "-c", script],
            env={"PATH": os.environ["PATH"], **environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        started.append(process)
        return process

    yield up
    for process in started:
        with process, suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def is_dead(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def marks(task: str) -> frozenset[bytes]:
    return frozenset({f"{TASK_VARIABLE}={task}".encode()})


def test_a_process_of_the_task_is_ended_even_if_it_heeds_no_signal(start: Start, task: str) -> None:
    program = start("trap '' TERM INT HUP; echo up; read forever", **{TASK_VARIABLE: task})
    assert says(program) == "up"
    end_strays([task])
    assert program.wait(5) == -signal.SIGKILL


def test_what_has_left_the_group_and_the_session_is_ended_as_well(start: Start, task: str) -> None:
    program = start("setsid sh -c 'echo $$; sleep 600' & wait", **{TASK_VARIABLE: task})
    daemon = int(says(program))
    assert os.getsid(daemon) == daemon
    end_strays([task])
    assert is_dead(daemon)


def test_what_has_emptied_its_environment_is_ended_with_its_group(start: Start, task: str) -> None:
    program = start("env -i sh -c 'echo $$; sleep 600' & wait", **{TASK_VARIABLE: task})
    bare = int(says(program))
    end_strays([task])
    assert is_dead(bare)


def test_the_processes_of_other_tasks_and_of_nobody_are_left_alone(start: Start, task: str) -> None:
    others = [
        start("echo up; read forever", **{TASK_VARIABLE: f"{task}0"}),
        start("echo up; read forever", **{TASK_VARIABLE: task[:-1]}),
        start("echo up; read forever", **{f"X{TASK_VARIABLE}": task}),
        start("echo up; read forever", OTHER=f"{TASK_VARIABLE}={task}"),
        start("echo up; read forever"),
    ]
    assert {says(other) for other in others} == {"up"}
    end_strays([task])
    assert [other.poll() for other in others] == [None] * 5


def test_the_other_attempts_of_a_task_are_left_alone_where_one_is_named(
    start: Start, task: str
) -> None:
    ones = {n: {TASK_VARIABLE: task, ATTEMPT_VARIABLE: str(n)} for n in (1, 2, 12)}
    programs = {n: start("echo up; read forever", **environ) for n, environ in ones.items()}
    assert {says(program) for program in programs.values()} == {"up"}
    end_strays([task], attempt=2)
    assert programs[2].wait(5) == -signal.SIGKILL
    assert (programs[1].poll(), programs[12].poll()) == (None, None)


def test_several_tasks_are_ended_at_once(start: Start, task: str) -> None:
    programs = [start("echo up; read forever", **{TASK_VARIABLE: f"{task}-{n}"}) for n in range(3)]
    assert {says(program) for program in programs} == {"up"}
    end_strays(f"{task}-{n}" for n in range(3))
    assert [program.wait(5) for program in programs] == [-signal.SIGKILL] * 3


def test_a_look_finds_what_was_started_meanwhile(start: Start, task: str) -> None:
    first = start("echo up; read forever", **{TASK_VARIABLE: task})
    assert says(first) == "up"
    look = find_strays(marks(task))
    assert next(look).process == first.pid
    second = start("echo up; read forever", **{TASK_VARIABLE: task})
    assert says(second) == "up"
    assert [stray.process for stray in look] == [second.pid]


BREED = """
import os, time
print("up", flush=True)
end = time.monotonic() + 10
while time.monotonic() < end:
    if os.fork():  # the parent goes, and its child is in a session of its own
        os._exit(0)
    os.setsid()
    time.sleep(0.001)
"""


def test_one_that_flees_from_process_to_process_is_caught(start: Start, task: str) -> None:
    breeding = start(f"exec {sys.executable} -S -c '{BREED}'", **{TASK_VARIABLE: task})
    assert says(breeding) == "up"
    end_strays([task])
    assert list(find_strays(marks(task))) == []


START_A_GATEWAY = """
import os, sys
from hookgate.strays import end_strays

end_strays([sys.argv[1]])
print("still here", flush=True)
"""


def test_whoever_starts_a_gateway_from_a_program_does_not_end_that_gateway(
    start: Start, task: str
) -> None:
    gateway = f"{sys.executable} -c '{START_A_GATEWAY}' {task}"
    program = start(f"sleep 600 & echo $!; {gateway}", **{TASK_VARIABLE: task})
    beside = int(says(program))
    assert says(program) == "still here"
    assert is_dead(beside)
    assert program.wait(5) == -signal.SIGKILL


def test_one_that_cannot_be_ended_is_waited_for_no_longer_than_patience_lasts(
    start: Start, task: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = start("echo up; read forever", **{TASK_VARIABLE: task})
    assert says(program) == "up"
    monkeypatch.setattr(strays, "PATIENCE", 0.2)
    monkeypatch.setattr(os, "killpg", lambda _group, _number: None)
    end_strays([task])
    assert program.poll() is None


def test_without_tasks_nothing_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    def scandir(_: str) -> None:
        raise AssertionError("/proc was read")

    monkeypatch.setattr(os, "scandir", scandir)
    end_strays([])
