"""What makes a gateway put its rules file to use again: SIGHUP, and a change where it watches."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import NoReturn

from msgspec.structs import replace

from hookgate.cli.reload_candidate import RulesFile
from hookgate.cli.reload_state import State, kept, write_state
from hookgate.cli.stamps import Stamp
from hookgate.engine.gateway import Gateway
from hookgate.engine.reload import Outcome, Reloader, Use

LOOK_AGAIN = 0.5
"""Seconds between two looks at the files.

A look costs microseconds, and sees changes on file systems that tell of none. To be told of them
would cost more: the store mostly lies in the same directory and changes with each delivery.
"""

SETTLING = 0.1
"""Seconds for which files must stay as they are: an editor writes more than once."""


@asynccontextmanager
async def reloading(
    gateway: Gateway,
    rules: RulesFile,
    known: Mapping[Path, Stamp] | None,
    use: Use,
) -> AsyncIterator[None]:
    """While entered, SIGHUP makes the gateway reload, and so does a change of what is `known`.

    Enter it when the store is open: what came of a reload is told in a file beside it.
    """
    store = gateway.config.store.path
    state = State(os.getpid(), str(rules.path.absolute()))

    def tell(outcome: Outcome) -> None:
        write_state(store, replace(state, last=outcome))

    reloader = Reloader(gateway, rules.candidate, tell, use)
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, _on_hangup(reloader.ask))
    watching = None if known is None else loop.create_task(watch(rules, known, reloader.reload))
    with kept(store, state):
        try:
            yield
        finally:
            if watching is not None:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
            await reloader.stop()


async def watch(
    rules: RulesFile, known: Mapping[Path, Stamp], reload: Callable[[], Awaitable[None]]
) -> NoReturn:
    """Reload whenever a file is not as it is known."""
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        with suppress(RuntimeError):  # the machine has no thread left; it will have again
            seen = await asyncio.to_thread(rules.stamps)
            if seen != known:
                seen = await _settled(rules, seen)
                await reload()
                known = rules.known_after(seen)


async def _settled(rules: RulesFile, seen: Mapping[Path, Stamp]) -> Mapping[Path, Stamp]:
    while True:
        await asyncio.sleep(SETTLING)
        now = await asyncio.to_thread(rules.stamps)
        if now == seen:
            return now
        seen = now


def _on_hangup(reload: Callable[[], None]) -> Callable[[], None]:
    """What SIGHUP does: reload, unless it says that the terminal has gone that this runs in.

    Then the gateway ends, as every program does that was not started to outlive its terminal.
    """
    bound = _has_terminal() and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN

    def heed() -> None:
        if bound and not _has_terminal():
            signal.raise_signal(signal.SIGTERM)
        else:
            reload()

    return heed


def _has_terminal() -> bool:
    try:
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY))
    except OSError:
        return False
    return True
