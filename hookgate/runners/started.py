"""A process that was started: what the gateway holds of it, however that was done.

It leads a process group of its own (setsid), and signals go to the group (see `groups`).
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from signal import SIGKILL, Signals
from typing import IO, Protocol, TypeAlias, cast

from msgspec import Struct

from hookgate.runners.exits import exit_watch
from hookgate.runners.groups import reap_group, signal_group


class Invocation(Struct, frozen=True):
    """What to execute: `executable` is the file, `argv` is what it sees as its arguments.

    `working_dir` is absolute; `stdin` is all that the program finds on its standard input.
    """

    executable: str
    argv: Sequence[str]
    env: Mapping[str, str]
    working_dir: str
    stdin: bytes


class Started(Protocol):
    """A process with a pipe for each of its standard streams.

    The descriptors `exited` and `orphaned` become readable when it has exited, and when the process
    that started it is lost; there need be no such process. `status` is there once it was reaped:
    the exit code, the negative number of a signal, or None where that cannot be told.
    """

    stdin: IO[bytes]
    stdout: IO[bytes]
    stderr: IO[bytes]
    exited: int
    orphaned: int | None
    status: int | None

    def signal(self, number: Signals) -> None:
        """Send a signal to what is left of its group."""
        ...


Start: TypeAlias = Callable[[Invocation], AbstractContextManager[Started]]
"""A way to start a process. At the end its group is killed, and it is reaped.

Raises OSError or ValueError where it could not be started.
"""


class _Spawned:
    """A process that is a child of the gateway."""

    orphaned: int | None = None
    status: int | None = None

    def __init__(self, process: subprocess.Popen[bytes], exited: int) -> None:
        self._pid = process.pid
        self.stdin = cast(IO[bytes], process.stdin)
        self.stdout = cast(IO[bytes], process.stdout)
        self.stderr = cast(IO[bytes], process.stderr)
        self.exited = exited

    def signal(self, number: Signals) -> None:
        """See `Started`."""
        signal_group(self._pid, number)


@contextmanager
def spawned(invocation: Invocation) -> Iterator[Started]:
    """Start a process as a child of ours.

    Popen's own wait is not used: it takes a lost exit status for success.
    """
    process = subprocess.Popen(  # noqa: S603 - a list from the rules file, and no shell
        invocation.argv,
        executable=invocation.executable,
        env=invocation.env,
        cwd=invocation.working_dir,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        start_new_session=True,
    )
    started: _Spawned | None = None
    try:
        with exit_watch(process.pid) as exited:
            started = _Spawned(process, exited)
            yield started
    finally:
        signal_group(process.pid, SIGKILL)
        for stream in (process.stdin, process.stdout, process.stderr):
            cast(IO[bytes], stream).close()
        process.returncode = reap_group(process.pid)
        if started is not None:
            started.status = process.returncode
