"""The processes that call one function."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine, Mapping
from typing import Any, NamedTuple

from hookgate.core.programs import FunctionProgram
from hookgate.runners.functions.frames import After, Answer
from hookgate.runners.functions.living import LivingProcess
from hookgate.runners.process import Ending
from hookgate.waiting import until_done

_AHEAD = 0.05
"""Seconds of work that a pool takes beyond what its processes are busy with: they have something to
do while the end of a call and the claim of the next task are on their way to the disk."""

_MOST_AHEAD = 31
_WEIGHT = 0.1


class Called(NamedTuple):
    """How a call ended, and the wait that it asked for.

    `lost` tells that the process ended over it; then the ending is that of the process.
    """

    ending: Ending
    retry_after: float | None = None
    lost: bool = False


class Pool:
    """At most `program.concurrency` processes, each busy with one call or idle.

    They are started when they are needed and then kept. One is there before the first call, and
    again when the last one has ended, so that a call need not wait for an interpreter to start.
    """

    def __init__(self, program: FunctionProgram, environ: Mapping[str, str], grace: float) -> None:
        self.program = program
        self._environ = environ
        self._grace = grace
        self._room = asyncio.Semaphore(program.concurrency)
        self._living: set[LivingProcess] = set()
        self._idle: list[LivingProcess] = []
        self._endings: set[asyncio.Task[Any]] = set()
        self._began: dict[LivingProcess, float] = {}
        """When the calls began that are being made, the oldest first."""
        self._retired = False
        self._begins_calls = True
        self._seconds: float | None = None
        """How long a call takes, the latest counting most; None before the first."""

    @property
    def room(self) -> int:
        """How many calls may be waiting or being made: more than there are processes, if short.

        While one takes long, whatever those before it took, nothing more is to wait for its end.
        """
        if self._seconds is None or self._is_held_up():
            return self.program.concurrency
        ahead = min(int(_AHEAD / max(self._seconds, 1e-6)), _MOST_AHEAD)
        return self.program.concurrency * (1 + ahead)

    def warm(self) -> None:
        """Have one process at least. Why there is none is told to the task that needs it."""
        if not self._living and not self._retired:
            try:
                self._idle.append(self._start())
            except (OSError, ValueError):
                return

    async def call(self, frame: bytes) -> Called | None:
        """Make a call in the next process that is free; None where it is not begun any more.

        Raises OSError or ValueError where no process could be started. A cancellation ends the
        process before it goes on.
        """
        async with self._room:
            while self._begins_calls:
                process = self._idle.pop() if self._idle else self._start()
                ended = await self._call(process, frame)
                if ended is not None:
                    return ended
        return None

    def begin_no_more(self) -> None:
        """Make no call that is not being made already."""
        if self._begins_calls:
            self._begins_calls = False
            self._room.release()  # one that waits goes on and lets the next one go on

    def retire(self) -> None:
        """Start nothing more; idle processes end now, and busy ones after their call."""
        self._retired = True
        while self._idle:
            self._end(self._idle.pop())

    async def close(self) -> None:
        """Retire, and return when no process is left. Nothing may be busy any more."""
        self.retire()
        while self._endings:
            # One that is done may be in there still: what takes it out has not had its turn.
            await until_done(self._endings.pop())

    @property
    def over(self) -> bool:
        """Whether no process is left."""
        return not (self._living or self._endings)

    # --- one call -----------------------------------------------------------------------------

    async def _call(self, process: LivingProcess, frame: bytes) -> Called | None:
        """One call in one process; None where it has to be made in another."""
        self._began[process] = began = time.perf_counter()
        try:
            async with asyncio.timeout(self.program.timeout):
                answer = await process.call(frame)
        except TimeoutError:
            self._note_seconds(time.perf_counter() - began)
            await self._ended(process, process.end(0.0, self._grace))
            return Called(self._ending(process, None, timed_out=True))
        except asyncio.CancelledError:
            await self._ended(process, process.end(0.0, self._grace))
            raise
        finally:
            del self._began[process]
        if answer is None:
            status = await self._ended(process, process.lost(self._grace))
            return Called(self._ending(process, status), lost=True)
        if answer.after is After.STALE:
            self._end(process)
            return None
        self._note_seconds(time.perf_counter() - began)
        ending = self._ending(process, answer.status)
        self._put_back(process, answer)
        return Called(ending, answer.retry_after)

    def _is_held_up(self) -> bool:
        oldest = next(iter(self._began.values()), None)
        return oldest is not None and time.perf_counter() - oldest > _AHEAD

    def _note_seconds(self, seconds: float) -> None:
        before = seconds if self._seconds is None else self._seconds
        self._seconds = before + _WEIGHT * (seconds - before)

    def _ending(
        self, process: LivingProcess, status: int | None, *, timed_out: bool = False
    ) -> Ending:
        output, stderr = process.printed()
        return Ending(status, timed_out, stopped=False, stdout=output, stderr=stderr)

    def _put_back(self, process: LivingProcess, answer: Answer) -> None:
        if answer.after is After.GOES_ON and not self._retired:
            self._idle.append(process)
        else:
            self._end(process)

    # --- the beginning and the end of processes -----------------------------------------------

    def _start(self) -> LivingProcess:
        process = LivingProcess(self.program, self._environ, self._note_useless)
        self._living.add(process)
        return process

    def _note_useless(self, process: LivingProcess) -> None:
        """One that became so while it was idle is ended; a call tells of it itself."""
        if process in self._idle:
            self._idle.remove(process)
            self._end(process)

    def _end(self, process: LivingProcess) -> asyncio.Task[Any]:
        return self._ending_task(process, process.end(self._grace, self._grace))

    async def _ended(self, process: LivingProcess, end: Coroutine[Any, Any, int | None]) -> Any:
        ending = self._ending_task(process, end)
        await until_done(ending)
        return ending.result()

    def _ending_task(
        self, process: LivingProcess, end: Coroutine[Any, Any, int | None]
    ) -> asyncio.Task[Any]:
        self._living.discard(process)
        ending = asyncio.get_running_loop().create_task(end)
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
        if process.answered:  # else the next one might end the same way at once
            self.warm()
        return ending
