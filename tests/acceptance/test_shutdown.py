"""What a gateway does when it is told to stop, as a process."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, Gateway, gateway, polled

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}, concurrency: 1 SETTINGS}}
store: sqlite:hookgate.db
sources:
  s:
    auth: {{type: none}}
    rules:
      gate: [{{program: gate}}]
      deaf: [{{program: deaf}}]
      wait: [{{program: wait}}]
programs:
  gate: {{command: [sh, -c, "echo up > up; while ! [ -e gate ]; do sleep 0.02; done"]}}
  deaf: {{command: [sh, -c, "trap '' TERM; echo up > up; while :; do sleep 0.05; done"]}}
  wait: {{command: [sh, -c, "echo up > up; sleep 600"], run_async: false}}
"""
UNTIL_KILLED = 2.0  # seconds that a program has between SIGTERM and SIGKILL


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    return tmp_path / "rules.yaml"


@contextmanager
def served(rules: Path, settings: str) -> Iterator[Gateway]:
    rules.write_text(RULES.replace("SETTINGS", f", {settings}"))
    with gateway(rules) as started:
        yield started


def running(started: Gateway, event_type: str) -> str:
    """The id of a task whose program is up."""
    answer = httpx.post(f"{started.url}/s", json={}, headers={"x-event-type": event_type})
    up(started)
    return str(answer.json()["task_id"])


class Waiting(threading.Thread):
    """Somebody who posts an event and waits for the answer."""

    def __init__(self, started: Gateway) -> None:
        super().__init__()
        self._url = f"{started.url}/s"
        self.start()

    def run(self) -> None:
        headers = {"x-event-type": "wait"}
        self._answer = httpx.post(self._url, json={}, headers=headers, timeout=30)

    def answer(self) -> httpx.Response:
        self.join()
        return self._answer


def recorded(rules: Path, task_id: str) -> dict[str, Any]:
    """A task as the store has it when the gateway has ended."""
    rules.write_text(RULES.replace("SETTINGS", ""))
    with gateway(rules, "--no-work") as again:
        return again.task(task_id)


def tell_to_stop(started: Gateway) -> None:
    started.process.send_signal(signal.SIGTERM)


def seconds_to_stop(started: Gateway) -> float:
    begin = time.monotonic()
    assert started.ended() == 0
    return time.monotonic() - begin


def connect(started: Gateway) -> socket.socket:
    url = httpx.URL(started.url)
    return socket.create_connection((url.host, url.port or 80), timeout=20)


def closed(started: Gateway) -> None:
    """Return when it does not listen any more."""
    for _ in polled(lambda: None):
        try:
            connect(started).close()
        except ConnectionRefusedError:
            return


def up(started: Gateway) -> None:
    """Return when a program is up."""
    for _ in polled(lambda: None):
        if (started.rules.parent / "up").exists():
            return


def test_it_is_not_ready_before_it_stops_listening_and_takes_deliveries_until_then(
    rules: Path,
) -> None:
    with served(rules, "shutdown_delay: 1h") as started, started.client() as client:
        assert client.get("/readyz").status_code == 200
        tell_to_stop(started)
        for answer in polled(lambda: client.get("/readyz")):
            if answer.status_code == 503:
                break
        assert httpx.get(f"{started.url}/healthz").status_code == 200
        task_id = running(started, "gate")
        started.process.send_signal(signal.SIGINT)  # the second: the delay and the grace are over
        assert seconds_to_stop(started) < 20
    assert recorded(rules, task_id)["status"] == "pending"


def test_it_stops_listening_at_once_and_a_running_program_ends_by_itself(rules: Path) -> None:
    with served(rules, "shutdown_grace: 1h") as started:
        task_id = running(started, "gate")
        tell_to_stop(started)
        closed(started)
        (rules.parent / "gate").touch()
        seconds_to_stop(started)
    task = recorded(rules, task_id)
    assert (task["status"], len(task["attempts"])) == ("completed", 1)


def test_nothing_more_is_started_while_it_stops(rules: Path) -> None:
    with served(rules, "shutdown_grace: 1h") as started:
        first = running(started, "gate")
        behind = httpx.post(f"{started.url}/s", json={}, headers={"x-event-type": "gate"}).json()
        tell_to_stop(started)
        closed(started)
        (rules.parent / "gate").touch()
        seconds_to_stop(started)
    assert recorded(rules, first)["status"] == "completed"
    assert recorded(rules, behind["task_id"])["attempts"] == []


@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_a_second_signal_ends_the_grace_and_a_deaf_program_is_killed(
    rules: Path, second: signal.Signals
) -> None:
    with served(rules, "shutdown_grace: 1h") as started:
        task_id = running(started, "deaf")
        tell_to_stop(started)
        closed(started)
        assert started.process.poll() is None
        started.process.send_signal(second)
        assert seconds_to_stop(started) > UNTIL_KILLED / 2
    task = recorded(rules, task_id)
    assert (task["status"], task["attempts"][0]["status"]) == ("pending", "failed")


def test_an_answer_that_waits_for_a_program_is_202_when_the_grace_is_over(rules: Path) -> None:
    with served(rules, "shutdown_grace: 200ms, wait_timeout: 1h") as started:
        caller = Waiting(started)
        up(started)
        tell_to_stop(started)
        answer = caller.answer()
        assert answer.status_code == 202
        assert seconds_to_stop(started) < 20
    assert recorded(rules, answer.json()["task_id"])["status"] == "pending"


def test_an_answer_whose_program_has_no_turn_any_more_is_202_when_the_last_has_ended(
    rules: Path,
) -> None:
    with served(rules, "shutdown_grace: 1h, wait_timeout: 1h") as started:
        running(started, "gate")
        caller = Waiting(started)
        with started.client() as client:
            for tasks in polled(lambda: client.get("/api/tasks").json()["tasks"]):
                if len(tasks) == 2:
                    break
        tell_to_stop(started)
        closed(started)
        (rules.parent / "gate").touch()
        answer = caller.answer()
        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        assert seconds_to_stop(started) < 20


def test_a_request_that_is_open_is_answered_when_it_is_whole(rules: Path) -> None:
    with served(rules, "shutdown_grace: 1h") as started:
        with connect(started) as caller:
            caller.sendall(b"POST /s HTTP/1.1\r\nHost: x\r\nX-Event-Type: gate\r\n")
            caller.sendall(b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n")
            assert caller.recv(1000).startswith(b"HTTP/1.1 100 ")
            tell_to_stop(started)
            closed(started)
            caller.sendall(b"{}")
            assert caller.recv(1000).startswith(b"HTTP/1.1 202 ")
        assert seconds_to_stop(started) < 20


def test_a_request_that_does_not_become_whole_is_cut_off_when_the_grace_is_over(
    rules: Path,
) -> None:
    settings = "shutdown_grace: 200ms, body_timeout: 1h"
    with served(rules, settings) as started, connect(started) as caller:
        caller.sendall(b"POST /s HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n")
        caller.sendall(b"Content-Length: 2\r\n\r\n")
        assert caller.recv(1000).startswith(b"HTTP/1.1 100 ")
        tell_to_stop(started)
        assert seconds_to_stop(started) < 20
    assert "Traceback" not in started.log


def test_idle_connections_do_not_keep_it_from_ending(rules: Path) -> None:
    with served(rules, "shutdown_grace: 1h") as started, started.client() as client:
        client.get("/healthz")
        tell_to_stop(started)
        assert seconds_to_stop(started) < 20
