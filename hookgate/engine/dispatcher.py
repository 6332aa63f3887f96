"""Running what was recorded: claim what is due, have it run, keep its lease."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from functools import partial

from hookgate.core.backlog import Drain
from hookgate.engine import journal
from hookgate.engine.attempts import Attempts
from hookgate.engine.current import Current
from hookgate.engine.ids import Clock
from hookgate.engine.metrics import Metrics
from hookgate.engine.slots import Slots
from hookgate.errors import StoreUnavailable
from hookgate.model import Attempt, TaskStatus
from hookgate.runners.programs import ProgramRunner
from hookgate.stores.store import Claim, Store, TaskHistory
from hookgate.waiting import unless

LEASE = 60.0
"""Seconds that a claimed task stays with a worker that gives no sign of life."""

_IDLE = 60.0
_PAUSE = 5.0
"""Seconds after a claim that failed."""


class Dispatcher:
    """Runs due tasks, at most `server.concurrency` at a time.

    While a program has as many attempts as its own `concurrency` allows, its tasks stay in the
    store and take no room from others. Those that were claimed ahead of a function's processes take
    none either (see `Slots`).

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
        self._stopping = asyncio.Event()
        self._drained = asyncio.Event()
        self._slot_free = asyncio.Event()
        self._slot_free.set()
        self._slots = Slots()
        self._attempts: dict[asyncio.Task[None], Attempt] = {}
        self._leases_settled = asyncio.Lock()
        """Held while tasks are claimed and while leases end, as neither must see half the other."""
        self._loops: tuple[asyncio.Task[None], ...] = ()
        self._ends: dict[str, asyncio.Event] = {}
        self._making = Attempts(
            current, store, runner, clock, metrics, drain, self._stopping, self._tell_end
        )

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
        self._runner.begin_no_more()
        claiming = self._loops[0]
        claiming.cancel()  # the store takes back what it was about to hand out
        await asyncio.wait([claiming])
        if self._attempts:
            await unless(over, asyncio.wait(self._attempts))
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
                    await unless(self._drained, end.wait())
            finally:
                self._ends.pop(task_id, None)

    def _tell_end(self, task_id: str) -> None:
        if task_id in self._ends:
            self._ends[task_id].set()

    async def _claim_loop(self) -> None:
        while True:
            await self._slot_free.wait()
            wanted = self._current.config.server.concurrency - self._slots.taken
            if wanted <= 0:
                self._slot_free.clear()
                continue
            try:
                if await self._claim(wanted) < wanted:
                    await self._store.wait_for_work(_IDLE)
            except StoreUnavailable as error:
                journal.store_unavailable("claiming tasks", str(error))
            except Exception:  # while a gateway accepts, it must not cease to run
                journal.loop_broke("claiming tasks")
            else:
                continue
            await asyncio.sleep(_PAUSE)

    async def _claim(self, wanted: int) -> int:
        """Begin at most so many attempts; how many those are."""
        async with self._leases_settled:
            now = self._clock()
            limits = self._limits()
            claims = await self._store.claim(self._worker, wanted, LEASE, now, limits)
            for claim in claims:
                self._begin(claim)
        return len(claims)

    def _limits(self) -> dict[str, int]:
        """How many attempts may be begun at a time of the programs that have a limit of their own.

        It bounds what is claimed; a runner bounds what is run, and keeps the rest for a moment.
        """
        programs = self._current.config.programs.values()
        rooms = {program.name: self._runner.room(program) for program in programs}
        return {name: room for name, room in rooms.items() if room is not None}

    def _begin(self, claim: Claim) -> None:
        name = claim.task.program
        give_back = self._slots.take(name, self._current.config.programs.get(name))
        making = self._making.make(claim, partial(self._free_slot, give_back))
        attempt = asyncio.create_task(making)
        self._attempts[attempt] = claim.attempt
        attempt.add_done_callback(self._attempts.pop)

    def _free_slot(self, give_back: Callable[[], None]) -> None:
        give_back()
        self._slot_free.set()

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


def _tried(history: TaskHistory) -> bool:
    """Whether an attempt of a task has ended, be it that the task waits for the next."""
    return history.task.status is not TaskStatus.RUNNING and bool(history.attempts)
