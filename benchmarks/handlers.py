"""How many tasks a second are run to their end, and how soon a handler starts.

The guide's Jira handler, handlers/jira_issue.py, as a plain command, as one that starts warm, and
as a function (handlers/jira.py), behind a real `hookgate serve` that records every event and every
end; against adnanh/webhook, where it is installed, with the same script and, so that it waits for
it, `include-command-output-in-response`. They take turns; the ratios of each round are what counts.

The function has two processes for each processor: one has a call while the answer of the other is
on its way. Of the plain commands one more runs at a time than there are processors: they do nothing
but compute, and more of them take the caches from each other. The peer cannot be told so. It runs
one for each connection that waits.

A number of events is sent, and the time is taken from the arrival of the first to the end of the
last one on disk. Then a function that returns the time tells how long after the arrival it began:
one event at a time, and in a burst.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import sqlite3
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks.load import Figures
from benchmarks.rest import SETTLED
from benchmarks.servers import MARKER, ROOT, peer, post, put_load, server

TOKEN = "benchmark"
CONNECTIONS = 64

RULES = f"""\
version: 1
server: {{concurrency: %d}}
store: sqlite:bench.db
sources:
  jira:
    auth: {{type: token, token: {TOKEN}}}
    event_type: {{header: X-Jira-Event-Type}}
    params:
      issue_key: issue.key
      issue_type: issue.fields.issuetype.name
      priority: {{path: issue.fields.priority.name, default: Medium}}
    rules:
      issue_created: [{{condition: issue_type == 'bug', program: handler}}]
programs:
  handler: {{%s, params: [issue_key, issue_type, priority]}}
"""


class Kind(NamedTuple):
    """A program, and how many of it run at a time at most."""

    program: str
    concurrency: int = 64


PROCESSORS = os.cpu_count() or 1
COMMAND = f"command: [{sys.executable}, handlers/jira_issue.py]"
KINDS = {
    "function": Kind(f"python: handlers/jira.py:handle, concurrency: {2 * PROCESSORS}"),
    "warm": Kind(f"{COMMAND}, warm: true"),
    "plain": Kind(COMMAND, PROCESSORS + 1),
}
CLOCK = Kind("python: clock.py:handle")
COUNTS = {"function": 5000, "warm": 1500, "plain": 300}
"""How many events are sent to each kind."""

BODY = {
    "issue": {
        "key": f"PROJ-{MARKER}",
        "fields": {"issuetype": {"name": "bug"}, "priority": {"name": "High"}},
    }
}

PEER_RULES: list[dict[str, Any]] = [
    {
        "id": "jira",
        "execute-command": sys.executable,
        "include-command-output-in-response": True,
        "pass-arguments-to-command": [
            {"source": "string", "name": "handlers/jira_issue.py"},
            {"source": "string", "name": "--issue_key"},
            {"source": "payload", "name": "issue.key"},
            {"source": "string", "name": "--issue_type"},
            {"source": "payload", "name": "issue.fields.issuetype.name"},
            {"source": "string", "name": "--priority"},
            {"source": "payload", "name": "issue.fields.priority.name"},
            {"source": "string", "name": "--event_type"},
            {"source": "header", "name": "X-Jira-Event-Type"},
            {"source": "string", "name": "--raw_payload"},
            {"source": "entire-payload"},
        ],
        "trigger-rule": {
            "match": {
                "type": "value",
                "value": TOKEN,
                "parameter": {"source": "header", "name": "X-Webhook-Token"},
            }
        },
    }
]


@dataclass(frozen=True)
class Round:
    """Completed tasks a second, by kind and of the peer, where it is installed."""

    completed: Mapping[str, float]
    peer: float | None

    def ratio(self, kind: str) -> float:
        """Beside the peer; where there is none, beside the plain command."""
        return self.completed[kind] / (self.peer or self.completed["plain"])


@dataclass(frozen=True)
class Starts:
    """Milliseconds from the arrival of an event to the function."""

    p50_ms: float
    p99_ms: float


def request(path: str) -> str:
    """An event as on the wire."""
    headers = {
        "Content-Type": "application/json",
        "X-Webhook-Token": TOKEN,
        "X-Jira-Event-Type": "issue_created",
    }
    return post(path, json.dumps(BODY).encode(), headers)


def send(port: int, path: str, events: int, connections: int, status: str) -> Figures:
    """Send so many events as fast as they are answered."""
    return put_load(port, request(path), min(connections, events), status, most=events)


def send_in_turn(port: int, events: int) -> None:
    """Send events one by one, each to a gateway that has nothing else to do."""
    wire = request("/jira").encode()
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for _ in range(events):
            connection.sendall(wire)
            assert connection.recv(4096).startswith(b"HTTP/1.1 202")
            time.sleep(0.02)


@contextmanager
def gateway(kind: Kind) -> Iterator[tuple[int, Path]]:
    """A gateway with such a program; its port and its store."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix="bench-") as directory:
        shutil.copytree(ROOT / "handlers", Path(directory, "handlers"))
        clock = "import time\ndef handle(**_):\n    return time.time()\n"
        Path(directory, "clock.py").write_text(clock)
        rules = Path(directory, "rules.yaml")
        rules.write_text(RULES % (kind.concurrency, kind.program))
        with server("-m", "hookgate", "serve", str(rules), "--port", "0") as (_, port):
            yield port, Path(directory, "bench.db")


def ended(store: Path, events: int) -> Sequence[tuple[float, float, str]]:
    """When all have ended: arrival, end and output of each."""
    deadline = time.monotonic() + 600
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True)) as connection:
        while time.monotonic() < deadline:
            # By an index: reading what is written meanwhile would slow down what is measured.
            query = "SELECT count(*) FROM tasks WHERE status IN ('pending', 'running')"
            (open_ones,) = connection.execute(query).fetchone()
            if not open_ones:
                break
            time.sleep(0.1)
        found = connection.execute(
            "SELECT created_at, tasks.finished_at, tasks.status, output"
            " FROM tasks JOIN attempts ON task_id = tasks.id"
        ).fetchall()
    assert [row[2] for row in found] == ["completed"] * events, {row[2] for row in found}
    return [(arrival, end, output) for arrival, end, _, output in found]


def completed_per_second(kind: Kind, events: int) -> float:
    """How many tasks a second are run to their end."""
    with gateway(kind) as (port, store):
        send(port, "/jira", events, CONNECTIONS, "202")
        tasks = ended(store, events)
    return events / (max(end for _, end, _ in tasks) - min(arrival for arrival, _, _ in tasks))


def peer_per_second(events: int) -> float:
    """The same of the peer."""
    with peer(PEER_RULES) as (_, port):
        return send(port, "/hooks/jira", events, CONNECTIONS, "200").per_second


def start_times(events: int, connections: int) -> Starts:
    """How soon after its arrival each of so many events was in the function."""
    with gateway(CLOCK) as (port, store):
        time.sleep(SETTLED)
        if connections > 1:
            send(port, "/jira", events, connections, "202")
        else:
            send_in_turn(port, events)
        tasks = ended(store, events)
    times = sorted((float(output) - arrival) * 1000 for arrival, _, output in tasks)
    return Starts(times[len(times) // 2], times[len(times) * 99 // 100])


def figures(rounds: int = 3, counts: Mapping[str, int] = COUNTS) -> Iterator[Round]:
    """Take so many rounds, with so many events for each kind of program, and for the peer."""
    os.chdir(ROOT)
    for _ in range(rounds):
        completed = {name: completed_per_second(kind, counts[name]) for name, kind in KINDS.items()}
        peer = peer_per_second(counts["plain"]) if shutil.which("webhook") is not None else None
        yield Round(completed, peer)


def starts(burst: int = 2000) -> dict[str, Starts]:
    """The start times at rest, and in a burst of so many events."""
    return {"at rest": start_times(500, 1), "in a burst": start_times(burst, CONNECTIONS)}


def spread(ratios: Sequence[float]) -> str:
    """The median of ratios, the least and the greatest."""
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    """Take the rounds and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    for kind, count in COUNTS.items():
        parser.add_argument(f"--{kind}", type=int, default=count, metavar="EVENTS")
    wanted = vars(parser.parse_args())
    ratios: dict[str, list[float]] = {kind: [] for kind in KINDS}
    print("tasks a second" + "".join(f"{kind:>12}" for kind in (*KINDS, "peer")))
    for each in figures(wanted["rounds"], wanted):
        peer = "left out" if each.peer is None else f"{each.peer:.1f}"
        row = "".join(f"{each.completed[kind]:12.1f}" for kind in KINDS)
        print(f"{'':14}{row}{peer:>12}", flush=True)
        for kind in KINDS:
            ratios[kind].append(each.ratio(kind))
    if each.peer is None:
        print("there is no `webhook` here (Debian has it as a package): beside the plain command")
    print("ratios: " + "; ".join(f"{kind} {spread(found)}" for kind, found in ratios.items()))
    for when, found in starts().items():
        print(
            f"from arrival to the function, {when}: "
            f"p50 {found.p50_ms:.1f} ms, p99 {found.p99_ms:.1f} ms"
        )


if __name__ == "__main__":
    main()
