"""A template process, as the gateway sees it."""

from __future__ import annotations

import array
import json
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import IO, cast

from hookgate.runners.groups import reap_group, reap_orphans, signal_group
from hookgate.runners.lifeline import hold_group_to
from hookgate.runners.started import Invocation, Started
from hookgate.runners.warm.asking import can_be_asked, read_at_start, start_request
from hookgate.runners.warm.fork import Fork, pipes_to, readable
from hookgate.runners.warm.inside import told

_PACKAGES = str(Path(__file__).resolve().parents[3])
_START = (
    "import json, sys; sys.path.insert(0, sys.argv[1]); "
    "from hookgate.runners.warm.inside.template import main; "
    "main(sys.argv[1], json.loads(sys.argv[2]))"
)

_ANSWERS_WITHIN = 30.0
"""Seconds after which a template process is given up that has not answered: a fork takes one
thousandth of one, on a machine that is not busy with other things."""

_ENDS_WITHIN = 5.0
"""Seconds after which one is left to its parent that has been killed and has not ended."""


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
        self._read_at_start = read_at_start(env)
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
                    [*argv[:-1], "-c", _START, _PACKAGES, json.dumps(assignment)],
                    executable=executable,
                    env={**env, **told.MAKES_ROOM},
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
            if self._retired or self.failure is not None:
                return False
            if not self._is_ready and readable(self._channel.fileno()):
                self._hear_of_beginning()
            return self._is_ready

    def fits(self, invocation: Invocation) -> bool:
        """Whether an interpreter that is started for this would start like this one."""
        return (
            invocation.executable == self._executable
            and read_at_start(invocation.env) == self._read_at_start
            and can_be_asked(invocation)
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
            ours, theirs = pipes_to(resources)
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
                self._let_go_of(process, ended=True)
                raise
            resources.callback(os.close, exited)
            fork = Fork(process, ours, exited, self._exited)
            try:
                yield fork
            finally:
                fork.signal(signal.SIGKILL)
                fork.status = self._let_go_of(process, ended=readable(exited, _ENDS_WITHIN))

    def _fork(self, invocation: Invocation, streams: Sequence[int]) -> int | None:
        with self._lock:
            if self._retired or self.failure is not None:
                return None
            try:
                kind, value = self._asked(start_request(invocation), streams)
            except TimeoutError:  # it may have forked
                raise
            except OSError:  # what it was about to fork has not begun
                return None
            if kind == told.SHORT:
                raise OSError(value, os.strerror(value))
            if kind == told.STALE:
                self.failure = ""
            if kind != told.FORKED:
                return None
            self._forks += 1
            return value

    def _let_go_of(self, process: int, *, ended: bool) -> int | None:
        """Have a fork reaped that was killed with its group, if it has ended; its status."""
        reap_orphans(process)
        with self._lock:
            status = told.LOST
            if ended:
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
