"""When a gateway under load is ended, and how."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.gateway import Gateway
from tests.crash.senders import CONNECTIONS, EVENTS, PROCESSES, Senders

_LOOK_AGAIN = 0.002
_TWO_LINES = 100
"""Bytes that a program writes to the journal, about."""


@dataclass(frozen=True, slots=True)
class Moment:
    """`name` says when it is. `wait` returns then, or when nothing more will come before it."""

    name: str
    wait: Callable[[], None]


def some_moment(chance: random.Random, senders: Senders, gateway: Gateway) -> Moment:
    """A moment after the gateway has begun to listen."""
    directory = gateway.rules.parent
    answers = chance.randint(1, PROCESSES * CONNECTIONS * EVENTS)
    size = _size(directory) + chance.randint(1, PROCESSES * CONNECTIONS * EVENTS * _TWO_LINES)
    pause = chance.uniform(0.0, 0.15)
    return chance.choice(
        [
            # An answer is out, and those of its neighbours are between the commit and the sender.
            Moment("an answer", lambda: _until(senders, lambda: len(senders.tasks) >= answers)),
            # A program has begun; others are about to end, or their end is about to be recorded.
            Moment("a program", lambda: _until(senders, lambda: _size(directory) >= size)),
            # What the rounds before left is being purged, and what they left undone is being run.
            Moment("listening", lambda: time.sleep(pause)),
            Moment("a reload", lambda: _reload(gateway, pause)),
        ]
    )


def _reload(gateway: Gateway, pause: float) -> None:
    """A changed rules file is read, perhaps tested or in use already after the pause."""
    with gateway.rules.open("a") as rules:
        rules.write("# and again\n")
    gateway.process.send_signal(signal.SIGHUP)
    time.sleep(pause)


def _size(directory: Path) -> int:
    """The bytes of the journal: to read it as often as that would take too much time."""
    journal = directory / "journal"
    return journal.stat().st_size if journal.exists() else 0


def _until(senders: Senders, reached: Callable[[], bool]) -> None:
    while not reached() and not senders.are_done:
        time.sleep(_LOOK_AGAIN)


# --- how ------------------------------------------------------------------------------------


def kill_gateway(gateway: Gateway, _: random.Random) -> None:
    """The writing process is left to end by itself."""
    gateway.process.kill()


def kill_both(gateway: Gateway, chance: random.Random) -> None:
    """Nobody is left to end the programs."""
    victims = [gateway.process.pid, *writing_processes(gateway)]
    chance.shuffle(victims)
    for victim in victims:
        os.kill(victim, signal.SIGKILL)


def kill_writing_first(gateway: Gateway, chance: random.Random) -> None:
    """The gateway goes on for a moment, perhaps until another process writes."""
    for process in writing_processes(gateway):
        os.kill(process, signal.SIGKILL)
    time.sleep(chance.uniform(0.0, 0.4))
    gateway.process.kill()


def kill_workers_first(gateway: Gateway, chance: random.Random) -> None:
    """Those who answer, where there are any; the others go on for a moment."""
    for process in workers(gateway):
        if chance.random() < 0.7:
            os.kill(process, signal.SIGKILL)
    time.sleep(chance.uniform(0.0, 1.0))
    gateway.process.kill()


def stop(gateway: Gateway, _: random.Random) -> None:
    """In order, with hardly any grace."""
    gateway.process.send_signal(signal.SIGTERM)


def kill_while_stopping(gateway: Gateway, chance: random.Random) -> None:
    """In the middle of winding down and of giving tasks back."""
    stop(gateway, chance)
    time.sleep(chance.uniform(0.0, 0.4))
    gateway.process.kill()


ENDS: dict[str, Callable[[Gateway, random.Random], None]] = {
    "kill gateway": kill_gateway,
    "kill both": kill_both,
    "kill writing": kill_writing_first,
    "kill workers": kill_workers_first,
    "kill stopping": kill_while_stopping,
    "stop": stop,
}


def some_end(chance: random.Random) -> str:
    """The name of one of the `ENDS`."""
    return chance.choices(list(ENDS), weights=(4, 2, 2, 2, 1, 1))[0]


def writing_processes(gateway: Gateway) -> list[int]:
    """The process that writes to the gateway's store; none where it has just ended."""
    return _running(gateway, b"hookgate.stores.sqlite.writing")


def workers(gateway: Gateway) -> list[int]:
    """The processes that answer for the gateway, where it does not do so itself."""
    return _running(gateway, b"hookgate.cli.worker")


def _running(gateway: Gateway, module: bytes) -> list[int]:
    """The processes that a gateway has started and that run a module of ours."""
    pid = gateway.process.pid
    found = []
    for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if module in command:
            found.append(int(child))
    return found
