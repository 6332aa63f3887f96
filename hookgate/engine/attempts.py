"""One attempt of a task from its claim to its end on disk."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

from msgspec.structs import replace

from hookgate.core.backlog import Drain
from hookgate.core.retry import Failure, wait_before_retry
from hookgate.engine import journal
from hookgate.engine.current import Current
from hookgate.engine.ids import Clock
from hookgate.engine.metrics import Metrics
from hookgate.errors import StoreUnavailable
from hookgate.model import Attempt, TaskStatus
from hookgate.runners.programs import ProgramRunner
from hookgate.runners.results import not_run
from hookgate.runners.runner import Result, Work
from hookgate.stores.store import Claim, Store
from hookgate.waiting import unless

LEASE_ENDED = "its lease ended before the attempt did"

STOPPED = "the gateway stopped during the attempt"

_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0
"""Seconds between two tries while the store cannot be written to."""

_LONGEST_SHORTAGE = 30.0


class Attempts:
    """Makes attempts: runs the program of a claimed task and records how that ended."""

    def __init__(
        self,
        current: Current,
        store: Store,
        runner: ProgramRunner,
        clock: Clock,
        metrics: Metrics,
        drain: Drain,
        stopping: asyncio.Event,
        tell_end: Callable[[str], None],
    ) -> None:
        """Once `stopping` is set, what is cancelled gives its task back.

        `tell_end` is called with the id of a task when an attempt of it is over.
        """
        self._current = current
        self._store = store
        self._runner = runner
        self._clock = clock
        self._metrics = metrics
        self._drain = drain
        self._stopping = stopping
        self._tell_end = tell_end

    async def make(self, claim: Claim, free_slot: Callable[[], None]) -> None:
        """Make the attempt that was claimed.

        `free_slot` is called as soon as nothing runs any more: what is claimed then is claimed by
        the commit that records this end.
        """
        began = time.perf_counter()
        try:
            result = await self._run_unless_cut_short(claim)
        finally:
            free_slot()
        if result is not None:
            await self._conclude(claim, result, time.perf_counter() - began)
        self._tell_end(claim.task.id)

    async def _run_unless_cut_short(self, claim: Claim) -> Result | None:
        """How the program ended; None, and the task is given back, where it could not begin."""
        try:
            result = await self._run(claim)
            if result.shortage:
                await self._wait_out(claim, result)
                return None
        except asyncio.CancelledError:
            if self._stopping.is_set():
                await self._give_back(claim, STOPPED)
            else:
                journal.task_given_back(claim.task, LEASE_ENDED)
            raise
        return result

    async def _conclude(self, claim: Claim, result: Result, seconds: float) -> None:
        """Record and tell how an attempt ended that took so many seconds."""
        now = self._clock()
        status = TaskStatus.COMPLETED if result.error is None else TaskStatus.FAILED
        attempt = replace(
            claim.attempt,
            status=status,
            finished_at=now,
            exit_code=result.exit_code,
            output=result.output,
            stderr=result.stderr,
            error=result.error,
        )
        wait = self._wait_before_retry(claim, result)
        if wait is None:
            await self._finish(claim, attempt, status)
            self._drain.ended(time.monotonic())
        else:
            await self._finish(claim, attempt, TaskStatus.PENDING, now + wait)
        self._metrics.attempted(claim.task.program, status, seconds)
        journal.attempt_ended(claim.task, attempt, seconds, wait)

    async def _run(self, claim: Claim) -> Result:
        program = self._current.config.programs.get(claim.task.program)
        if program is None:
            gone = f"program {claim.task.program!r} is not in the rules file any more"
            return not_run(gone, hopeless=True)
        source = self._current.config.sources.get(claim.task.source)
        content_type = None if source is None else source.content_type
        work = Work(claim.task, claim.delivery, claim.attempt.number, content_type)
        try:
            return await self._runner.run(program, work)
        except Exception as error:
            journal.runner_broke(claim.task)
            return not_run(f"hookgate could not run it: {type(error).__name__}")

    async def _wait_out(self, claim: Claim, result: Result) -> None:
        """Give a task back that the machine had not the means to run, after a while.

        Meanwhile it keeps its slot: there is no point in beginning as much as ever.
        """
        pause = min(2.0**claim.task.cut_short, _LONGEST_SHORTAGE)
        await unless(self._stopping, asyncio.sleep(pause))
        await self._give_back(claim, str(result.error))

    def _wait_before_retry(self, claim: Claim, result: Result) -> float | None:
        """How many seconds until the task is tried again; None where it is not."""
        program = self._current.config.programs.get(claim.task.program)
        if result.error is None or program is None:
            return None
        failure = Failure(result.exit_code, result.output, result.hopeless, result.retry_after)
        chance = random.random()  # noqa: S311 - it spreads retries, it keeps no secret
        return wait_before_retry(program.retry, failure, claim.task.tries, chance)

    async def _finish(
        self,
        claim: Claim,
        attempt: Attempt,
        status: TaskStatus,
        next_attempt_at: float | None = None,
    ) -> None:
        """Record an end, however long the store needs to become writable again."""
        pause = _FIRST_PAUSE
        while True:
            try:
                kept = await self._store.finish(attempt, status, next_attempt_at, self._clock())
            except StoreUnavailable as error:
                journal.store_unavailable(f"recording task {attempt.task_id}", str(error))
                if self._stopping.is_set():
                    return
                await asyncio.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)
            except Exception:  # the lease will end, and the task be run again
                journal.loop_broke(f"recording task {attempt.task_id}")
                return
            else:
                if not kept:
                    journal.task_given_back(claim.task, LEASE_ENDED)
                return

    async def _give_back(self, claim: Claim, reason: str) -> None:
        """Record that an attempt was cut short: it is no try, and its task is due at once."""
        now = self._clock()
        attempt = replace(claim.attempt, status=TaskStatus.FAILED, finished_at=now, error=reason)
        journal.task_given_back(claim.task, reason)
        await self._finish(claim, attempt, TaskStatus.PENDING)
