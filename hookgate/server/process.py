"""The HTTP server of a gateway process."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

import uvicorn
from starlette.types import ASGIApp

from hookgate.server.connections import Connections
from hookgate.server.protocol import BoundedProtocol

_OBJECTS_BETWEEN_COLLECTIONS = 10_000


class Server(uvicorn.Server):
    """Uvicorn with our settings and without its handling of signals; see `shutdown`.

    That would end the process on SIGTERM as soon as the last answer is out, before the gateway has
    given its tasks back.
    """

    last_answers = 1.0

    def __init__(
        self, app: ASGIApp, max_connections: int, on_listening: Callable[[], None]
    ) -> None:
        super().__init__(_settings(app, Connections(max_connections)))
        self._on_listening = on_listening

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept, then say so."""
        _spare_the_collector()
        await super().startup(sockets)
        self._on_listening()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them to `StopSignals`."""
        yield

    def cut_off(self) -> None:
        """Close the connections that are still open."""
        for connection in list(self.server_state.connections):
            connection.transport.abort()


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    """The fastest event loop there is on this platform."""
    try:
        import uvloop
    except ImportError:  # it has no build for some platforms
        return asyncio.new_event_loop
    return uvloop.new_event_loop


def _spare_the_collector() -> None:
    """Keep the garbage collector from looking at what stays.

    What is there by now stays until the end, and what a request makes is freed by its reference
    counts; a parsed payload alone would make it look every few requests.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)


def _settings(app: ASGIApp, connections: Connections) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http=cast(Any, partial(BoundedProtocol, connections=connections)),
        lifespan="off",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,  # the peer is judged by the rules file's trusted_proxies
        server_header=False,
    )
