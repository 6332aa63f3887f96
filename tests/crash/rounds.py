"""Rounds of starting a gateway and ending it under load, and what is there afterwards."""

from __future__ import annotations

import random
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.gateway import ADMIN_TOKEN, Gateway, polled
from tests.crash.checks import Evidence
from tests.crash.journal import read_journal
from tests.crash.moments import ENDS, some_end, some_moment
from tests.crash.senders import Senders

HANDLER = Path(__file__).with_name("handler.py")

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}, concurrency: 16, shutdown_grace: 100ms}}
store: {{url: sqlite:hookgate.db, retention: 2s}}
sources:
  load:
    auth: {{type: none}}
    event_id: {{header: X-Id}}
    params: {{mode: mode, seconds: seconds, line: line}}
    rules: {{lined: [{{program: work, key: line}}], apart: [{{program: work}}]}}
programs:
  work:
    command: [{sys.executable}, -I, -S, {HANDLER}, ., "{{mode}}", "{{seconds}}"]
    pass: none
"""


STARTING = 0.1
"""How often a gateway is killed before it listens."""


@dataclass(frozen=True, slots=True)
class Round:
    """What happened in one. `again` are the starts that were not a task's first."""

    number: int
    end: str
    moment: str
    seconds: float
    answers: int
    refused: int
    starts: int
    again: int


class Ordeal:
    """A store in `directory` and the gateways that were ended while they used it."""

    def __init__(self, directory: Path, seed: int, workers: int = 1, warm: bool = False) -> None:
        self._options = ("--workers", str(workers))
        self._directory = directory
        self._chance = random.Random(seed)
        self._rules = directory / "rules.yaml"
        self._rules.write_text(f"{RULES}    warm: true\n" if warm else RULES)
        self._answered: dict[str, str] = {}
        self._logs: list[str] = []
        self._exit_codes: list[int] = []
        self._ended: list[Gateway] = []

    def rounds(self, count: int, seconds: float) -> Iterator[Round]:
        """So many, but none that would begin after so many seconds."""
        deadline = time.monotonic() + seconds
        for number in range(1, count + 1):
            if time.monotonic() > deadline:
                return
            yield self._round(number)

    def evidence(self) -> Evidence:
        """What is there when a last gateway has run everything that was recorded."""
        with Gateway(self._rules, self._options) as gateway, gateway.client() as client:
            for _ in polled(lambda: None, seconds=600):
                unfinished = [
                    client.get("/api/tasks", params={"status": status}).json()["tasks"]
                    for status in ("pending", "running")
                ]
                if not any(unfinished):
                    break
            self._exit_codes.append(gateway.stop())
        self._ended.append(gateway)
        self._take_logs(but=0)
        with closing(sqlite3.connect(self._directory / "hookgate.db")) as store:
            stored = dict(store.execute("SELECT id, status FROM tasks"))
        entries = read_journal(self._directory)
        return Evidence(self._answered, stored, entries, self._logs, self._exit_codes)

    def _round(self, number: int) -> Round:
        began = time.monotonic()
        before = len(read_journal(self._directory))
        senders = Senders(number, self._chance.randrange(2**32))
        gateway = Gateway(self._rules, self._options)
        gateway.spawn()
        if self._chance.random() < STARTING:
            moment, end = "starting", self._end_while_starting(gateway, senders)
        else:
            moment, end = self._end_under_load(gateway, senders)
        exit_code = gateway.process.wait(60)
        if end == "stop":
            self._exit_codes.append(exit_code)
        senders.join()
        self._answered |= senders.tasks
        self._ended.append(gateway)
        self._take_logs(but=1)
        starts = [e for e in read_journal(self._directory)[before:] if e.what == "start"]
        again = sum(entry.attempt > 1 for entry in starts)
        took = time.monotonic() - began
        answers, refused = len(senders.tasks), senders.refused
        return Round(number, end, moment, took, answers, refused, len(starts), again)

    def _take_logs(self, but: int) -> None:
        """Take the logs of the gateways that have ended, but for the last ones.

        The process that writes for the last may still be at work: the next round begins meanwhile.
        """
        while len(self._ended) > but:
            gateway = self._ended.pop(0)
            gateway.ended()
            self._logs.append(gateway.log)

    def _end_while_starting(self, gateway: Gateway, senders: Senders) -> str:
        senders.call("")
        time.sleep(self._chance.uniform(0.0, 0.6))
        gateway.process.kill()
        return "kill gateway"

    def _end_under_load(self, gateway: Gateway, senders: Senders) -> tuple[str, str]:
        gateway.wait_until_listening()
        senders.call(gateway.url)
        moment = some_moment(self._chance, senders, gateway)
        moment.wait()
        end = some_end(self._chance)
        ENDS[end](gateway, self._chance)
        return moment.name, end
