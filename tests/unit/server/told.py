"""An application that tells what it was given, the server around it, and connections to it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any

from starlette.types import Receive, Scope, Send

from hookgate.server.answers import Answer
from hookgate.server.direct import RawHeaders
from hookgate.server.process import Server, loop_factory

BODY = b'{"number":1}'

LARGE = 20_000_000
"""Bytes of an answer that the buffers of a connection do not hold."""

Connect = Callable[[], Coroutine[Any, Any, "Line"]]


class Told:
    """An application that answers with what it was given and by which way."""

    def __init__(self) -> None:
        self.taken = asyncio.Event()
        self.gate = asyncio.Event()
        self.gate.set()

    def take(
        self, url: bytes, headers: RawHeaders, body: bytes, peer: str
    ) -> Coroutine[Any, Any, Answer] | None:
        return self._direct(url, headers, body, peer) if url != b"/ordinary" else None

    async def _direct(self, url: bytes, headers: RawHeaders, body: bytes, peer: str) -> Answer:
        self.taken.set()
        if url == b"/waits":
            await self.gate.wait()
        if url == b"/large":
            return Answer(200, b"x" * LARGE)
        if url == b"/broken":
            raise LookupError
        if url == b"/empty":
            return Answer(204, b"never sent")
        return Answer(202, b"direct %b %d %b %b" % (url, len(headers), peer.encode(), body))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = b""
        while (event := await receive())["type"] == "http.request":
            body += event["body"]
            if not event["more_body"]:
                break
        await Answer(200, b"ordinary %b %b" % (scope["path"].encode(), body)).send(send)


class Line:
    """A connection to the server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._reader = reader

    async def answer(self) -> tuple[bytes, bytes]:
        """The next answer's head and body."""
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", head)
        return head, await self._reader.readexactly(int(length[1])) if length else b""

    async def ended(self) -> bool:
        """Whether the server closes without another byte."""
        return await self._reader.read() == b""


@asynccontextmanager
async def served(app: Told, max_connections: int = 1000) -> AsyncIterator[Connect]:
    """A server with the gateway's settings; gives a way to connect to it."""
    listening = asyncio.Event()
    server = Server(app, max_connections, on_listening=listening.set)
    server.config.host, server.config.port = "127.0.0.1", 0
    serving = asyncio.create_task(server.serve())
    await listening.wait()
    address = server.servers[0].sockets[0].getsockname()

    async def connect() -> Line:
        return Line(*await asyncio.open_connection(*address))

    try:
        yield connect
    finally:
        server.should_exit = True
        await serving


def request(url: str = "/s", body: bytes = BODY, method: str = "POST", *lines: str) -> bytes:
    fields = "\r\n".join([f"{method} {url} HTTP/1.1", "Host: x", *lines])
    return f"{fields}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def run(check: Callable[[Told, Connect], Any], max_connections: int = 1000) -> None:
    """Carry out a check in the event loop that the gateway runs in."""

    async def main() -> None:
        app = Told()
        async with asyncio.timeout(20), served(app, max_connections) as connect:
            try:
                await check(app, connect)
            finally:
                app.gate.set()

    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(main())
