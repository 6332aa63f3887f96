"""The gateway's server inside a test, and raw connections to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from hookgate.core.config import Config
from hookgate.engine.gateway import Gateway
from hookgate.model import Delivery
from hookgate.server.app import build_app
from hookgate.server.process import Server
from hookgate.stores.sqlite.store import SqliteStore
from hookgate.stores.store import DeliveryFilter

ADMIN_TOKEN = "admin-canary"


@dataclass
class Served:
    """A gateway that listens on a port of this machine."""

    port: int
    gateway: Gateway

    async def recorded(self) -> list[Delivery]:
        """Every delivery on disk, the first one first."""
        store = self.gateway.store
        listed = await store.deliveries(DeliveryFilter(limit=500))
        whole = [await store.delivery(each.delivery.id) for each in reversed(listed)]
        return [each.delivery for each in whole if each is not None]

    @asynccontextmanager
    async def connected(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection, for twenty seconds at most."""
        async with asyncio.timeout(20):
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            try:
                yield reader, writer
            finally:
                writer.close()

    async def answer_to(self, *pieces: bytes) -> bytes:
        """All that is answered until the server closes the connection."""
        answer = b""
        async with self.connected() as (reader, writer):
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
            with contextlib.suppress(ConnectionError):  # a reset, for we are still sending
                while read := await reader.read(65536):
                    answer += read
        return answer


@asynccontextmanager
async def serving(config: Config) -> AsyncIterator[Served]:
    """A gateway that records, answers and runs nothing."""
    listening = asyncio.Event()
    connections = config.server.max_connections
    with socket.create_server(("127.0.0.1", 0), backlog=2048) as listener:
        async with Gateway(config, SqliteStore(config.store.path), None) as gateway:
            app = build_app(gateway, ADMIN_TOKEN)
            server = Server(app, connections, listening.set)
            running = asyncio.create_task(server.serve(sockets=[listener]))
            await listening.wait()
            yield Served(listener.getsockname()[1], gateway)
            server.should_exit = True
            await running
