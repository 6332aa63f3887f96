"""Running what was recorded: claim a task, run its program, record how that ended."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Coroutine, Iterable
from typing import Any

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
from hookgate.runners.runner import Result, Work
from hookgate.stores.store import Claim, Store, TaskHistory

LEASE = 60.0
"""Seconds that a claimed task stays with a worker that gives no sign of life."""

LEASE_ENDED = "its lease ended before the attempt did"

STOPPED = "the gateway stopped during the attempt"

_IDLE = 60.0
_LONGEST_SHORTAGE = 30.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


class Dispatcher:
    """Runs due tasks, at most `server.concurrency` at a time.

    While a program has as many attempts as its own `concurrency` allows, its tasks stay in the
    store and take no room from others.

    Use it as an async context manager; leaving it ends what runs and gives the tasks back. `drain`
    before lets programs end by themselves.
    """

    def __init__(
        self,
        current: Current,
        store: Store,
        runner: ProgramRunner,
        worker: str,
        clock: Clock,
        metrics: Metrics,
        drain: Drain,
    ) -> None:
        self._current = current
        self._store = store
        self._runner = runner
        self._worker = worker
        self._clock = clock
        self._metrics = metrics
        self._drain = drain
        self._stopping = asyncio.Event()
        self._drained = asyncio.Event()
        self._slot_free = asyncio.Event()
        self._slot_free.set()
        self._attempts: dict[asyncio.Task[None], Attempt] = {}
        self._leases_settled = asyncio.Lock()
        """Held while tasks are claimed and while leases end, as neither must see half the other."""
        self._loops: tuple[asyncio.Task[None], ...] = ()
        self._ends: dict[str, asyncio.Event] = {}

    async def __aenter__(self) -> Dispatcher:
        self._loops = (
            asyncio.create_task(self._claim_loop()),
            asyncio.create_task(self._lease_loop()),
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        over = asyncio.Event()
        over.set()
        await self.drain(over)
        leasing = self._loops[1]
        leasing.cancel()
        for attempt in self._attempts:
            attempt.cancel()
        await asyncio.gather(leasing, *self._attempts, return_exceptions=True)

    def look_again(self) -> None:
        """Heed a new configuration, which may allow more tasks at a time."""
        self._slot_free.set()

    async def drain(self, over: asyncio.Event) -> None:
        """Begin nothing more, and let running programs end until `over` is set.

        From then on nobody is kept waiting in `tried`.
        """
        self._stopping.set()
        self._slot_free.set()
        await self._loops[0]  # no more is claimed
        if self._attempts:
            await _unless(over, asyncio.wait(self._attempts))
        self._drained.set()

    async def tried(self, task_ids: Iterable[str]) -> None:
        """Return when each of these tasks had its first attempt, or none begins any more.

        The caller sets the time limit. One that failed may be tried again, after a wait that nobody
        stays for.
        """
        for task_id in task_ids:
            end = self._ends.setdefault(task_id, asyncio.Event())
            try:
                history = await self._store.task(task_id)
                if history is not None and not _tried(history):
                    await _unless(self._drained, end.wait())
            finally:
                self._ends.pop(task_id, None)

    async def _claim_loop(self) -> None:
        while not self._stopping.is_set():
            await self._slot_free.wait()
            wanted = self._current.config.server.concurrency - len(self._attempts)
            if wanted <= 0:
                self._slot_free.clear()
                continue
            claims = await self._claim(wanted)
            for claim in claims:
                self._begin(claim)
            if len(claims) < wanted:
                await _unless(self._stopping, self._store.wait_for_work(_IDLE))

    async def _claim(self, wanted: int) -> list[Claim]:
        try:
            async with self._leases_settled:
                now = self._clock()
                limits = self._limits()
                return await self._store.claim(self._worker, wanted, LEASE, now, limits)
        except StoreUnavailable as error:
            journal.store_unavailable("claiming tasks", str(error))
        except Exception:  # while a gateway accepts, it must not cease to run
            journal.loop_broke("claiming tasks")
        await _unless(self._stopping, asyncio.sleep(_LONGEST_PAUSE))
        return []

    def _limits(self) -> dict[str, int]:
        """How many attempts may be begun at a time of the programs that have a limit of their own.

        It bounds what is claimed; a runner bounds what is run, and keeps the rest for a moment.
        """
        programs = self._current.config.programs.values()
        rooms = {program.name: self._runner.room(program) for program in programs}
        return {name: room for name, room in rooms.items() if room is not None}

    def _begin(self, claim: Claim) -> None:
        attempt = asyncio.create_task(self._attempt(claim))
        self._attempts[attempt] = claim.attempt
        attempt.add_done_callback(self._free_slot)

    def _free_slot(self, attempt: asyncio.Task[None]) -> None:
        del self._attempts[attempt]
        self._slot_free.set()

    async def _attempt(self, claim: Claim) -> None:
        began = time.perf_counter()
        try:
            result = await self._run(claim)
            if result.shortage:
                await self._wait_out(claim, result)
                return
        except asyncio.CancelledError:
            if self._stopping.is_set():
                await self._give_back(claim, STOPPED)
            else:
                journal.task_given_back(claim.task, LEASE_ENDED)
            raise
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
        seconds = time.perf_counter() - began
        self._metrics.attempted(claim.task.program, status, seconds)
        journal.attempt_ended(claim.task, attempt, seconds, wait)
        if claim.task.id in self._ends:
            self._ends[claim.task.id].set()

    async def _run(self, claim: Claim) -> Result:
        program = self._current.config.programs.get(claim.task.program)
        if program is None:
            gone = f"program {claim.task.program!r} is not in the rules file any more"
            return _not_run(gone, hopeless=True)
        source = self._current.config.sources.get(claim.task.source)
        content_type = None if source is None else source.content_type
        work = Work(claim.task, claim.delivery, claim.attempt.number, content_type)
        try:
            return await self._runner.run(program, work)
        except Exception as error:
            journal.runner_broke(claim.task)
            return _not_run(f"hookgate could not run it: {type(error).__name__}")

    async def _wait_out(self, claim: Claim, result: Result) -> None:
        """Give a task back that the machine had not the means to run, after a while.

        Meanwhile it keeps its slot: there is no point in beginning as much as ever.
        """
        pause = min(2.0**claim.task.cut_short, _LONGEST_SHORTAGE)
        await _unless(self._stopping, asyncio.sleep(pause))
        await self._give_back(claim, str(result.error))
        if claim.task.id in self._ends:
            self._ends[claim.task.id].set()

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

    async def _lease_loop(self) -> None:
        while True:
            await asyncio.sleep(LEASE / 3)
            try:
                async with self._leases_settled:
                    await self._settle_leases()
            except StoreUnavailable as error:
                journal.store_unavailable("renewing leases", str(error))
            except Exception:  # as in `_claim`
                journal.loop_broke("renewing leases")

    async def _settle_leases(self) -> None:
        """Renew our own leases before any may end: then a clock that was set on ends none of them.

        What has lost its lease all the same is another's now, and is stopped here.
        """
        now = self._clock()
        running = {attempt: task for task, attempt in self._attempts.items()}
        for lost in await self._store.extend(list(running), LEASE, now):
            running[lost].cancel()
        await self._store.release_expired(now)


async def _unless(event: asyncio.Event, waiting: Coroutine[Any, Any, object]) -> None:
    """Wait for something, but no longer than until the event is set."""
    tasks = {asyncio.ensure_future(waiting), asyncio.ensure_future(event.wait())}
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _tried(history: TaskHistory) -> bool:
    """Whether an attempt of a task has ended, be it that the task waits for the next."""
    return history.task.status is not TaskStatus.RUNNING and bool(history.attempts)


def _not_run(reason: str, *, hopeless: bool = False) -> Result:
    return Result(exit_code=None, output="", stderr="", error=reason, hopeless=hopeless)
