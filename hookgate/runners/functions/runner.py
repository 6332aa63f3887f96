"""The function runner: one attempt of a program that is a function in Python."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress

from msgspec.structs import replace

from hookgate.core.calls import Call, plan_call
from hookgate.core.environment import Unrunnable, passed_on
from hookgate.core.programs import FunctionProgram
from hookgate.expr.values import json_bytes
from hookgate.runners.functions.frames import call_frame
from hookgate.runners.functions.pool import Pool
from hookgate.runners.results import not_begun, not_run, result_of
from hookgate.runners.runner import Result, Work
from hookgate.strays import end_strays
from hookgate.threads import in_thread

_LEFT_EARLY = "its process exited before the function returned"
_STOPPING = "the gateway stopped before the function was called"


class FunctionRunner:
    """Calls functions in living processes, a pool of them for each program.

    `environ` is the gateway's environment, from which `plan_call` takes what a program may see.
    `grace` is how many seconds a process has between SIGTERM and SIGKILL, and to end by itself.

    What a function left running goes on until its process ends; then what is in the same process
    group is killed. Of a call that was cut short nothing is left (see `strays`). No process
    outlives the gateway (see `lifeline`).
    """

    def __init__(self, environ: Mapping[str, str], grace: float = 2.0) -> None:
        self._environ = passed_on(environ)  # asking os.environ for a variable is dear
        self._grace = grace
        self._pools: dict[str, Pool] = {}
        self._retired: list[Pool] = []

    def use(self, programs: Iterable[FunctionProgram]) -> None:
        """Have a process ready for each of these, and none for others."""
        wanted = {program.name: program for program in programs}
        for name in self._pools.keys() - wanted.keys():
            self._retire(name)
        for program in wanted.values():
            self._pool(program).warm()

    def room(self, program: FunctionProgram) -> int:
        """How many attempts of a program it can be given at once; some of them wait for a while."""
        return self._pool(program).room

    def begin_no_more(self) -> None:
        """Make no call that is not being made already."""
        for pool in (*self._pools.values(), *self._retired):
            pool.begin_no_more()

    async def run(self, program: FunctionProgram, work: Work) -> Result:
        """Run one attempt to its end; see `Runner.run`."""
        call = plan_call(
            program, work.task, work.delivery, work.attempt, self._environ, work.content_type
        )
        if isinstance(call, Unrunnable):
            return not_run(call.reason, hopeless=True)
        try:
            called = await self._pool(program).call(_frame(call))
        except asyncio.CancelledError:
            await self._end_strays(work)
            raise
        except (OSError, ValueError) as error:
            return not_begun(_why_not_started(program, error), error)
        if called is None:
            return replace(not_run(_STOPPING), shortage=True)
        if called.ending.timed_out:
            await self._end_strays(work)
        result = result_of(program, called.ending, called.retry_after)
        if called.lost and result.error is None:
            return replace(result, exit_code=None, error=_LEFT_EARLY)
        return result

    async def close(self) -> None:
        """End every process."""
        for name in list(self._pools):
            self._retire(name)
        await asyncio.gather(*(pool.close() for pool in self._retired))
        self._retired.clear()

    def _pool(self, program: FunctionProgram) -> Pool:
        """The pool of a program; one of that name which has changed is retired."""
        pool = self._pools.get(program.name)
        if pool is not None and pool.program is program:
            return pool
        if pool is not None and pool.program == program:
            pool.program = program
            return pool
        if pool is not None:
            self._retire(program.name)
        pool = self._pools[program.name] = Pool(program, self._environ, self._grace)
        return pool

    def _retire(self, name: str) -> None:
        pool = self._pools.pop(name)
        pool.retire()
        self._retired = [each for each in self._retired if not each.over]
        self._retired.append(pool)

    async def _end_strays(self, work: Work) -> None:
        with suppress(OSError):  # no descriptor is left to look with
            await in_thread(lambda: end_strays([work.task.id], work.attempt))


def _frame(call: Call) -> bytes:
    about = json_bytes({"about": dict(call.about), "variables": dict(call.variables)})
    return call_frame(about, call.payload)


def _why_not_started(program: FunctionProgram, error: OSError | ValueError) -> str:
    reason = getattr(error, "strerror", None) or error
    return f"no process could be started for {program.shown}: {reason}"
