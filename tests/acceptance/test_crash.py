"""A 2xx means that it is on disk and will run, also when the gateway is killed.

`CRASH_ROUNDS=100 pytest -s tests/acceptance/test_crash.py` is the long mode.
"""

from __future__ import annotations

import os
import random
import sqlite3
import threading
from pathlib import Path

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, Gateway, polled

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}, concurrency: 4}}
store: sqlite:hookgate.db
sources:
  load:
    auth: {{type: none}}
    event_id: {{header: X-Id}}
    rules: {{"*": [{{program: work}}]}}
programs:
  work: {{command: "true"}}
"""

ROUNDS = int(os.environ.get("CRASH_ROUNDS", "4"))
SENDERS = 6


class Senders:
    """Threads that post events without a pause and note what was answered 2xx."""

    def __init__(self, url: str, round_number: int) -> None:
        self.accepted: list[str] = []
        self._url = url
        self._round = round_number
        self._enough = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(n,)) for n in range(SENDERS)]

    def run_until(self, wanted: int) -> None:
        """Start them and wait until that many events have been accepted."""
        for thread in self._threads:
            thread.start()
        for _ in polled(lambda: None):
            if len(self.accepted) >= wanted:
                return

    def join(self) -> None:
        """Let them end; their gateway is gone or they have been told to."""
        self._enough.set()
        for thread in self._threads:
            thread.join()

    def _send(self, sender: int) -> None:
        with httpx.Client(base_url=self._url, timeout=10) as client:
            number = 0
            while not self._enough.is_set():
                number += 1
                event = f"{self._round}-{sender}-{number}"
                try:
                    answer = client.post("/load", json={"n": number}, headers={"x-id": event})
                except httpx.TransportError:
                    return  # the gateway was killed; whether it kept this one is unknown
                if answer.status_code == 202:
                    self.accepted.append(answer.json()["task_id"])


@pytest.mark.timeout(60 + 20 * ROUNDS)
def test_nothing_accepted_is_lost_by_kill_9_and_every_task_ends(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    accepted: list[str] = []
    for number in range(ROUNDS):
        gateway = Gateway(rules)
        gateway.start()
        senders = Senders(gateway.url, number)
        senders.run_until(random.randint(30, 150))
        gateway.kill()
        senders.join()
        accepted += senders.accepted
    assert len(accepted) >= ROUNDS * 30

    with Gateway(rules) as gateway, gateway.client() as client:
        for _ in polled(lambda: None, seconds=60 + ROUNDS):
            pending = client.get("/api/tasks", params={"status": "pending"}).json()["tasks"]
            running = client.get("/api/tasks", params={"status": "running"}).json()["tasks"]
            if not pending and not running:
                break
    statuses = _statuses(tmp_path / "hookgate.db")
    print(f"{ROUNDS} times kill -9, {len(accepted)} events accepted, {len(statuses)} tasks on disk")
    assert {statuses.get(task_id) for task_id in accepted} == {"completed"}
    assert set(statuses.values()) == {"completed"}


def _statuses(path: Path) -> dict[str, str]:
    database = sqlite3.connect(path)
    try:
        return dict(database.execute("SELECT id, status FROM tasks"))
    finally:
        database.close()
