"""How a gateway process ends when it is told to: nothing that was begun is cut off without need.

First it says that it is not ready, then it stops listening. Requests that are open and programs
that run have the grace to end in. When it is over, answers that wait for a program are given as
things stand, and whoever has not sent his request by then is cut off. The caller leaves the gateway
then, which ends the programs that still run.
"""

from __future__ import annotations

import asyncio
import signal
import socket
from contextlib import suppress

from hookgate.engine.gateway import Gateway
from hookgate.server.process import Server

LAST_ANSWERS = 1.0
"""Seconds for answers to leave once the grace is over."""


class StopSignals:
    """SIGTERM and SIGINT: the first sets `stop`, the next one `enough`.

    It listens from now on and for good: a process that is ending should do so cleanly.
    """

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.enough = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._take)

    def _take(self) -> None:
        (self.enough if self.stop.is_set() else self.stop).set()


async def serve_until_stopped(
    server: Server, gateway: Gateway, listener: socket.socket, signals: StopSignals
) -> None:
    """Serve until the first signal, then wind down; the caller leaves `gateway`."""
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await _first_of(serving, signals.stop)
    if not serving.done():
        await _wind_down(server, gateway, serving, signals.enough)
    await serving


async def _wind_down(
    server: Server, gateway: Gateway, serving: asyncio.Task[None], enough: asyncio.Event
) -> None:
    settings = gateway.config.server
    gateway.ready = False
    with suppress(TimeoutError):
        await asyncio.wait_for(enough.wait(), settings.shutdown_delay)
    server.should_exit = True
    asyncio.get_running_loop().call_later(settings.shutdown_grace, enough.set)
    await gateway.drain(enough)
    await _first_of(serving, enough)
    await asyncio.wait({serving}, timeout=LAST_ANSWERS)
    server.cut_off()


async def _first_of(serving: asyncio.Task[None], event: asyncio.Event) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
