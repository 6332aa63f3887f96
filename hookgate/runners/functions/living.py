"""A living process that calls a function, as the gateway sees it."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from typing import IO, cast

from msgspec.structs import asdict

from hookgate.core.environment import variables_at_start
from hookgate.core.programs import FunctionProgram
from hookgate.runners.exits import exit_watch
from hookgate.runners.functions.frames import ANSWER_SIZE, After, Answer, read_answer
from hookgate.runners.functions.worker import Assignment
from hookgate.runners.groups import reap_group, signal_group
from hookgate.runners.output import HeadAndTail
from hookgate.runners.warm.inside.told import MAKES_ROOM
from hookgate.threads import in_thread

_PACKAGES = str(Path(__file__).parents[3])
_START = (
    "import json, sys; sys.path.append(sys.argv[1]); "
    "from hookgate.runners.functions.worker import Assignment, main; "
    "sys.exit(main(Assignment(**json.loads(sys.argv[2]))))"
)
"""Nothing of the gateway is in the new process, not even a descriptor: it is not a fork of it.
The arguments are where hookgate is, for a gateway that is not installed, and the assignment."""

_CHUNK = 64 * 1024
"""As much as a pipe holds: one read takes all that was there."""

_LAST_LOOKS = 16
_UNTIL_GIVEN_UP = 5.0
"""Seconds after which one is left to the kernel that has been killed and has not ended."""

_PATIENCE = 0.5
"""Seconds that a process which has let go of its channel may need to exit."""


class LivingProcess:
    """A process with its pipes. It is started at once, and takes calls one at a time.

    `on_useless` is called when it can take no more calls, whenever that is: it has exited, or has
    said what is no answer. Raises OSError where it cannot be started.
    """

    def __init__(
        self,
        program: FunctionProgram,
        environ: Mapping[str, str],
        on_useless: Callable[[LivingProcess], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        self._loop = loop
        self._exited: asyncio.Future[None] = loop.create_future()
        self._on_useless = on_useless
        self._max_output = program.max_output
        self._answer: asyncio.Future[Answer | None] | None = None
        self._received = bytearray()
        self._usable = True
        self._output, self._stderr = self._fresh(), self._fresh()
        self.answered = 0
        with ExitStack() as resources:
            self._start(program, environ, resources)
            self._resources = resources.pop_all()

    # --- calls --------------------------------------------------------------------------------

    async def call(self, frame: bytes) -> Answer | None:
        """Make a call; None where the process was lost over it.

        One that was of no use before is as one that has not made the call. After None, and where
        this was cancelled, it has to be ended.
        """
        answer: asyncio.Future[Answer | None] = self._loop.create_future()
        self._answer = answer
        if not self._usable:
            return Answer(After.STALE)
        try:
            await self._send(frame)
        except OSError:  # it ended without having read it all
            # One that has never answered cannot load its file; what it printed says why.
            return Answer(After.STALE) if self.answered else None
        found = await answer
        if found is not None:
            self.answered += 1
            self._read_printed()
        return found

    async def _send(self, frame: bytes) -> None:
        try:
            sent = self._channel.send(frame)
        except BlockingIOError:
            sent = 0
        if sent < len(frame):
            await self._loop.sock_sendall(self._channel, memoryview(frame)[sent:])

    def printed(self) -> tuple[HeadAndTail, HeadAndTail]:
        """What was printed since the last time: to standard output, and to standard error."""
        found = self._output, self._stderr
        self._output, self._stderr = self._fresh(), self._fresh()
        return found

    # --- its end ------------------------------------------------------------------------------

    async def end(self, patience: float, grace: float) -> int | None:
        """End it and all that is left of its process group; its exit status.

        It is told that there are no more calls, and has `patience` seconds to exit. Then the group
        gets SIGTERM and, after the grace, SIGKILL.
        """
        with suppress(OSError):  # it has exited
            self._channel.shutdown(socket.SHUT_WR)
        if not await self._exits_within(patience):
            signal_group(self._pid, signal.SIGTERM)
            await self._exits_within(grace)
        signal_group(self._pid, signal.SIGKILL)
        await self._exits_within(_UNTIL_GIVEN_UP)
        for _ in range(_LAST_LOOKS):
            self._read_printed()
        self._process.returncode = await in_thread(partial(reap_group, self._pid))
        self._resources.close()
        return self._process.returncode

    async def lost(self, grace: float) -> int | None:
        """The same for one that was lost over a call."""
        return await self.end(_PATIENCE, grace)

    async def _exits_within(self, seconds: float) -> bool:
        done, _ = await asyncio.wait({self._exited}, timeout=seconds)
        return bool(done)

    # --- its pipes ----------------------------------------------------------------------------

    def _start(
        self, program: FunctionProgram, environ: Mapping[str, str], resources: ExitStack
    ) -> None:
        self._channel, theirs = socket.socketpair()
        resources.enter_context(self._channel)
        self._channel.setblocking(False)
        lifeline, held = os.pipe()
        resources.callback(os.close, held)
        try:
            self._process = _started(program, environ, theirs.fileno(), lifeline)
        finally:
            theirs.close()
            os.close(lifeline)
        self._pid = self._process.pid
        self._out = resources.enter_context(cast(IO[bytes], self._process.stdout)).fileno()
        self._err = resources.enter_context(cast(IO[bytes], self._process.stderr)).fileno()
        for pipe in (self._out, self._err):
            os.set_blocking(pipe, False)
        exited = resources.enter_context(exit_watch(self._pid))
        watched: dict[int, Callable[[], None]] = {
            self._channel.fileno(): self._read_answer,
            self._out: partial(self._read, self._out),
            self._err: partial(self._read, self._err),
            exited: partial(self._note_exit, exited),
        }
        for descriptor, callback in watched.items():
            self._loop.add_reader(descriptor, callback)
            resources.callback(self._loop.remove_reader, descriptor)

    def _read_answer(self) -> None:
        try:
            chunk = self._channel.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        self._received += chunk
        asked = self._answer is not None and not self._answer.done()
        if asked and chunk and len(self._received) < ANSWER_SIZE:
            return
        answer = read_answer(bytes(self._received)) if asked else None
        self._received.clear()
        if answer is None:
            self._hear_no_more()
        self._settle(answer)

    def _hear_no_more(self) -> None:
        """What it says means nothing any more, and must not pile up here."""
        self._loop.remove_reader(self._channel.fileno())
        self._usable = False
        self._on_useless(self)

    def _settle(self, answer: Answer | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answer)

    def _read_printed(self) -> None:
        self._read(self._out)
        self._read(self._err)

    def _read(self, pipe: int) -> None:
        try:
            chunk = os.read(pipe, _CHUNK)
        except BlockingIOError:
            return
        if chunk:
            (self._output if pipe == self._out else self._stderr).feed(chunk)
        else:
            self._loop.remove_reader(pipe)

    def _note_exit(self, watch: int) -> None:
        self._loop.remove_reader(watch)
        self._exited.set_result(None)
        self._usable = False
        self._settle(None)
        self._on_useless(self)

    def _fresh(self) -> HeadAndTail:
        return HeadAndTail(self._max_output)


def _started(
    program: FunctionProgram, environ: Mapping[str, str], channel: int, lifeline: int
) -> subprocess.Popen[bytes]:
    assignment = Assignment(
        channel=channel,
        lifeline=lifeline,
        file=program.file,
        function=program.function,
        working_dir=program.working_dir,
        max_tasks=program.max_tasks,
        max_memory=program.max_memory,
    )
    told = json.dumps(asdict(assignment))
    return subprocess.Popen(  # noqa: S603 - our own interpreter, and no shell
        [sys.executable, "-P", "-B", "-c", _START, _PACKAGES, told],
        env={**variables_at_start(program, environ), **MAKES_ROOM},
        cwd=program.working_dir,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        bufsize=0,
        pass_fds=(channel, lifeline),
        start_new_session=True,
    )
