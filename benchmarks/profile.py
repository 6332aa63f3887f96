"""Where the time of an answer goes: the processor's microseconds of each step of the way.

The steps are those of `benchmarks.ack`, each carried out on its own many times in a row, so it
finds its code and data in the caches: together, in a gateway under load, they take longer. The
least of several rounds counts. To see a gateway itself at work, load it with `benchmarks.ack` and
watch it with `py-spy record --pid PID --native -o profile.svg` (https://github.com/benfred/py-spy).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import os
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import uvicorn
from msgspec.structs import replace
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from benchmarks.ack import RULES, SECRET, request
from benchmarks.servers import ROOT
from hookgate.core.authenticate import authenticate
from hookgate.core.bodies import Body, read_body
from hookgate.core.config import Config
from hookgate.core.decide import decide, decide_read
from hookgate.engine.intake import Intake
from hookgate.engine.limits import Limits
from hookgate.engine.metrics import Metrics
from hookgate.engine.readiness import Readiness
from hookgate.engine.receipts import Taken
from hookgate.loading.load import load
from hookgate.model import Accepted, Delivery
from hookgate.server.answers import Answer, answer
from hookgate.server.connections import Connections
from hookgate.server.process import loop_factory
from hookgate.server.protocol import BoundedProtocol
from hookgate.server.requests import headers_of
from hookgate.stores.sqlite.store import SqliteStore

ROUNDS = 7
CALLS = 2000
AT_ONCE = 64
HEADERS = [
    (b"host", b"localhost"),
    (b"user-agent", b"GitHub-Hookshot/1234567"),
    (b"content-type", b"application/json"),
    (b"x-github-event", b"push"),
]


def cost(step: Callable[[], object]) -> float:
    """Microseconds of the processor that a step takes."""
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            step()
        rounds.append(time.process_time() - began)
    return min(rounds) / CALLS * 1e6


def compiled(directory: str) -> Config:
    """The rules of `benchmarks.ack`."""
    config = load(RULES, "rules.yaml", directory, dict(os.environ)).config
    assert config is not None
    return config


def push() -> tuple[list[tuple[bytes, bytes]], bytes]:
    """A signed push: its headers and its body."""
    body = (ROOT / "tests/deliveries/github_push.json").read_bytes()
    signature = b"sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest().encode()
    own = [(b"x-hub-signature-256", signature), (b"x-github-delivery", b"0")]
    return [*HEADERS, *own], body


def in_the_event_loop(config: Config, intake: Intake) -> dict[str, float]:
    """The steps before and after the record."""
    raw_headers, body = push()
    source = config.sources["github"]
    headers = headers_of(raw_headers)
    delivery = Delivery(
        intake.new_id(), "github", time.time(), "POST", "/github", {}, headers, body, "127.0.0.1"
    )
    auth = authenticate(source.auth, delivery, time.time())
    decision = decide(config, delivery, time.time())
    assert isinstance(decision, Accepted)
    read = read_body(headers, body)
    assert isinstance(read, Body)
    taken = Taken(delivery, decision, intake._tasks(delivery, decision))
    return {
        "headers, and an id": cost(lambda: (headers_of(raw_headers), intake.new_id())),
        "verify": cost(lambda: authenticate(source.auth, delivery, 0.0)),
        "parse": cost(lambda: read_body(headers, body)),
        "decide": cost(lambda: decide_read(source, delivery, read.payload, auth)),
        "answer": cost(lambda: answer(taken, config).fields(close=False)),
    }


class Nowhere(asyncio.Transport):
    """A connection whose answers are thrown away."""

    def write(self, _: object) -> None:
        """Throw it away."""

    def close(self) -> None:
        """There is nothing to close."""

    def is_closing(self) -> bool:
        """It never is."""
        return False


class Ready:
    """An application that has its answer ready."""

    def take(self, *_: object) -> Coroutine[Any, Any, Answer]:
        """Answer at once."""
        return self._answer()

    async def _answer(self) -> Answer:
        return Answer(202, b"{}")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Not called: every request is whole."""
        raise NotImplementedError


async def http() -> dict[str, float]:
    """From the bytes of a request to those of its answer, without the system's part."""
    settings = uvicorn.Config(
        Ready(), lifespan="off", log_config=None, access_log=False, proxy_headers=False
    )
    settings.load()
    protocol = BoundedProtocol(
        config=settings, server_state=ServerState(), app_state={}, connections=Connections(1)
    )
    protocol.connection_made(Nowhere())
    arriving = request("/github", push()[1]).encode("latin-1")
    rounds = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(CALLS):
            protocol.data_received(arriving)
            await asyncio.sleep(0)  # the task that answers has its turn
        rounds.append(time.process_time() - began)
    protocol.connection_lost(None)
    return {"HTTP": min(rounds) / CALLS * 1e6}


def cpu(pid: int) -> float:
    """Seconds of the processor that another process has had."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _intake(store: SqliteStore, config: Config) -> Intake:
    return Intake(store, Readiness(store), time.time, Metrics(config, time.time()), Limits())


async def recording(config: Config, directory: str) -> dict[str, float]:
    """What the record takes in the gateway, and in the process that writes."""
    raw_headers, body = push()
    async with SqliteStore(str(Path(directory, "profile.db"))) as store:
        intake = _intake(store, config)
        first = Delivery(
            "", "github", time.time(), "POST", "/github", {}, headers_of(raw_headers), body, "::1"
        )
        decision = decide(config, first, time.time())
        assert isinstance(decision, Accepted)

        def record(number: int) -> Coroutine[Any, Any, object]:
            event = replace(decision.event, event_id=str(number))
            delivery = replace(first, id=intake.new_id())
            return intake._record(delivery, replace(decision, event=event), config)

        writing = store.writing_process
        await asyncio.gather(*map(record, range(AT_ONCE)))
        began, began_writing = time.process_time(), cpu(writing)
        for start in range(AT_ONCE, CALLS * ROUNDS, AT_ONCE):
            await asyncio.gather(*map(record, range(start, start + AT_ONCE)))
        calls = CALLS * ROUNDS - AT_ONCE
        return {
            "record": (time.process_time() - began) / calls * 1e6,
            "(in the process that writes)": (cpu(writing) - began_writing) / calls * 1e6,
        }


def figures() -> dict[str, float]:
    """Microseconds of each step, in the order of the way."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix="bench-") as directory:
        config = compiled(directory)
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            transport = runner.run(http())
            recorded = runner.run(recording(config, directory))
        intake = _intake(SqliteStore("unused"), config)
        steps = in_the_event_loop(config, intake)
    return transport | steps | recorded


def main() -> None:
    """Print the table."""
    for name, microseconds in figures().items():
        print(f"{name:<32}{microseconds:7.1f} us")


if __name__ == "__main__":
    main()
