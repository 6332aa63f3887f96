"""The workers of a gateway: processes that answer, each with a listening socket of its own.

The main process keeps them running. It alone runs programs and counts what has a limit, so a worker
that is killed takes nothing with it but its open connections. Its socket stays open here: who has
connected and was not accepted yet is served by the one that takes its place.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from hookgate.children import FOR_THE_GATEWAY, blocked, module_environment, python_module
from hookgate.core.config import Config
from hookgate.engine import journal
from hookgate.engine.gateway import Gateway
from hookgate.engine.line import Line, LineFault, Offers
from hookgate.engine.totals import NOTHING, Counts, add, total
from hookgate.loading.portable import packed
from hookgate.server.beginning import STORE_CHANNEL, Beginning
from hookgate.server.shutdown import Stops
from hookgate.stores.sqlite.store import SqliteStore
from hookgate.threads import in_thread

PATIENCE = 5.0
"""Seconds for a worker to heed a new configuration; one that does not is replaced."""

_LOOK_AGAIN = 0.02
"""Seconds between two looks at a worker that was killed and may not have ended yet."""

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
_LONG_LIFE = 10.0
_COUNTING = 1.0


class Worker:
    """One worker process and our ends of what leads to it."""

    def __init__(self, process: subprocess.Popen[bytes], door: socket.socket) -> None:
        self.process = process
        self.door = door
        self.line: Line | None = None
        self.config: Config | None = None
        self.counts: Counts = NOTHING
        self.gone = asyncio.Event()

    async def call(self, name: str, *arguments: object, seconds: float) -> object:
        """Call it; one that does not answer in time, or cannot, is ended and gives None."""
        try:
            async with asyncio.timeout(seconds):
                assert self.line is not None  # noqa: S101 - it is set before anybody calls
                return await self.line.call(name, *arguments)
        except (TimeoutError, ConnectionError, LineFault):
            self.process.kill()
            return None


class Workers:
    """Serves through workers, as many as there are listening sockets; see `shutdown.Serves`."""

    last_answers = 3.0  # workers give theirs to their callers first

    def __init__(
        self,
        gateway: Gateway,
        store: SqliteStore,
        beginning: Callable[[bytes], Beginning],
        stops: Stops,
        on_listening: Callable[[], None],
    ) -> None:
        """`beginning` makes of a packed configuration what a worker is told first."""
        self._gateway = gateway
        self._store = store
        self._beginning = beginning
        self._stops = stops
        self._on_listening = on_listening
        self._workers: set[Worker] = set()
        self._to_begin: set[int] = set()
        self.should_exit = False

    async def serve(self, listeners: list[socket.socket]) -> None:
        """Keep a worker at each socket until all are told to stop and have ended."""
        self._to_begin = set(range(len(listeners)))
        stopping = asyncio.create_task(self._tell_of_the_end(listeners))
        keeping = [self._keep(number, listener) for number, listener in enumerate(listeners)]
        await asyncio.gather(*keeping)
        stopping.cancel()

    def cut_off(self) -> None:
        """Kill those that are still there."""
        for worker in self._workers:
            worker.process.kill()

    async def use(self, config: Config) -> None:
        """Have all of them decide by another configuration: first they get it, then they use it.

        The time in which some use it and some do not yet is that of a message. Whoever does not
        heed it is ended, and begins with it.
        """
        content = await in_thread(partial(packed, config))
        await asyncio.gather(*(self._prepare(worker, config, content) for worker in self._workers))
        self._gateway.use(config)
        await asyncio.gather(*(self._change(worker, config) for worker in list(self._workers)))

    async def metrics(self) -> bytes:
        """The page of metrics of all processes together."""
        from hookgate.server.exposition import new_page  # see `MetricsPage.show`

        await asyncio.gather(*map(self._count, list(self._workers)))
        gateway = self._gateway
        counts = [worker.counts for worker in self._workers]
        return await new_page(gateway, total(gateway.config, gateway.metrics, counts))

    # --- keeping them running -----------------------------------------------------------------

    async def _keep(self, number: int, listener: socket.socket) -> None:
        pause = _FIRST_PAUSE
        while not self._stops.stop.is_set():
            began = time.monotonic()
            try:
                worker = await self._started(listener)
            except OSError as error:
                journal.store_unavailable("starting a worker", str(error))
            else:
                await self._see_through(number, worker)
            if time.monotonic() - began > _LONG_LIFE:
                pause = _FIRST_PAUSE
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stops.stop.wait(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _see_through(self, number: int, worker: Worker) -> None:
        """Let a worker begin, and return when it has ended."""
        beginning = asyncio.create_task(self._begin(number, worker))
        await worker.gone.wait()
        worker.process.kill()  # nothing that is cut off from here may go on
        # Without a thread: there may be none to be had, and that must not end the gateway.
        while (status := worker.process.poll()) is None:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(_LOOK_AGAIN)
        worker.door.close()
        self._workers.discard(worker)
        beginning.cancel()
        await asyncio.gather(beginning, return_exceptions=True)
        add(self._gateway.metrics, worker.counts)
        if not self._stops.stop.is_set():
            journal.worker_ended(worker.process.pid, status)

    async def _started(self, listener: socket.socket) -> Worker:
        (ours, its), (our_door, its_door) = socket.socketpair(), socket.socketpair()
        with its, its_door:
            descriptors = (its.fileno(), its_door.fileno(), listener.fileno())
            try:
                process = _popen(descriptors)
            except OSError:
                ours.close()
                our_door.close()
                raise
        worker = Worker(process, our_door)
        offers: Offers = {
            "take": self._take,
            "drain_rate": self._gateway.limits.drain_rate,
            "tried": self._gateway.tried,
            "metrics": self.metrics,
            "channel": partial(self._let_in, worker),
        }
        worker.line = await Line.over(ours, offers, worker.gone.set)
        self._workers.add(worker)
        return worker

    async def _begin(self, number: int, worker: Worker) -> None:
        worker.config = self._gateway.config
        content = packed(worker.config)
        assert worker.line is not None  # noqa: S101 - it was started
        with suppress(ConnectionError):  # then it has ended, which is seen elsewhere
            await worker.line.call("begin", self._beginning(content))
            self._to_begin.discard(number)
            if not self._to_begin:
                self._to_begin = {-1}  # this is told once
                self._on_listening()

    async def _tell_of_the_end(self, listeners: Sequence[socket.socket]) -> None:
        await self._stops.stop.wait()
        for listener in listeners:
            listener.close()  # the workers have them still
        await self._tell_all("stop")
        await self._stops.enough.wait()
        await self._tell_all("enough")

    async def _tell_all(self, what: str) -> None:
        calls = [worker.call(what, seconds=PATIENCE) for worker in list(self._workers)]
        await asyncio.gather(*calls)

    # --- what they are asked, and what they ask -----------------------------------------------

    async def _prepare(self, worker: Worker, config: Config, content: bytes) -> None:
        await worker.call("prepare", content, seconds=PATIENCE)
        worker.config = config

    async def _change(self, worker: Worker, config: Config) -> None:
        if worker.config is config:
            await worker.call("use", seconds=PATIENCE)
        else:  # it was started meanwhile, with the one before
            worker.process.kill()

    async def _count(self, worker: Worker) -> None:
        with suppress(TimeoutError, ConnectionError, LineFault):
            async with asyncio.timeout(_COUNTING):
                assert worker.line is not None  # noqa: S101 - it was started
                worker.counts = await worker.line.call("counts")

    async def _take(self, name: str, key: str) -> float:
        """Count by the limit in use here: while files change, a worker may have another."""
        source = self._gateway.config.sources.get(name)
        return 0.0 if source is None else await self._gateway.limits.take(source, key)

    async def _let_in(self, worker: Worker) -> None:
        """Send a worker a channel to the writing process."""
        with self._store.let_in() as channel:
            socket.send_fds(worker.door, [STORE_CHANNEL], [channel.fileno()])


def _popen(descriptors: Sequence[int]) -> subprocess.Popen[bytes]:
    """A worker heeds no signals but SIGKILL: it is told by us, in order, what to do."""
    with blocked(FOR_THE_GATEWAY):
        return subprocess.Popen(  # noqa: S603 - the arguments are our own
            [*python_module("hookgate.cli.worker"), *map(str, descriptors)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            env=module_environment(),
            pass_fds=descriptors,
        )
