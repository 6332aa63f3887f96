"""A template process and what it forks, as the gateway sees them."""

from __future__ import annotations

import array
import json
import os
import select
import signal
import socket
import subprocess
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from hookgate.core.environment import INHERITED
from hookgate.runners.groups import reap_group, reap_orphans, signal_group
from hookgate.runners.lifeline import hold_group_to
from hookgate.runners.started import Invocation, Started
from hookgate.runners.warm import template as told

_FILE = str(Path(told.__file__).resolve())
_ROOM = {told.ROOM: "-" * 8192}

_ANSWERS_WITHIN = 30.0
"""Seconds after which a template process is given up that has not answered: a fork takes one
thousandth of one, on a machine that is not busy with other things."""

_ENDS_WITHIN = 5.0
"""Seconds after which one is left to its parent that has been killed and has not ended."""

_READ_AT_START = ("PYTHON", "LC_", "LD_", "MALLOC_", "GLIBC_", "LANGUAGE", *INHERITED)
"""How variables begin that an interpreter or the C library reads when it starts."""


class TemplateProcess:
    """An interpreter that forks; started at once, and ready a while later.

    `argv` is the interpreter as the command names it, with its options, and the script. Raises
    OSError where it cannot be started. Safe to use from several threads.
    """

    def __init__(
        self,
        executable: str,
        argv: Sequence[str],
        env: Mapping[str, str],
        working_dir: str,
        preload: Sequence[str],
    ) -> None:
        self._executable = executable
        self._read_at_start = _read_at_start(env)
        self._lock = threading.Lock()
        self._forks = 0
        self._retired = False
        self.failure: str | None = None
        self._is_ready = False
        with ExitStack() as resources:
            self._channel, theirs = socket.socketpair()
            resources.enter_context(self._channel)
            lifeline, held = os.pipe()
            resources.callback(os.close, held)
            assignment = {
                "script": argv[-1],
                "words": len(argv) - 1,
                "preload": list(preload),
                "channel": theirs.fileno(),
                "lifeline": lifeline,
            }
            try:
                self._process = subprocess.Popen(  # noqa: S603 - no shell
                    [*argv[:-1], _FILE, json.dumps(assignment)],
                    executable=executable,
                    env={**env, **_ROOM},
                    cwd=working_dir,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    bufsize=0,
                    start_new_session=True,
                    pass_fds=(theirs.fileno(), lifeline),
                )
                resources.callback(self._reap)
                hold_group_to(lifeline, self._process.pid)
            finally:
                theirs.close()
                os.close(lifeline)
            for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
                cast(IO[bytes], pipe).close()
            self._exited = os.pidfd_open(self._process.pid)
            resources.callback(os.close, self._exited)
            self._channel.settimeout(_ANSWERS_WITHIN)
            self._resources = resources.pop_all()

    # --- what it is ---------------------------------------------------------------------------

    @property
    def process(self) -> int:
        """Its process id."""
        return self._process.pid

    def ready(self) -> bool:
        """Whether it can fork; `failure` says why where it never will be able to."""
        with self._lock:
            if not self._is_ready and self.failure is None and _readable(self._channel.fileno()):
                self._hear_of_beginning()
            return self._is_ready and self.failure is None

    def fits(self, invocation: Invocation) -> bool:
        """Whether an interpreter that is started for this would start like this one."""
        return (
            invocation.executable == self._executable
            and _read_at_start(invocation.env) == self._read_at_start
            and _size(invocation) < os.sysconf("SC_ARG_MAX")
            and all(name and "=" not in name for name in invocation.env)
        )

    def _hear_of_beginning(self) -> None:
        try:
            kind, value = self._reply()
            self._is_ready = kind == told.READY
            if kind == told.FAILED:
                self.failure = self._received(value).decode("utf-8", "replace")
        except OSError:
            self.failure = "it ended before it was ready"

    # --- its forks ----------------------------------------------------------------------------

    @contextmanager
    def forked(self, invocation: Invocation) -> Iterator[Started | None]:
        """A fork for an invocation; None where the script has to be started from nothing.

        Raises OSError as `Start` does.
        """
        with ExitStack() as resources:
            ours, theirs = _pipes(resources)
            try:
                process = self._fork(invocation, theirs)
            finally:
                for end in theirs:
                    os.close(end)
            if process is None:
                yield None
                return
            try:
                exited = os.pidfd_open(process)
            except OSError:
                signal_group(process, signal.SIGKILL)
                self._let_go_of(process)
                raise
            resources.callback(os.close, exited)
            fork = _Fork(process, ours, exited, self._exited)
            try:
                yield fork
            finally:
                fork.signal(signal.SIGKILL)
                if _readable(exited, _ENDS_WITHIN):
                    fork.status = self._let_go_of(process)

    def _fork(self, invocation: Invocation, streams: Sequence[int]) -> int | None:
        with self._lock:
            if self._retired or self.failure is not None:
                return None
            try:
                kind, value = self._asked(_start_request(invocation), streams)
            except TimeoutError:
                raise
            except OSError:  # whatever it was about to fork has not begun
                return None
            if kind == told.SHORT:
                raise OSError(value, os.strerror(value))
            if kind == told.STALE:
                self.failure = ""
            if kind != told.FORKED:
                return None
            self._forks += 1
            return value

    def _let_go_of(self, process: int) -> int | None:
        """Have a fork reaped that was killed with its group; its status."""
        reap_orphans(process)
        with self._lock:
            status = told.LOST
            with suppress(OSError):
                _, status = self._asked(told.REQUEST.pack(told.REAP, 0, 0, 0, process))
            self._forks -= 1
            if self._retired and not self._forks:
                self._end()
        return None if status == told.LOST else status

    # --- its end ------------------------------------------------------------------------------

    def retire(self) -> None:
        """End it as soon as no fork is left; none is made from now on."""
        with self._lock:
            if not self._retired:
                self._retired = True
                if not self._forks:
                    self._end()

    def _end(self) -> None:
        self._resources.close()

    def _kill(self) -> None:
        signal_group(self.process, signal.SIGKILL)

    def _reap(self) -> None:
        self._kill()
        self._process.returncode = reap_group(self.process)

    # --- what is said -------------------------------------------------------------------------

    def _asked(self, request: bytes, streams: Sequence[int] = ()) -> tuple[int, int]:
        try:
            return self._answer(request, streams)
        except OSError as error:
            slow = isinstance(error, TimeoutError)
            self.failure = "it does not answer any more" if slow else "it ended"
            self._kill()
            raise

    def _answer(self, request: bytes, streams: Sequence[int]) -> tuple[int, int]:
        passed = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", streams))]
        sent = self._channel.sendmsg([request], passed if streams else [])
        self._channel.sendall(memoryview(request)[sent:])
        return self._reply()

    def _reply(self) -> tuple[int, int]:
        kind, value = told.REPLY.unpack(self._received(told.REPLY.size))
        return kind, value

    def _received(self, size: int) -> bytes:
        received = bytearray()
        while len(received) < size:
            chunk = self._channel.recv(size - len(received))
            if not chunk:
                raise ConnectionResetError
            received += chunk
        return bytes(received)


class _Fork:
    """A process that a template has forked; see `Started`."""

    def __init__(
        self, process: int, streams: Sequence[IO[bytes]], exited: int, orphaned: int
    ) -> None:
        self._process = process
        self.stdin, self.stdout, self.stderr = streams
        self.exited = exited
        self.orphaned: int | None = orphaned
        self.status: int | None = None

    def signal(self, number: signal.Signals) -> None:
        """See `Started`. Nobody keeps the id of one whose template has ended."""
        if not _readable(cast(int, self.orphaned)):
            signal_group(self._process, number)
        else:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.exited, number)


def _pipes(resources: ExitStack) -> tuple[list[IO[bytes]], list[int]]:
    """Three pipes: our ends, which write to the first and read from the others, and theirs."""
    ours: list[IO[bytes]] = []
    theirs: list[int] = []
    with ExitStack() as on_failure:
        for mode in ("wb", "rb", "rb"):
            ends = os.pipe()
            our_end, their_end = ends if mode == "rb" else reversed(ends)
            ours.append(resources.enter_context(os.fdopen(our_end, mode, buffering=0)))
            theirs.append(their_end)
            on_failure.callback(os.close, their_end)
        on_failure.pop_all()
    return ours, theirs


def _start_request(invocation: Invocation) -> bytes:
    argv = _joined(invocation.argv)
    env = _joined(f"{name}={value}" for name, value in invocation.env.items())
    cwd = os.fsencode(invocation.working_dir)
    head = told.REQUEST.pack(told.START, len(argv), len(env), len(cwd), 0)
    return b"".join((head, argv, env, cwd))


def _joined(items: Iterable[str]) -> bytes:
    return b"\0".join(map(os.fsencode, items))


def _size(invocation: Invocation) -> int:
    """About as many bytes as the kernel would count."""
    words = sum(len(word) for word in invocation.argv)
    return words + sum(len(name) + len(value) for name, value in invocation.env.items())


def _read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if name.startswith(_READ_AT_START)}


def _readable(descriptor: int, seconds: float = 0) -> bool:
    """Whether it is, or becomes so within that time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
