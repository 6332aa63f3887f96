"""A load generator for one HTTP endpoint: keep-alive connections, one request at a time on each.

It writes prepared bytes and reads no more of an answer than it must, so that it costs little
beside the server under test. Run as a program it prints its figures as JSON.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import cast

from hookgate.server.process import loop_factory


@dataclass(frozen=True)
class Figures:
    """What one run gave: answers a second, and latencies in milliseconds."""

    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    statuses: dict[str, int]


@dataclass
class Run:
    """What the connections of a run share. `marker` is replaced by a number in every request.

    No more than `most` are sent.
    """

    request: bytes
    marker: bytes
    most: float = math.inf
    until: float = 0.0
    sent: int = 0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[str, int] = field(default_factory=dict)

    def next_request(self) -> bytes:
        """The request with a number that no other request of this run has."""
        self.sent += 1
        number = str(self.sent).rjust(len(self.marker), "0").encode()
        return self.request.replace(self.marker, number, 1)


class Connection(asyncio.Protocol):
    """One connection that sends a request as soon as the last one is answered."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._received = b""
        self._began = 0.0
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first request."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is not derived from it
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count an answer that is complete and go on."""
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found or len(body) < _content_length(head):
            return
        now = time.perf_counter()
        self._run.latencies.append(now - self._began)
        status = head[9:12].decode()
        self._run.statuses[status] = self._run.statuses.get(status, 0) + 1
        self._received = b""
        if now < self._run.until and self._run.sent < self._run.most:
            self._send()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell whoever waits for the end."""
        self.closed.set_result(None)

    def _send(self) -> None:
        self._began = time.perf_counter()
        self._transport.write(self._run.next_request())


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line[15:])
    return 0


async def load(host: str, port: int, run: Run, connections: int, seconds: float) -> Figures:
    """Put load on an endpoint for a while."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    run.until = began + seconds
    opened = [
        await loop.create_connection(lambda: Connection(run), host, port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.closed for _, protocol in opened))
    took = time.perf_counter() - began
    ordered = sorted(run.latencies)
    return Figures(
        requests=len(ordered),
        per_second=len(ordered) / took,
        p50_ms=ordered[len(ordered) // 2] * 1000,
        p99_ms=ordered[len(ordered) * 99 // 100] * 1000,
        statuses=run.statuses,
    )


def main() -> None:
    """Read what to do from standard input, print the figures."""
    told = json.load(sys.stdin)
    request, marker = told["request"].encode("latin-1"), told["marker"].encode()
    run = Run(request, marker, math.inf if told["most"] is None else told["most"])
    arguments = told["host"], told["port"], run, told["connections"], told["seconds"]
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        print(json.dumps(asdict(runner.run(load(*arguments)))))


if __name__ == "__main__":
    main()
