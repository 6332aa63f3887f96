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
from typing import Protocol

from hookgate.engine.gateway import Gateway


class Serves(Protocol):
    """What answers requests: a server, or the workers that do.

    `last_answers` are the seconds for answers to leave once the grace is over.
    """

    should_exit: bool
    last_answers: float

    async def serve(self, listeners: list[socket.socket], /) -> None:
        """Serve until `should_exit`, and until what was begun is done."""
        ...

    def cut_off(self) -> None:
        """End what is still open."""
        ...


class Stops:
    """Whether a process is to end: `stop` says so, and `enough` that its time is over."""

    def __init__(self) -> None:
        self.stop = asyncio.Event()
        self.enough = asyncio.Event()


class StopSignals(Stops):
    """SIGTERM and SIGINT: the first sets `stop`, the next one `enough`.

    It listens from now on and for good: a process that is ending should do so cleanly.
    """

    def __init__(self) -> None:
        super().__init__()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._take)

    def _take(self) -> None:
        (self.enough if self.stop.is_set() else self.stop).set()


async def serve_until_stopped(
    server: Serves, gateway: Gateway, listeners: list[socket.socket], signals: Stops
) -> None:
    """Serve until the first signal, then wind down; the caller leaves `gateway`."""
    serving = asyncio.create_task(server.serve(listeners))
    await _first_of(serving, signals.stop)
    if not serving.done():
        await _wind_down(server, gateway, serving, signals.enough)
    await serving


async def _wind_down(
    server: Serves, gateway: Gateway, serving: asyncio.Task[None], enough: asyncio.Event
) -> None:
    settings = gateway.config.server
    gateway.open = False
    with suppress(TimeoutError):
        await asyncio.wait_for(enough.wait(), settings.shutdown_delay)
    server.should_exit = True
    asyncio.get_running_loop().call_later(settings.shutdown_grace, enough.set)
    await gateway.drain(enough)
    await _first_of(serving, enough)
    await asyncio.wait({serving}, timeout=server.last_answers)
    server.cut_off()


async def _first_of(serving: asyncio.Task[None], event: asyncio.Event) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
