"""Putting the rules file to use again while the gateway serves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from msgspec import Struct
from msgspec.structs import replace

from hookgate.core.config import Config
from hookgate.engine import journal
from hookgate.engine.gateway import Gateway


class Candidate(Struct, frozen=True):
    """A rules file as it was found.

    `config` is None where it cannot be used; `findings` then say why, a line each. `report` is what
    a person is told of it, warnings included.
    """

    config: Config | None
    findings: tuple[str, ...]
    report: str


class Outcome(Struct, frozen=True):
    """What came of a reload that began at `began`, by the monotonic clock of the system.

    `restart` names the keys that have changed and take a restart; everything else is in use.
    """

    began: float
    successful: bool
    restart: tuple[str, ...]
    report: str


Find = Callable[[], Candidate]
"""Reads the rules file and all that belongs to it; it is called in a thread of its own."""

Use = Callable[[Config], Awaitable[None]]
"""Puts a configuration to use; when it returns, nothing is decided by the one before any more."""

Tell = Callable[[Outcome], None]
"""Is told what came of each reload."""


class Reloader:
    """Reloads, one time after the other. A rules file that cannot be used changes nothing."""

    def __init__(self, gateway: Gateway, find: Find, tell: Tell, use: Use) -> None:
        self._gateway = gateway
        self._use = use
        self._find = find
        self._tell = tell
        self._turn = asyncio.Lock()
        self._asked: asyncio.Task[None] | None = None
        self._stopped = False

    def ask(self) -> None:
        """Reload soon. Who asks again before that has begun is served by it as well."""
        if self._asked is None and not self._stopped:
            self._asked = asyncio.get_running_loop().create_task(self._when_asked())

    async def reload(self) -> None:
        """Reload, after those that have begun."""
        async with self._turn:
            await self._reload()

    async def stop(self) -> None:
        """Begin no more, and give up what has begun."""
        self._stopped = True
        if self._asked is not None:
            self._asked.cancel()
            await asyncio.gather(self._asked, return_exceptions=True)

    async def _when_asked(self) -> None:
        async with self._turn:
            self._asked = None
            await self._reload()

    async def _reload(self) -> None:
        began = time.monotonic()
        try:
            candidate = await asyncio.to_thread(self._candidate)
        except RuntimeError as error:  # the machine has no thread left
            candidate = Candidate(None, (str(error),), str(error))
        restart: tuple[str, ...] = ()
        if candidate.config is None:
            self._refuse(candidate)
        else:
            config, restart = as_far_as_possible(self._gateway.config, candidate.config)
            await self._put_to_use(config, restart)
        self._tell(Outcome(began, candidate.config is not None, restart, candidate.report))

    def _candidate(self) -> Candidate:
        try:
            return self._find()
        except Exception as error:  # a fault of ours must not end what serves
            journal.loop_broke("reading the rules file again")
            reason = f"hookgate could not read it: {type(error).__name__}"
            return Candidate(None, (reason,), reason)

    def _refuse(self, candidate: Candidate) -> None:
        self._gateway.metrics.reload_successful = False
        for finding in candidate.findings:
            journal.config_refused(finding)

    async def _put_to_use(self, config: Config, restart: tuple[str, ...]) -> None:
        await self._use(config)
        journal.config_in_use(config.digest)
        for key in restart:
            journal.config_needs_restart(key)


def as_far_as_possible(current: Config, wanted: Config) -> tuple[Config, tuple[str, ...]]:
    """What is wanted, but for what a running process cannot change; and the keys of that."""
    running = current.server
    server = replace(
        wanted.server,
        host=running.host,
        port=running.port,
        max_connections=running.max_connections,
        max_bodies=running.max_bodies,
    )
    store = replace(wanted.store, path=current.store.path, shown=current.store.shown)
    differing = {
        "server.host": wanted.server.host != server.host,
        "server.port": wanted.server.port != server.port,
        "server.max_connections": wanted.server.max_connections != server.max_connections,
        "server.max_bodies": wanted.server.max_bodies != server.max_bodies,
        "store.url": wanted.store.path != store.path,
    }
    keys = tuple(key for key, differs in differing.items() if differs)
    return replace(wanted, server=server, store=store), keys
