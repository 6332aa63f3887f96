"""Starting the process that writes."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_BUFFER = 4 * 1024 * 1024
"""Bytes asked for between the processes, so that a turn's writes go over at once."""

_NOT_FOR_IT = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
"""Signals that a terminal or a supervisor sends to the gateway and all its processes."""


@dataclass(frozen=True, slots=True)
class Child:
    """A writing process and our end of the channel to it."""

    process: subprocess.Popen[bytes]
    channel: socket.socket


def start_child(path: str, lock: int) -> Child:
    """Start a process that writes to the store at `path`, for which the descriptor `lock` is held.

    It shares the lock, so that nobody else opens the store before it has written what it was
    given. It ends when the channel is closed and not before: it must outlive the gateway's last
    write, so it is born with the signals blocked that end a gateway. Raises `OSError`.
    """
    ours, its = socket.socketpair()
    with its:
        for end in (ours, its):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
        try:
            with _blocked(_NOT_FOR_IT):
                process = _popen(path, its.fileno(), lock)
        except OSError:
            ours.close()
            raise
    return Child(process, ours)


def _popen(path: str, channel: int, lock: int) -> subprocess.Popen[bytes]:
    # -P and our own search path: it imports the very modules that this process has, and nothing
    # that happens to lie in the working directory.
    search_path = os.pathsep.join(entry or str(os.getcwd()) for entry in sys.path)  # noqa: PTH109
    return subprocess.Popen(  # noqa: S603 - the arguments are our own
        [sys.executable, "-P", "-m", "hookgate.stores.sqlite.writing", path, str(channel)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": search_path},
        pass_fds=(channel, lock),
    )


@contextmanager
def _blocked(signals: set[signal.Signals]) -> Iterator[None]:
    """What is blocked here stays blocked in the processes that are started meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
