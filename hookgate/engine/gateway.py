"""The gateway: a configuration at work on a store."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Iterable
from contextlib import AsyncExitStack

from msgspec.structs import replace

from hookgate.core.backlog import is_full
from hookgate.core.config import Config
from hookgate.core.explain import Trace
from hookgate.engine import journal
from hookgate.engine.current import Current
from hookgate.engine.dispatcher import Dispatcher
from hookgate.engine.elsewhere import Elsewhere
from hookgate.engine.fetching import Fetcher
from hookgate.engine.history import explain_stored
from hookgate.engine.ids import Clock
from hookgate.engine.intake import Intake
from hookgate.engine.limits import Limits
from hookgate.engine.metrics import Metrics
from hookgate.engine.readiness import Readiness
from hookgate.engine.receipts import Receipt, Taken, TurnedAway
from hookgate.engine.retention import retaining
from hookgate.errors import StoreUnavailable
from hookgate.model import Delivery, Task
from hookgate.runners.programs import ProgramRunner
from hookgate.stores.store import Store, StoredDelivery, TaskFilter, TaskHistory


class Gateway:
    """Takes deliveries in and runs their tasks. Use it as an async context manager.

    With `runner` None it records and answers without running anything; without a `fetcher` it
    calls nobody. With `elsewhere` it is a worker, and leaves to the main process what that does
    for the gateway as a whole.
    """

    def __init__(
        self,
        config: Config,
        store: Store,
        runner: ProgramRunner | None,
        clock: Clock = time.time,
        fetcher: Fetcher | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._current = Current(config)
        self.store = store
        self._runner = runner
        self._clock = clock
        self._fetcher = fetcher
        self.metrics = Metrics(config, clock())
        self._elsewhere = elsewhere
        self.limits = Limits()
        self._readiness = Readiness(store)
        self._intake = Intake(
            store, self._readiness, clock, self.metrics, elsewhere or self.limits, fetcher
        )
        self._dispatcher: Dispatcher | None = None
        self._parts = AsyncExitStack()
        self.open = False
        """Whether it takes deliveries: from its start until it is told to stop."""

    async def __aenter__(self) -> Gateway:
        await self._parts.enter_async_context(self.store)
        if self._elsewhere is None:
            await self._parts.enter_async_context(retaining(self.store, self._current, self._clock))
        if self._runner is not None:
            await self._parts.enter_async_context(self._runner)
            self._runner.use(self.config.programs.values())
            worker = f"{os.uname().nodename}:{os.getpid()}"
            self._dispatcher = Dispatcher(
                self._current,
                self.store,
                self._runner,
                worker,
                self._clock,
                self.metrics,
                self.limits.drain,
            )
            await self._parts.enter_async_context(self._dispatcher)
        if self._fetcher is not None:
            await self._parts.enter_async_context(self._fetcher)
        self.open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        """End the programs that still run, give their tasks back, and close the store."""
        self.open = False
        await self._parts.aclose()

    async def ready(self) -> bool:
        """Whether a delivery that is sent now would be taken."""
        return self.open and await self._readiness.writable()

    async def drain(self, over: asyncio.Event) -> None:
        """Start no more programs, and return when none runs or `over` is set."""
        if self._dispatcher is not None:
            await self._dispatcher.drain(over)

    @property
    def config(self) -> Config:
        """The configuration in use; see `Current`."""
        return self._current.config

    def use(self, config: Config) -> None:
        """Go on with another configuration.

        New deliveries are decided by it, and tasks that wait for their turn run the programs in it.
        Attempts that run go on as they were begun.
        """
        self._current.config = config
        self.metrics.use(config, self._clock())
        if self._runner is not None:
            self._runner.use(config.programs.values())
        if self._dispatcher is not None:
            self._dispatcher.look_again()

    async def is_full(self) -> bool:
        """Whether so much is pending that what starts a task is turned away."""
        return is_full(await self.store.backlog(), self.config.store.max_pending)

    def now(self) -> float:
        """The time by the gateway's clock."""
        return self._clock()

    def new_id(self) -> str:
        """An id for a delivery that has just arrived."""
        return self._intake.new_id()

    def turn_away(self, head: Delivery, config: Config) -> TurnedAway | None:
        """Turn away a delivery whose body is still to come, where its head is reason enough."""
        return self._intake.turn_away(head, config)

    async def receive(self, delivery: Delivery, config: Config) -> Receipt:
        """Decide about a delivery and record it; wait for programs with `run_async: false`.

        `config` is the one that was in use when its source was found.
        """
        began = time.perf_counter()
        receipt = await self._intake.receive(delivery, config)
        if isinstance(receipt, Taken) and self._runs:
            programs = config.programs
            waited_for = [task for task in receipt.tasks if not programs[task.program].run_async]
            if waited_for:
                waited = await self._wait(waited_for, config.server.wait_timeout)
                receipt = replace(receipt, waited=waited)
        self.metrics.answered(delivery.source, time.perf_counter() - began)
        return receipt

    async def tried(self, task_ids: Iterable[str]) -> None:
        """Return when each of these tasks had its first attempt; see `Dispatcher.tried`."""
        if (runs := self._elsewhere or self._dispatcher) is not None:
            await runs.tried(task_ids)

    async def retry(self, wanted: TaskFilter) -> list[str]:
        """Start failed tasks again, see `Store.retry`; the ids of those that are."""
        return await self.store.retry(wanted, self._clock())

    def explain(self, stored: StoredDelivery) -> Trace | None:
        """The full trace of a recorded decision; None where it cannot be told any more."""
        return explain_stored(stored, self.config)

    @property
    def _runs(self) -> bool:
        """Whether the tasks are run, be it elsewhere."""
        return self._dispatcher is not None if self._elsewhere is None else self._elsewhere.works

    async def _wait(self, tasks: list[Task], seconds: float) -> tuple[TaskHistory, ...]:
        """How the tasks stand after their first attempt, or when they were waited for enough.

        They are on disk already: whatever goes wrong here must not look as if they were not.
        """
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self.tried(task.id for task in tasks)
            histories = [await self.store.task(task.id) for task in tasks]
        except StoreUnavailable as error:
            journal.store_unavailable("waiting for a program", str(error))
            return ()
        return tuple(history for history in histories if history is not None)
