"""Callers of many kinds at a constant rate."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.acceptance.gateway import github_signature

SECRET = "soak"

EVENTS = ("done",) * 12 + ("called",) * 4 + ("failing", "retrying", "hanging", "nowhere")
"""Types of events that are sent, each as often as it stands here; no rule is for the last."""

KINDS = ("good",) * 14 + ("again", "again", "forged", "malformed")
"""What is sent: good ones, the one before once more, one with a bad signature, one without JSON."""

EXPECTED = {"good": {200, 202}, "again": {200, 202}, "forged": {401}, "malformed": {400}}
"""Statuses of the answers. What is sent again is new where the one before was not a good one."""

PADDING = 4000


@dataclass
class Callers:
    """They share what they were answered; every list is taken by its reader."""

    url: str
    rate: float
    seed: int
    connections: int = 4
    accepted: dict[str, str] = field(default_factory=dict)
    """The tasks of 202, and their events."""
    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stopped = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._call, args=(number,))
            for number in range(self.connections)
        ]

    def start(self) -> None:
        """Begin to call."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Wait until the last one has its answer."""
        self._stopped.set()
        for thread in self._threads:
            thread.join()

    def taken_latencies(self) -> list[float]:
        """Those since they were taken last."""
        with self._lock:
            taken, self.latencies = self.latencies, []
        return taken

    def _call(self, caller: int) -> None:
        chance = random.Random(f"{self.seed} {caller}")
        connection = http.client.HTTPConnection(self.url.removeprefix("http://"), timeout=30)
        each, due, number, event = self.connections / self.rate, time.monotonic(), 0, "done"
        while not self._stopped.wait(max(0.0, due - time.monotonic())):
            due += each
            kind = chance.choice(KINDS)
            if kind != "again":
                number += 1
                event = chance.choice(EVENTS)
            padding = "x" * random.Random(f"{caller} {number}").randrange(PADDING)
            body = json.dumps({"number": number, "padding": padding}).encode()
            began = time.monotonic()
            try:
                status, told = _asked(connection, kind, f"{caller}-{number}", event, body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                self._note(f"a {kind} event had no answer, or one that is no JSON: {error!r}")
                connection.close()
                continue
            self._take(kind, status, told, time.monotonic() - began)
        connection.close()

    def _take(self, kind: str, status: int, told: dict[str, Any], took: float) -> None:
        with self._lock:
            self.answers[status] += 1
            self.latencies.append(took)
            if status == 202:
                for task in told["tasks"]:
                    self.accepted[task["task_id"]] = told["delivery_id"]
        if status not in EXPECTED[kind]:
            self._note(f"a {kind} event was answered {status}: {told}")

    def _note(self, wrong: str) -> None:
        with self._lock:
            self.wrong.append(wrong)


def _asked(
    connection: http.client.HTTPConnection, kind: str, event_id: str, event: str, body: bytes
) -> tuple[int, dict[str, Any]]:
    if kind == "malformed":
        body = body[:-1]
    signature = github_signature("another" if kind == "forged" else SECRET, body)
    headers = {
        "content-type": "application/json",
        "x-id": event_id,
        "x-event-type": event,
        "x-hub-signature-256": signature,
    }
    connection.request("POST", "/load", body, headers)
    answer = connection.getresponse()
    return answer.status, dict(json.loads(answer.read()))
