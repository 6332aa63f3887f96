"""Starting the process that writes."""

from __future__ import annotations

import socket
import subprocess

from msgspec import Struct

from hookgate.children import FOR_THE_GATEWAY, blocked, module_environment, python_module

_BUFFER = 4 * 1024 * 1024
"""Bytes asked for between the processes, so that a turn's writes go over at once."""


class Child(Struct, frozen=True):
    """A writing process, and our ends of the channel to it and of its door."""

    process: subprocess.Popen[bytes]
    channel: socket.socket
    door: socket.socket

    def let_in(self) -> socket.socket:
        """A further channel to it, for another process. Raises `OSError`."""
        theirs, its = channel_pair()
        with its:
            try:
                socket.send_fds(self.door, [b"."], [its.fileno()])
            except OSError:
                theirs.close()
                raise
        return theirs


def channel_pair() -> tuple[socket.socket, socket.socket]:
    """Both ends of a channel."""
    ends = socket.socketpair()
    for end in ends:
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    return ends


def start_child(path: str, lock: int) -> Child:
    """Start a process that writes to the store at `path`, for which the descriptor `lock` is held.

    It shares the lock, so that nobody else opens the store before it has written what it was
    given. It ends when the channel is closed and not before: it must outlive the gateway's last
    write, so it is born with the signals blocked that end a gateway. Raises `OSError`.
    """
    (ours, its), (our_door, its_door) = channel_pair(), socket.socketpair()
    with its, its_door:
        try:
            with blocked(FOR_THE_GATEWAY):
                process = _popen(path, its.fileno(), its_door.fileno(), lock)
        except OSError:
            ours.close()
            our_door.close()
            raise
    return Child(process, ours, our_door)


def _popen(path: str, channel: int, door: int, lock: int) -> subprocess.Popen[bytes]:
    words = python_module("hookgate.stores.sqlite.writing")
    return subprocess.Popen(  # noqa: S603 - the arguments are our own
        [*words, path, str(channel), str(door)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        env=module_environment(),
        pass_fds=(channel, door, lock),
    )
