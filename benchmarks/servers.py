"""The servers that are measured, each a process of its own, and the load that is put on them."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.load import Figures

ROOT = Path(__file__).parent.parent
MARKER = "0000000000001"
"""What stands in a request for a number that no other request of a run has."""


@contextmanager
def server(*command: str) -> Iterator[tuple[int, int]]:
    """A server process of ours; gives its process id and its port."""
    with subprocess.Popen(
        [sys.executable, *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.match(r"listening on http://.*:(\d+)", line):
                break
        else:
            raise RuntimeError(f"{' '.join(command)} did not start")
        try:
            yield process.pid, int(found[1])
        finally:
            process.terminate()


@contextmanager
def peer(hooks: list[dict[str, Any]]) -> Iterator[tuple[int, int]]:
    """adnanh/webhook, as `server`."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.NamedTemporaryFile("w", suffix=".json") as rules:
        json.dump(hooks, rules)
        rules.flush()
        command = ["webhook", "-hooks", rules.name, "-ip", "127.0.0.1", "-port", str(port)]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
            try:
                _wait_until_open(port)
                yield process.pid, port
            finally:
                process.terminate()


def _wait_until_open(port: int) -> None:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        with socket.socket() as attempt:
            if attempt.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError("the peer did not start")


def memory(pid: int) -> float:
    """The resident memory of a process and of what it has started, in MiB."""
    found = subprocess.run(["ps", "-o", "rss=", "-p", str(pid), "--ppid", str(pid)],
                           capture_output=True, check=True, text=True)  # fmt: skip
    return sum(map(int, found.stdout.split())) / 1024


def processor_time(pid: int) -> float:
    """The seconds that a process and what it has started have used of the processor."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    ticks = 0
    for each in (str(pid), *children):
        fields = Path(f"/proc/{each}/stat").read_text().rpartition(") ")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def post(path: str, body: bytes, headers: Mapping[str, str]) -> str:
    """A request as on the wire, each byte a character."""
    fields = {"Host": "localhost", **headers, "Content-Length": str(len(body))}
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"POST {path} HTTP/1.1\r\n{head}\r\n" + body.decode("latin-1")


def put_load(
    port: int,
    request: str,
    connections: int,
    status: str,
    *,
    seconds: float = 600,
    most: int | None = None,
) -> Figures:
    """Load a server from a process of its own, until the time is over or `most` are sent.

    Each of its answers must have that status.
    """
    told = {
        "host": "127.0.0.1",
        "port": port,
        "request": request,
        "marker": MARKER,
        "connections": connections,
        "seconds": seconds,
        "most": most,
    }
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        cwd=ROOT,
        input=json.dumps(told),
        capture_output=True,
        check=True,
        text=True,
        timeout=seconds + 30,
    )
    found = Figures(**json.loads(done.stdout))
    assert set(found.statuses) == {status}, found.statuses
    return found
