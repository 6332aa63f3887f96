"""The command runner: one attempt of a program that is a command line."""

from __future__ import annotations

import asyncio
import socket
import tempfile
import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial

from hookgate.core.command_line import CommandLine, plan_command
from hookgate.core.environment import Unrunnable
from hookgate.core.programs import CommandProgram
from hookgate.runners.executable import find_executable, why_not_started
from hookgate.runners.payload_file import payload_place, remove_left_behind, write_payload
from hookgate.runners.process import Limits, run_to_end
from hookgate.runners.results import not_begun, not_run, result_of
from hookgate.runners.runner import Result, Work
from hookgate.runners.started import Invocation
from hookgate.runners.warm.starts import WarmStarts
from hookgate.strays import end_strays
from hookgate.waiting import until_done


class CommandRunner:
    """Runs commands, without a shell, each attempt in a thread and a process group of its own.

    `environ` is the gateway's environment, from which `plan_command` takes what a program may see.
    Payload files go below `scratch`, the system's directory for temporary files by default; those
    that a killed gateway left there are removed now. `grace` is how many seconds a program has
    between SIGTERM and SIGKILL when it has timed out or its attempt is cancelled.

    What a program left running in its process group is killed when it has exited (see
    `process.run_to_end`). What left the group as well, as a daemon does, is left alone by an
    attempt that ended by itself. Of one that was cut short, by its timeout or a cancellation,
    nothing is left (see `strays`). How many run at once is the caller's to bound.
    """

    def __init__(
        self, environ: Mapping[str, str], scratch: str | None = None, grace: float = 2.0
    ) -> None:
        self._environ = environ
        self._grace = grace
        self.warm = WarmStarts(environ)
        self._scratch = tempfile.gettempdir() if scratch is None else scratch
        remove_left_behind(self._scratch)

    def use(self, programs: Iterable[CommandProgram]) -> None:
        """Make ready for these programs, and for no others any more."""
        self.warm.use(programs)

    def close(self) -> None:
        """End the processes that are no attempts."""
        self.warm.close()

    async def run(self, program: CommandProgram, work: Work) -> Result:
        """Run one attempt to its end; see `Runner.run`.

        A thread waits for the process, as spawning and waiting there costs the event loop far less
        than the loop's own subprocesses do.
        """
        try:
            keep_on, stop = socket.socketpair()
        except OSError as error:
            return not_begun(f"the attempt could not be begun: {error.strerror}", error)
        with keep_on, stop:
            try:
                attempt = _in_thread(partial(self._attempt, program, work, stop))
            except RuntimeError as error:
                return not_begun(f"the attempt could not be begun: {error}", error)
            return await _outcome(attempt, keep_on.close)

    def _attempt(self, program: CommandProgram, work: Work, stop: socket.socket) -> Result:
        try:
            with payload_place(self._scratch) as place:
                line = plan_command(
                    program, work.task, work.delivery, work.attempt, self._environ, str(place)
                )
                if isinstance(line, Unrunnable):
                    return not_run(line.reason, hopeless=True)
                write_payload(place, line.payload)
                return self._execute(program, work, line, stop)
        except OSError as error:
            return not_begun(f"the payload file could not be written: {error.strerror}", error)

    def _execute(
        self, program: CommandProgram, work: Work, line: CommandLine, stop: socket.socket
    ) -> Result:
        word = line.argv[0]
        executable = find_executable(word, line.env, program.working_dir)
        if isinstance(executable, Unrunnable):
            return not_run(executable.reason)
        invocation = Invocation(executable, line.argv, line.env, program.working_dir, line.stdin)
        limits = Limits(program.timeout, self._grace, program.max_output)
        try:
            ending = run_to_end(invocation, limits, stop, self.warm.start_of(program))
        except (OSError, ValueError) as error:
            if isinstance(error, TimeoutError):  # something may have begun after all
                _end_strays(work)
            return not_begun(why_not_started(word, error), error)
        if ending.timed_out or ending.stopped or ending.status is None:
            _end_strays(work)
        return result_of(program, ending)


def _end_strays(work: Work) -> None:
    with suppress(OSError):  # no descriptor is left to look with
        end_strays([work.task.id], work.attempt)


def _in_thread(attempt: Callable[[], Result]) -> Future[Result]:
    """Make the attempt in a thread of its own.

    A pool would bound attempts a second time, and would still run one later that it had refused
    for want of threads.
    """
    outcome: Future[Result] = Future()

    def make() -> None:
        try:
            outcome.set_result(attempt())
        except BaseException as error:  # raised where the outcome is awaited
            outcome.set_exception(error)

    threading.Thread(target=make, name="attempt").start()
    return outcome


async def _outcome(attempt: Future[Result], stop: Callable[[], None]) -> Result:
    """The attempt's result. A cancellation stops the attempt, and goes on when it has ended."""
    running = asyncio.wrap_future(attempt)
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        stop()
        await until_done(running)
        raise
