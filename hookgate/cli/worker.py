"""A worker: a process that answers for a gateway, started by its main process.

It ends with that, however that ends.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import signal
import socket
import sys
from collections.abc import Awaitable, Callable
from functools import partial

from hookgate.cli.logs import start_logging
from hookgate.core.config import Config
from hookgate.engine.elsewhere import Elsewhere
from hookgate.engine.fetching import Fetcher
from hookgate.engine.gateway import Gateway
from hookgate.engine.line import Line, LineFault
from hookgate.engine.totals import Counts, counts_of
from hookgate.errors import StoreUnavailable
from hookgate.server.app import build_app
from hookgate.server.beginning import Beginning
from hookgate.server.descriptors import connections_granted
from hookgate.server.process import Server, loop_factory
from hookgate.server.shutdown import Stops, serve_until_stopped
from hookgate.stores.sqlite.guest import GuestStore
from hookgate.threads import in_thread

_PR_SET_PDEATHSIG = 1


def main(line: int, door: int, listener: int) -> None:
    """Answer until the main process says that it is enough, or is gone."""
    _end_with_the_main_process()
    sockets = [socket.socket(fileno=descriptor) for descriptor in (line, door, listener)]
    with asyncio.Runner(loop_factory=loop_factory()) as loop:
        loop.run(_work(*sockets))


async def _work(end: socket.socket, door: socket.socket, listener: socket.socket) -> None:
    work = _Work(door)
    line = await Line.over(end, work.offers, _vanish)
    await work.serve(line, listener)


def _vanish() -> None:
    """Without the main process nobody may be answered any more: its store may be another's."""
    os._exit(1)


def _end_with_the_main_process() -> None:
    """Have the kernel see to it as well: a worker may be held up, by its log for instance."""
    parent = os.getppid()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        _vanish()


class _Work:
    """What the main process may ask of a worker, and what comes of it."""

    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._stops = Stops()
        self._beginning: asyncio.Future[Beginning] = asyncio.get_running_loop().create_future()
        self._listening = asyncio.Event()
        self._prepared: Config | None = None
        self._gateway: Gateway | None = None

    @property
    def offers(self) -> dict[str, Callable[..., Awaitable[object]]]:
        """By the names that `Workers` calls."""
        return {
            "begin": self._begin,
            "prepare": self._prepare,
            "use": self._use,
            "counts": self._counts,
            "stop": self._stop,
            "enough": self._enough,
        }

    async def serve(self, line: Line, listener: socket.socket) -> None:
        """Begin when told to, and serve until the end."""
        beginning = await self._beginning
        start_logging(as_json=beginning.as_json)
        config = beginning.share(beginning.config)
        elsewhere = Elsewhere(line, beginning.works)
        store = GuestStore(config.store.path, lambda: self._channel(line))
        gateway = Gateway(config, store, None, fetcher=Fetcher(), elsewhere=elsewhere)
        async with gateway:
            self._gateway = gateway
            app = build_app(gateway, beginning.own_token, elsewhere.metrics)
            connections = connections_granted(config.server.max_connections, programs=0)
            server = Server(app, connections, self._listening.set)
            await serve_until_stopped(server, gateway, [listener], self._stops)

    async def _channel(self, line: Line) -> socket.socket:
        """A new channel to the process that writes: it lies in the door when the call returns."""
        try:
            await line.call("channel")
            _, descriptors, _, _ = socket.recv_fds(self._door, 1, 1)
            return socket.socket(fileno=descriptors[0])
        except (OSError, IndexError, LineFault) as error:
            raise StoreUnavailable("there is no channel to the process that writes") from error

    async def _begin(self, beginning: Beginning) -> None:
        self._beginning.set_result(beginning)
        await self._listening.wait()

    async def _prepare(self, content: bytes) -> None:
        beginning = await self._beginning
        self._prepared = await in_thread(partial(beginning.share, content))

    async def _use(self) -> None:
        await self._listening.wait()
        assert self._gateway is not None  # noqa: S101 - it listens
        assert self._prepared is not None  # noqa: S101 - that is told before
        self._gateway.use(self._prepared)

    async def _counts(self) -> Counts:
        await self._listening.wait()
        assert self._gateway is not None  # noqa: S101 - it listens
        return counts_of(self._gateway.metrics)

    async def _stop(self) -> None:
        self._stops.stop.set()

    async def _enough(self) -> None:
        self._stops.enough.set()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
