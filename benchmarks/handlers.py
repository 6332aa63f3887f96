"""How many tasks a second are run to their end, and how soon a handler starts.

The guide's Jira handler, handlers/jira_issue.py, as a plain command, as one that starts warm, and
as a function (handlers/jira.py), behind a real `hookgate serve` that records every event and every
end; against adnanh/webhook, where it is installed, with the same script and, so that it waits for
it, `include-command-output-in-response`. They take turns; the ratios of each round are what counts.

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
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import Figures
from benchmarks.servers import MARKER, ROOT, peer, put_load, server

TOKEN = "benchmark"
CONNECTIONS = 32

RULES = f"""\
version: 1
server: {{concurrency: 64}}
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
PLAIN = f"command: [{sys.executable}, handlers/jira_issue.py]"
WARM = f"{PLAIN}, warm: true"
FUNCTION = "python: handlers/jira.py:handle"
KINDS = {"function": FUNCTION, "warm": WARM, "plain": PLAIN}
CLOCK = "python: clock.py:handle"

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


def request(path: str) -> str:
    """An event as bytes on the wire."""
    body = json.dumps(BODY)
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nX-Webhook-Token: {TOKEN}\r\n"
        f"X-Jira-Event-Type: issue_created\r\n\r\n{body}"
    )


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
def gateway(program: str) -> Iterator[tuple[int, Path]]:
    """A gateway with the program; its port and its store."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix="bench-") as directory:
        shutil.copytree(ROOT / "handlers", Path(directory, "handlers"))
        clock = "import time\ndef handle(**_):\n    return time.time()\n"
        Path(directory, "clock.py").write_text(clock)
        rules = Path(directory, "rules.yaml")
        rules.write_text(RULES % program)
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


def completed_per_second(program: str, events: int) -> float:
    """How many tasks a second are run to their end."""
    with gateway(program) as (port, store):
        send(port, "/jira", events, CONNECTIONS, "202")
        tasks = ended(store, events)
    return events / (max(end for _, end, _ in tasks) - min(arrival for arrival, _, _ in tasks))


def peer_per_second(events: int) -> float:
    """The same of the peer."""
    with peer(PEER_RULES) as (_, port):
        return send(port, "/hooks/jira", events, CONNECTIONS, "200").per_second


def start_times(events: int, connections: int) -> list[float]:
    """How many milliseconds after its arrival each event was in the function, in order."""
    with gateway(CLOCK) as (port, store):
        if connections > 1:
            send(port, "/jira", events, connections, "202")
        else:
            send_in_turn(port, events)
        tasks = ended(store, events)
    return sorted((float(output) - arrival) * 1000 for arrival, _, output in tasks)


def _told(name: str, ratios: list[float]) -> str:
    return f"{name} {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def main() -> None:
    """Take the rounds and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--events", type=int, default=5000, help="for the function")
    parser.add_argument("--warm", type=int, default=1500, help="for the command that starts warm")
    parser.add_argument("--starts", type=int, default=300, help="for plain commands and the peer")
    args = parser.parse_args()
    with_peer = shutil.which("webhook") is not None
    if not with_peer:
        print("peer: left out, there is no `webhook` here (Debian has it as a package)")
    os.chdir(ROOT)
    counts = {"function": args.events, "warm": args.warm, "plain": args.starts}
    ratios: dict[str, list[float]] = {kind: [] for kind in counts}
    print(
        "round   function/s    warm/s   plain/s    peer/s   function:peer   warm:peer  plain:peer"
    )
    for number in range(1, args.rounds + 1):
        found = {kind: completed_per_second(KINDS[kind], count) for kind, count in counts.items()}
        others = peer_per_second(args.starts) if with_peer else found["plain"]
        for kind, per_second in found.items():
            ratios[kind].append(per_second / others)
        print(
            f"{number:5}   {found['function']:10.0f}  {found['warm']:8.1f}  {found['plain']:8.1f}"
            f"  {others:8.1f}   {ratios['function'][-1]:13.1f}  {ratios['warm'][-1]:10.2f}"
            f"  {ratios['plain'][-1]:10.2f}",
            flush=True,
        )
    beside = "the peer" if with_peer else "a plain command"
    print(f"\ncompleted tasks a second beside {beside}:")
    print("  " + "; ".join(_told(kind, each) for kind, each in ratios.items()))
    for name, events, connections in (("at rest", 100, 1), ("in a burst", 2000, CONNECTIONS)):
        times = start_times(events, connections)
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        print(f"from arrival to the function, {name}: p50 {p50:.1f} ms, p99 {p99:.1f} ms")


if __name__ == "__main__":
    main()
