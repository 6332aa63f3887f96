"""A gateway under constant load, with reloads and purges beside it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway
from tests.crash.checks import Evidence, broken
from tests.soak.callers import SECRET, Callers
from tests.soak.samples import FIGURES, sample
from tests.soak.verdict import Verdict, judged

REVISION = "first"
"""What tells a text of the rules file from the next; each is kept in the store for a while."""

CALLS = "def handle(event):\n    return event.event_type\n"

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}, concurrency: 16}}
store: {{url: sqlite:hookgate.db, retention: 60s}}
sources:
  load:
    auth: {{type: signature, secret: {SECRET}, header: X-Hub-Signature-256, prefix: "sha256="}}
    event_id: {{header: X-Id}}
    params: {{revision: {{path: {REVISION}, default: ""}}}}
    rules:
      called: [{{program: called}}]
      done: [{{program: done}}]
      failing: [{{program: failing}}]
      retrying: [{{program: retrying}}]
      hanging: [{{program: hanging}}]
programs:
  called: {{python: "calls.py:handle", concurrency: 2, max_tasks: 50}}
  done: {{command: [/bin/true], pass: none}}
  failing: {{command: [/bin/false], pass: none}}
  retrying:
    command: [/bin/sh, -c, 'test "$HOOKGATE_ATTEMPT" -gt 1 || exit 75']
    pass: none
    retry: {{attempts: 3, initial: 1s}}
  hanging: {{command: [/bin/sleep, "600"], pass: none, timeout: 1s, concurrency: 8}}
"""

EVERY = 1.0
"""Seconds between two samples."""

RELOAD, PURGE = 4, 5
"""Samples between two reloads, and between two purges."""

KEPT = "15s"
"""What is older and has ended is purged. It has been seen to have ended by then."""

ALLOWANCE = 90.0
"""Seconds in which what was accepted last has to end."""


@dataclass
class Soak:
    """What was seen. `ended` are the tasks that were seen to have ended."""

    callers: Callers
    times: list[float] = field(default_factory=list)
    figures: dict[str, list[float]] = field(default_factory=lambda: {name: [] for name in FIGURES})
    ended: set[str] = field(default_factory=set)
    left: dict[str, str] = field(default_factory=dict)
    """The tasks that have not ended, with their status."""
    wrong: list[str] = field(default_factory=list)
    reloads: int = 0

    def verdicts(self) -> dict[str, Verdict]:
        """What became of each figure."""
        return {
            name: judged(self.times, self.figures[name], figure.grown)
            for name, figure in FIGURES.items()
        }

    def faults(self) -> list[str]:
        """What went wrong, apart from what grew."""
        lost = sorted(self.callers.accepted.keys() - self.ended - self.left.keys())
        return [
            *(f"task {task} is lost" for task in lost),
            *(f"task {task} is {status} and does not end" for task, status in self.left.items()),
            *self.callers.wrong,
            *self.wrong,
        ]


def soak(
    directory: Path,
    seconds: float,
    rate: float,
    stop: threading.Event,
    tell: Callable[[Soak], None],
) -> Soak:
    """Put load on a gateway until the time is up, or `stop` is set; then have it end its tasks."""
    rules, store = directory / "rules.yaml", directory / "hookgate.db"
    rules.write_text(RULES)
    rules.with_name("calls.py").write_text(CALLS)
    with Gateway(rules) as gateway:
        seen = Soak(Callers(gateway.url, rate, seed=1))
        seen.callers.start()
        began = time.monotonic()
        while not stop.wait(EVERY) and time.monotonic() - began < seconds:
            _look(seen, gateway, store, began)
            _disturb(seen, gateway, store)
            tell(seen)
        seen.callers.stop()
        _wait_for_the_end(seen, store)
        exit_code = gateway.stop()
    seen.wrong += broken(Evidence({}, {}, [], [gateway.log], [exit_code]))
    in_use = gateway.log.count("outcome=in use")
    if in_use < seen.reloads:
        seen.wrong.append(f"{seen.reloads} reloads were asked for, {in_use} were made")
    return seen


def _look(seen: Soak, gateway: Gateway, store: Path, began: float) -> None:
    _note_ended(seen, store)
    seen.times.append(time.monotonic() - began)
    for name, figure in sample(gateway, store, seen.callers.taken_latencies()).items():
        seen.figures[name].append(figure)


def _disturb(seen: Soak, gateway: Gateway, store: Path) -> None:
    count = len(seen.times)
    if count % RELOAD == 0:
        gateway.rules.write_text(RULES.replace(REVISION, f"nr{seen.reloads}"))
        gateway.process.send_signal(signal.SIGHUP)
        seen.reloads += 1
    if count % PURGE == 0:
        purge = [*HOOKGATE, "store", "purge", "--store", str(store), "--older-than", KEPT]
        done = subprocess.run(purge, capture_output=True, text=True, check=False)
        if done.returncode:
            seen.wrong.append(f"store purge: exit code {done.returncode}: {done.stderr}")


def _note_ended(seen: Soak, store: Path) -> None:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)) as reading:
        tasks = reading.execute("SELECT id, status FROM tasks").fetchall()
    seen.ended |= {task for task, status in tasks if status in ("completed", "failed")}
    seen.left = {task: status for task, status in tasks if status in ("pending", "running")}


def _wait_for_the_end(seen: Soak, store: Path) -> None:
    deadline = time.monotonic() + ALLOWANCE
    _note_ended(seen, store)
    while seen.left and time.monotonic() < deadline:
        time.sleep(0.1)
        _note_ended(seen, store)
