"""The bounds on what a caller may send, on real connections."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from hookgate.engine.gateway import Gateway
from hookgate.server import protocol
from hookgate.server.app import build_app
from hookgate.server.process import Server
from hookgate.stores.sqlite import SqliteStore
from tests.rules import compiled

pytestmark = pytest.mark.anyio

RULES = """
version: 1
store: sqlite:hookgate.db
sources:
  empty:
    auth: {type: none}
    respond: {status: 204}
    rules: {"*": [{program: act}]}
programs: {act: {command: act}}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def port(tmp_path: Path) -> AsyncIterator[int]:
    config = compiled(RULES, directory=tmp_path)
    listening = asyncio.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        async with Gateway(config, SqliteStore(config.store.path), None) as gateway:
            server = Server(build_app(gateway, "admin"), listening.set)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            await listening.wait()
            yield listener.getsockname()[1]
            server.should_exit = True
            await serving


@asynccontextmanager
async def connected(
    port: int,
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with asyncio.timeout(20):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def answer_to(port: int, *pieces: bytes) -> bytes:
    """All that is answered until the server closes the connection."""
    answer = b""
    async with connected(port) as (reader, writer):
        with contextlib.suppress(ConnectionError):
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
        with contextlib.suppress(ConnectionError):  # a reset, for we are still sending
            while read := await reader.read(65536):
                answer += read
    return answer


ENDLESS = 2000
"""Pieces of 9 KB: more than the buffers of a connection hold, so sending them all would hang."""

LINE = b"POST /empty HTTP/1.1\r\nHost: x\r\n"


async def test_a_head_that_never_ends_is_cut_off(port: int) -> None:
    answer = await answer_to(port, LINE, *[b"a: " + b"x" * 9000 + b"\r\n"] * ENDLESS)
    assert answer in (b"", protocol.TOO_LARGE)


async def test_a_field_that_never_ends_is_cut_off(port: int) -> None:
    answer = await answer_to(port, LINE + b"a: ", *[b"x" * 9000] * ENDLESS)
    assert answer in (b"", protocol.TOO_LARGE)


async def test_a_request_line_that_never_ends_is_cut_off(port: int) -> None:
    answer = await answer_to(port, b"GET /", *[b"x" * 9000] * ENDLESS)
    assert answer in (b"", protocol.TOO_LARGE)


async def test_a_head_that_is_large_but_whole_is_refused_too(port: int) -> None:
    fields = b"".join(b"f%d: %s\r\n" % (n, b"x" * 1000) for n in range(90))
    answer = await answer_to(port, LINE + fields + b"Content-Length: 0\r\n\r\n")
    assert answer == protocol.TOO_LARGE


async def test_too_many_fields_are_refused(port: int) -> None:
    answer = await answer_to(port, LINE + b"a:b\r\n" * 101 + b"Content-Length: 0\r\n\r\n")
    assert answer == protocol.TOO_LARGE


async def test_an_ordinary_head_is_served_and_the_next_one_too(port: int) -> None:
    async with connected(port) as (reader, writer):
        for _ in range(2):
            fields = b"f: " + b"x" * 40_000 + b"\r\n" + b"a:b\r\n" * 50
            writer.write(LINE + fields + b"Content-Length: 2\r\n\r\n{}")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"POST /em", LINE, LINE + b"Content-Le"])
async def test_a_head_that_does_not_come_in_time_is_not_waited_for(
    port: int, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    assert await answer_to(port, begun) == b""


async def test_a_second_head_has_a_limit_as_well(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    answer = await answer_to(port, LINE + b"Content-Length: 2\r\n\r\n{}", LINE)
    assert answer.count(b"HTTP/1.1") == 1


async def test_an_answer_without_content_ends_with_its_head(port: int) -> None:
    """Otherwise what follows it would be read as the answer to the next request."""
    body = b"{}"
    async with connected(port) as (reader, writer):
        writer.write(LINE + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 204 ")
        assert b"content-length" not in head.lower()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
