"""Bodies that come slowly, too many at once, or from somebody who may not send any."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from hookgate.core.config import Config
from hookgate.core.decide import decide
from hookgate.engine import intake
from hookgate.model import Decision, Delivery
from tests.rules import compiled
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

RULES = """
version: 1
server: {max_body: 1MiB, max_bodies: 1MiB, body_timeout: 15s}
store: sqlite:hookgate.db
sources:
  token: {auth: {type: token, token: canary}, rules: {}}
  basic: {auth: {type: basic, username: u, password: canary}, rules: {}}
  lan: {auth: {type: ip, allowed_ips: [192.0.2.0/24]}, rules: {}}
  signed: {auth: {type: signature, secret: canary, header: X-S}, rules: {}}
  open: {auth: {type: none}, rules: {}}
programs: {}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(compiled(RULES, directory=tmp_path)) as started:
        yield started


def head(source: str, length: int, fields: bytes = b"Content-Type: text/plain\r\n") -> bytes:
    line = f"POST /{source} HTTP/1.1\r\nHost: gateway\r\nContent-Length: {length}\r\n"
    return line.encode() + fields + b"\r\n"


async def answered(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """The next answer: its status, and all of it."""
    answer = await reader.readuntil(b"\r\n\r\n")
    length = int(answer.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    return int(answer[9:12]), answer + await reader.readexactly(length)


# --- credentials ----------------------------------------------------------------------------


@pytest.mark.parametrize(("source", "status"), [("token", 401), ("basic", 401), ("lan", 403)])
async def test_who_may_not_call_is_told_so_before_the_body_is_there(
    served: Served, source: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hookgate")
    async with served.connected() as (reader, writer):
        writer.write(head(source, 1_000_000))
        early = await answered(reader)
        assert early[0] == status
        assert b"\r\nconnection: close\r\n" in early[1]
        assert await reader.read() == b""
    async with served.connected() as (reader, writer):
        writer.write(head(source, 4) + b"text")
        whole = await answered(reader)
    assert early[1].partition(b"\r\n\r\n")[2] == whole[1].partition(b"\r\n\r\n")[2]
    lines = [vars(record)["fields"] for record in caplog.records]
    for line in lines:
        del line["delivery_id"], line["duration_ms"]
    assert lines[0] == lines[1]
    assert lines[0]["outcome"] == "rejected"
    assert await served.recorded() == []


async def test_no_body_is_asked_for_that_would_not_be_read(served: Served) -> None:
    async with served.connected() as (reader, writer):
        writer.write(head("token", 1_000_000, b"Expect: 100-continue\r\n"))
        assert (await answered(reader))[0] == 401
    async with served.connected() as (reader, writer):
        writer.write(head("open", 4, b"Expect: 100-continue\r\nContent-Type: text/plain\r\n"))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(b"text")
        assert (await answered(reader))[0] == 200


async def test_a_signature_is_judged_when_its_body_is_there(served: Served) -> None:
    async with served.connected() as (reader, writer):
        writer.write(head("signed", 100_000) + b"x" * 50_000)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        writer.write(b"x" * 50_000)
        assert (await answered(reader))[0] == 401


async def test_who_sends_all_before_reading_gets_to_read_the_answer(served: Served) -> None:
    """A connection that ends with something unread is reset, and the answer may be lost."""
    for _ in range(20):
        async with served.connected() as (reader, writer):
            for piece in (head("token", 1_000_000), *[b"x" * 100_000] * 10):
                writer.write(piece)
                await writer.drain()
            assert (await answered(reader))[0] == 401


# --- room for them --------------------------------------------------------------------------


async def test_the_largest_of_too_many_bodies_is_given_up_and_small_ones_find_room(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    async with AsyncExitStack() as stack:
        callers = []
        for size in (200_000, 300_000, 400_000, 100_000):  # 1,000,000 of 1,048,576
            reader, writer = await stack.enter_async_context(served.connected())
            writer.write(head("open", size + 1) + b"x" * size)
            callers.append((reader, writer))
        await asyncio.sleep(0.3)  # until they have been read; otherwise the test sees nothing
        reader, writer = await stack.enter_async_context(served.connected())
        writer.write(head("open", 90_000) + b"y" * 90_000)
        assert (await answered(reader))[0] == 200
        largest = callers.pop(2)
        status, answer = await answered(largest[0])
        assert status == 503
        assert b"\r\nretry-after: " in answer
        assert b"too many bodies" in answer
        for reader, writer in callers:
            writer.write(b"x")
            assert (await answered(reader))[0] == 200
    (told,) = [vars(record)["fields"] for record in caplog.records]
    assert told["reason"] == "too many bodies at once: the largest was given up"


async def test_a_body_that_would_be_the_largest_is_the_one_that_is_refused(served: Served) -> None:
    async with served.connected() as (first, writer), served.connected() as (second, other):
        writer.write(head("open", 400_001) + b"x" * 400_000)
        await asyncio.sleep(0.2)  # until it has been read; otherwise the test sees nothing
        other.write(head("open", 900_000) + b"x" * 900_000)
        assert (await answered(second))[0] == 503
        writer.write(b"x")
        assert (await answered(first))[0] == 200


@pytest.mark.parametrize("split", [0, 100])
async def test_room_is_given_back(served: Served, split: int) -> None:
    whole = head("open", 60_000) + b"x" * 60_000
    async with served.connected() as (reader, writer):
        for _ in range(60):
            if split:
                writer.write(whole[:split])
                await asyncio.sleep(0)
            writer.write(whole[split:])
            assert (await answered(reader))[0] == 200


async def test_room_is_given_back_by_who_goes_away_or_is_refused(served: Served) -> None:
    for _ in range(20):
        with contextlib.suppress(ConnectionError):
            async with served.connected() as (_, writer):
                writer.write(head("open", 200_000) + b"x" * 100_000)
                await writer.drain()
            async with served.connected() as (reader, writer):
                chunked = b"Transfer-Encoding: chunked\r\n\r\n" + b"80000\r\n" + b"x" * 0x80000
                writer.write(b"POST /open HTTP/1.1\r\nHost: gateway\r\n" + chunked)
                writer.write(b"\r\n80000\r\n" + b"x" * 0x80000 + b"\r\n1\r\nx\r\n0\r\n\r\n")
                assert (await answered(reader))[0] == 413
    async with served.connected() as (reader, writer):
        writer.write(head("open", 1_000_000) + b"x" * 1_000_000)
        assert (await answered(reader))[0] == 200


async def test_a_large_body_is_decided_about_while_others_are_served(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, others_served = threading.Event(), threading.Event()

    def decide_slowly(config: Config, delivery: Delivery, now: float) -> Decision:
        if len(delivery.body) > 100_000:
            begun.set()
            assert others_served.wait(10)
        return decide(config, delivery, now)

    monkeypatch.setattr(intake, "decide", decide_slowly)
    async with served.connected() as (large, writer), served.connected() as (small, other):
        writer.write(head("open", 500_000) + b"x" * 500_000)
        assert await asyncio.to_thread(begun.wait, 10)
        other.write(head("open", 4) + b"text")
        assert (await answered(small))[0] == 200
        others_served.set()
        assert (await answered(large))[0] == 200
