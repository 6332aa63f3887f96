"""Thousands of callers that never finish, and an honest one among them.

Longer: ``SLOW_CALLERS=10000 .venv/bin/pytest -s tests/acceptance/test_slow_callers.py``.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.acceptance.gateway import Gateway, gateway
from tests.rules import ROOT

CALLERS = int(os.environ.get("SLOW_CALLERS", "2000"))

RULES = """\
version: 1
store: sqlite:hookgate.db
sources:
  open:
    auth: {type: token, token: canary}
    rules: {"*": [{program: note}]}
programs: {note: {command: ["true"]}}
"""


@contextmanager
def slow_callers(served: Gateway) -> Iterator[None]:
    port = urlsplit(served.url).port
    command = [sys.executable, "-m", "tests.acceptance.slow_callers", str(port), str(CALLERS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as callers:
        try:
            assert callers.stdout is not None
            assert callers.stdout.readline() == "made\n"
            yield
        finally:
            callers.kill()


async def stream_slowly(port: int, count: int) -> tuple[int, int]:
    """How many of `count` bodies of 5 MiB were refused, and how many are still waited for.

    Each comes but for its last byte.
    """

    async def stream(held: AsyncExitStack) -> int:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        held.callback(writer.close)
        writer.write(b"POST /open HTTP/1.1\r\nHost: gateway\r\nX-Webhook-Token: canary\r\n")
        writer.write(b"Content-Length: 5242880\r\n\r\n")
        with suppress(ConnectionError):
            for _ in range(80):
                writer.write(b" " * 65_535)
                await writer.drain()
            with suppress(TimeoutError):
                async with asyncio.timeout(2):
                    return int((await reader.readuntil(b"\r\n"))[9:12])
            return 0
        return 503

    async with AsyncExitStack() as held:
        statuses = await asyncio.gather(*[stream(held) for _ in range(count)])
    assert set(statuses) <= {0, 503}
    return statuses.count(503), statuses.count(0)


def memory(pid: int) -> float:
    """The resident memory of a process in MiB."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def post(served: Gateway) -> float:
    """The seconds until a delivery was accepted, over a connection of its own."""
    began = time.monotonic()
    answer = httpx.post(
        f"{served.url}/open", json={}, headers={"x-webhook-token": "canary"}, timeout=20
    )
    assert answer.status_code == 202
    return time.monotonic() - began


@pytest.mark.timeout(60 + CALLERS // 50)
def test_an_honest_caller_is_served_among_thousands_that_never_finish(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with gateway(rules, "--no-work") as served:
        alone = [post(served) for _ in range(20)]
        before = memory(served.process.pid)
        with slow_callers(served):
            among = [post(served) for _ in range(60)]
            after = memory(served.process.pid)
        again = [post(served) for _ in range(20)]
    print(
        f"{CALLERS} slow callers: an answer took {max(alone) * 1000:.0f} ms at most before, "
        f"{max(among) * 1000:.0f} ms with them, {max(again) * 1000:.0f} ms after; "
        f"memory {before:.0f} MiB, then {after:.0f} MiB"
    )
    assert max(among) < 5
    assert after - before < 60
    lines = served.log.splitlines()
    assert any("too many connections" in line for line in lines)
    assert len([line for line in lines if " callers " in line]) < 20


def test_memory_is_flat_under_many_large_bodies_and_small_ones_find_room(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with gateway(rules, "--no-work") as served, ThreadPoolExecutor(1) as aside:
        post(served)
        before = memory(served.process.pid)
        port = urlsplit(served.url).port
        assert port is not None
        streaming = aside.submit(lambda: asyncio.run(stream_slowly(port, 200)))
        most = before
        while not streaming.done():
            assert post(served) < 5
            most = max(most, memory(served.process.pid))
        refused, kept = streaming.result()
    print(f"200 large bodies: {refused} refused; memory {before:.0f} MiB, {most:.0f} MiB at most")
    assert 0 < kept <= 13
    assert most - before < 200
