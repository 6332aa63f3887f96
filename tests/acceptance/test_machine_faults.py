"""The machine fails: nothing that was accepted is lost, and all goes on once it is mended."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway, polled
from tests.acceptance.machine import (
    MIB,
    failing_calls,
    few_descriptors,
    file_size_limit,
    full,
    small_disk,
)

RULES = """\
version: 1
server: {{admin_token: {admin}}}
store: "sqlite:{store}"
sources:
  s:
    auth: {{type: none}}
    rules:
      go: [{{program: go}}]
      hold: [{{program: hold}}]
programs:
  go: {{command: ["true"]}}
  hold: {{command: [{python}, -I, -S, hold.py], pass: none}}
"""
HOLD = """
import pathlib, time
pathlib.Path("held").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.01)
"""


def written(directory: Path, store: Path) -> Path:
    rules = directory / "rules.yaml"
    rules.write_text(RULES.format(admin=ADMIN_TOKEN, store=store, python=sys.executable))
    (directory / "hold.py").write_text(HOLD)
    return rules


def post(served: Gateway, event_type: str = "go", size: int = 10) -> httpx.Response:
    answer = httpx.post(
        f"{served.url}/s", json="x" * size, headers={"x-event-type": event_type}, timeout=20
    )
    assert answer.status_code in (202, 503)
    return answer


def writing_process(served: Gateway) -> int:
    """The process that writes to the store."""
    pid = served.process.pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return int(child)


def ready(served: Gateway) -> int:
    return httpx.get(f"{served.url}/readyz", timeout=20).status_code


def bears(served: Gateway, fault: Callable[[], AbstractContextManager[None]]) -> None:
    """Let a fault of the store come and go beside deliveries and a program that runs."""
    directory = served.rules.parent
    accepted = [post(served, "go").json()["task_id"] for _ in range(3)]
    for task_id in accepted:
        served.ended_task(task_id)
    assert ready(served) == 200
    accepted.append(post(served, "hold").json()["task_id"])
    for held in polled((directory / "held").exists):
        if held:
            break
    with fault():
        for answer in polled(lambda: post(served, size=20_000)):
            if answer.status_code == 503:
                break
            accepted.append(answer.json()["task_id"])
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["status"] == "unavailable"
        for status in polled(lambda: (post(served, size=20_000), ready(served))[1]):
            if status == 503:
                break
        assert httpx.get(f"{served.url}/healthz").status_code == 200
        assert served.task(accepted[0])["status"] == "completed"
        (directory / "go").touch()
        for log in polled(lambda: served.log):
            if "store unavailable" in log:
                break
    for status in polled(lambda: ready(served)):
        if status == 200:
            break
    accepted.append(post(served, "go").json()["task_id"])
    for task_id in accepted:
        task = served.ended_task(task_id)
        assert (task["status"], len(task["attempts"])) == ("completed", 1)
    assert "Traceback" not in served.log


def test_a_full_disk_costs_nothing_that_was_accepted(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=2m") as disk:
        rules = written(tmp_path, disk / "hookgate.db")
        with Gateway(rules) as served:
            bears(served, lambda: full(disk))


def test_a_file_that_may_not_grow_costs_nothing_that_was_accepted(tmp_path: Path) -> None:
    """As a full disk does, where nothing may be mounted."""
    log = tmp_path / "hookgate.db-wal"
    with Gateway(written(tmp_path, tmp_path / "hookgate.db")) as served:
        bears(served, lambda: file_size_limit(writing_process(served), log))


@pytest.mark.parametrize(
    ("calls", "error"),
    [("pwrite64", "EIO"), ("fsync,fdatasync", "EIO"), ("pwrite64", "EROFS")],
)
def test_a_disk_that_fails_or_turns_read_only_costs_nothing_that_was_accepted(
    tmp_path: Path, calls: str, error: str
) -> None:
    with Gateway(written(tmp_path, tmp_path / "hookgate.db")) as served:
        bears(served, lambda: failing_calls(writing_process(served), calls, error))


def test_a_want_of_descriptors_delays_tasks_and_fails_none(tmp_path: Path) -> None:
    with Gateway(written(tmp_path, tmp_path / "hookgate.db")) as served:
        served.ended_task(post(served).json()["task_id"])
        with httpx.Client(base_url=served.url, headers={"x-event-type": "go"}) as client:
            client.get("/healthz")
            with few_descriptors(served.process.pid, 1):
                accepted = [client.post("/s", json={}).json()["task_id"] for _ in range(5)]
                for log in polled(lambda: served.log):
                    if "Too many open files" in log:
                        break
                assert {client.get(f"/api/tasks/{each}").status_code for each in accepted} == {200}
                assert client.get("/healthz").status_code == 200
        for task_id in accepted:
            assert served.ended_task(task_id)["status"] == "completed"


EATER = """
import os
held = []
while True:
    held.append(bytearray(1 << 20))
"""


def test_a_program_that_eats_memory_fails_alone(tmp_path: Path) -> None:
    rules = written(tmp_path, tmp_path / "hookgate.db")
    (tmp_path / "hold.py").write_text(EATER)
    with Gateway(rules) as served:
        resource.prlimit(served.process.pid, resource.RLIMIT_DATA, (600 * MIB, 600 * MIB))
        eating = [post(served, "hold").json()["task_id"] for _ in range(2)]
        going = [post(served, "go").json()["task_id"] for _ in range(5)]
        ends = [served.ended_task(each) for each in [*eating, *going]]
    assert [each["status"] for each in ends] == ["failed"] * 2 + ["completed"] * 5
    assert all(each["error"] == "exit 1: MemoryError" for each in ends[:2])


SET_CLOCK = """
import pathlib, time
def ahead(told=time.time, file=pathlib.Path({file!r})):
    return told() + float(file.read_text() or 0)
time.time = ahead
"""
"""Put in the way of the interpreter's start: the time of the gateway is what a file says."""

RETRYING = """\
version: 1
server: {{admin_token: {admin}}}
store: sqlite:hookgate.db
sources: {{s: {{auth: {{type: none}}, rules: {{"*": [{{program: fail_once}}]}}}}}}
programs:
  fail_once:
    command: [sh, -c, "[ $HOOKGATE_ATTEMPT = 2 ]"]
    retry: {{attempts: 2, backoff: fixed, initial: 2s, jitter: 0}}
"""


def tried(served: Gateway, task_id: str) -> None:
    """Wait until a task has begun to wait for its next attempt."""
    for task in polled(lambda: served.task(task_id)):
        if task["error"]:
            return


def test_a_clock_that_is_set_on_and_back_delays_no_task(tmp_path: Path) -> None:
    clock, rules = tmp_path / "clock", tmp_path / "rules.yaml"
    clock.write_text("0")
    rules.write_text(RETRYING.format(admin=ADMIN_TOKEN))
    (tmp_path / "sitecustomize.py").write_text(SET_CLOCK.format(file=str(clock)))
    with Gateway(rules, environ={"PYTHONPATH": str(tmp_path)}) as served:
        tasks = []
        for ahead in ("3600", "0", "-3600", "0"):
            clock.with_name("next").write_text(ahead)
            clock.with_name("next").replace(clock)
            task_id = post(served).json()["task_id"]
            tried(served, task_id)
            tasks.append(task_id)
        for task_id in tasks:
            task = served.ended_task(task_id)
            assert (task["status"], task["attempt_count"]) == ("completed", 2)
        assert tasks == sorted(tasks)


def test_a_store_on_a_read_only_disk_is_told_at_the_start(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=1m,ro") as disk:
        rules = written(tmp_path, disk / "hookgate.db")
        result = subprocess.run(
            [*HOOKGATE, "serve", str(rules), "--port", "0"],
            capture_output=True,
            check=False,
            text=True,
            timeout=30,
        )
    assert result.returncode == 1
    assert "HG308 error: no file can be made in the directory of the store" in result.stdout
