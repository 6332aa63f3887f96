"""One program from its start to its end, and to the end of all that it started."""

from __future__ import annotations

import os
import signal
import socket
import time
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE, PollSelector
from typing import IO

from msgspec import Struct

from hookgate.runners.output import HeadAndTail
from hookgate.runners.started import Invocation, Start, Started, spawned

DRAIN = 0.5
"""Seconds that others may keep the output open after the program itself has exited."""

_CHUNK = 64 * 1024
_LONGEST_WAIT = 86_400.0  # poll(2) takes no more than 24 days at once


class Limits(Struct, frozen=True):
    """What a program may take. Times in seconds; `grace` is between SIGTERM and SIGKILL.

    `max_output` is how many bytes of each output stream are kept.
    """

    timeout: float
    grace: float
    max_output: int


class Ending(Struct, frozen=True):
    """How a program ended and what it printed.

    `status` is the exit code, or the number of the signal that killed it as a negative number, or
    None where the system does not tell. `stopped` is whether it had to end before its timeout.
    """

    status: int | None
    timed_out: bool
    stopped: bool
    stdout: HeadAndTail
    stderr: HeadAndTail


def run_to_end(
    invocation: Invocation, limits: Limits, stop: socket.socket, start: Start = spawned
) -> Ending:
    """Run a program until it exits, its time is over or `stop` is readable; this blocks.

    At the timeout or stop its process group gets SIGTERM and, after the grace, SIGKILL. Once the
    program has exited, whoever else holds its output open has `DRAIN` seconds to finish; then what
    is left of the group is killed. Only a process that left the group outlives the call (setsid,
    or the job control of a shell), or one that may not be killed (sudo); see `strays`.

    Raises OSError or ValueError where the program could not be started.
    """
    stdout, stderr = HeadAndTail(limits.max_output), HeadAndTail(limits.max_output)
    with start(invocation) as process:
        attendance = _Attendance(process, invocation.stdin, stdout, stderr)
        timed_out, stopped = attendance.see_through(limits, stop)
    return Ending(process.status, timed_out, stopped, stdout, stderr)


class _Attendance:
    """Feeds a started program and listens to it, for as long as it runs and may run."""

    def __init__(
        self,
        process: Started,
        stdin: bytes,
        stdout: HeadAndTail,
        stderr: HeadAndTail,
    ) -> None:
        self._process = process
        self._unwritten = memoryview(stdin)
        self._outputs_open = 2
        self._exited = False
        self._stopped = False
        # Unlike epoll it needs no descriptor of its own, and unlike select it takes any number.
        self._selector = PollSelector()
        self._feed(process.stdin)
        self._listen(process.stdout, stdout)
        self._listen(process.stderr, stderr)

    def see_through(self, limits: Limits, stop: socket.socket) -> tuple[bool, bool]:
        """Attend until the program is to be killed, or what it left.

        Tells whether it timed out, and whether it was stopped.
        """
        exited, orphaned = self._process.exited, self._process.orphaned
        self._selector.register(exited, EVENT_READ, partial(self._note_exit, exited))
        self._selector.register(stop, EVENT_READ, partial(self._note_stop, stop))
        if orphaned is not None:
            self._selector.register(orphaned, EVENT_READ, partial(self._note_stop, orphaned))
        self._attend(limits.timeout, lambda: self._exited or self._stopped)
        stopped = self._stopped and not self._exited
        timed_out = not (self._exited or self._stopped)
        if not self._exited:
            self._process.signal(signal.SIGTERM)
            self._attend(limits.grace, lambda: self._exited)
        if self._exited:
            self._attend(DRAIN, lambda: not self._outputs_open)
        return timed_out, stopped

    def _attend(self, seconds: float, done: Callable[[], bool]) -> None:
        """Handle what happens until `done`, for that many seconds at most."""
        deadline = time.monotonic() + seconds
        while not done() and (left := deadline - time.monotonic()) > 0:
            for key, _ in self._selector.select(min(left, _LONGEST_WAIT)):
                key.data()

    def _feed(self, stream: IO[bytes]) -> None:
        os.set_blocking(stream.fileno(), False)
        self._selector.register(stream, EVENT_WRITE, partial(self._write, stream))

    def _listen(self, stream: IO[bytes], output: HeadAndTail) -> None:
        # A program may take back what it wrote between the selector's word and our reading.
        os.set_blocking(stream.fileno(), False)
        self._selector.register(stream, EVENT_READ, partial(self._read, stream, output))

    def _write(self, stream: IO[bytes]) -> None:
        try:
            written = os.write(stream.fileno(), self._unwritten[:_CHUNK])
        except BlockingIOError:  # it has filled the pipe itself
            return
        except BrokenPipeError:  # the program does not care for the rest
            written = len(self._unwritten)
        self._unwritten = self._unwritten[written:]
        if not self._unwritten:
            self._selector.unregister(stream)
            stream.close()

    def _read(self, stream: IO[bytes], output: HeadAndTail) -> None:
        try:
            chunk = os.read(stream.fileno(), _CHUNK)
        except BlockingIOError:
            return
        output.feed(chunk)
        if not chunk:
            self._selector.unregister(stream)
            self._outputs_open -= 1

    def _note_exit(self, exited: int) -> None:
        self._selector.unregister(exited)
        self._exited = True

    def _note_stop(self, stop: socket.socket | int) -> None:
        self._selector.unregister(stop)
        self._stopped = True
