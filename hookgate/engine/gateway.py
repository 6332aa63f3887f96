"""The gateway: one configuration at work on one store."""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from contextlib import AsyncExitStack
from dataclasses import replace

from hookgate.core.config import Config
from hookgate.core.explain import Trace
from hookgate.engine import journal
from hookgate.engine.dispatcher import Dispatcher
from hookgate.engine.history import explain_stored
from hookgate.engine.ids import Clock
from hookgate.engine.intake import Intake, Receipt, Taken
from hookgate.engine.metrics import Metrics
from hookgate.engine.retention import retaining
from hookgate.errors import StoreUnavailable
from hookgate.model import Delivery, Task
from hookgate.runners.runner import Runner
from hookgate.stores.store import Store, StoredDelivery, TaskHistory


class Gateway:
    """Takes deliveries in and runs their tasks. Use it as an async context manager.

    With `runner` None it records and answers without running anything.
    """

    def __init__(
        self, config: Config, store: Store, runner: Runner | None, clock: Clock = time.time
    ) -> None:
        self.config = config
        self.store = store
        self._runner = runner
        self._clock = clock
        self.metrics = Metrics(config, clock())
        self._intake = Intake(config, store, clock, self.metrics)
        self._dispatcher: Dispatcher | None = None
        self._open = AsyncExitStack()
        self.ready = False

    async def __aenter__(self) -> Gateway:
        await self._open.enter_async_context(self.store)
        retention = self.config.store.retention
        await self._open.enter_async_context(retaining(self.store, retention, self._clock))
        if self._runner is not None:
            worker = f"{os.uname().nodename}:{os.getpid()}"
            self._dispatcher = Dispatcher(
                self.config, self.store, self._runner, worker, self._clock, self.metrics
            )
            await self._open.enter_async_context(self._dispatcher)
        self.ready = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self.ready = False
        await self._open.aclose()

    def now(self) -> float:
        """The time by the gateway's clock."""
        return self._clock()

    def new_id(self) -> str:
        """An id for a delivery that has just arrived."""
        return self._intake.new_id()

    async def receive(self, delivery: Delivery) -> Receipt:
        """Decide about a delivery and record it; wait for programs with `run_async: false`."""
        began = time.perf_counter()
        receipt = await self._intake.receive(delivery)
        if isinstance(receipt, Taken) and self._dispatcher is not None:
            waited_for = [task for task in receipt.tasks if not self._runs_async(task)]
            if waited_for:
                receipt = replace(receipt, waited=await self._wait(self._dispatcher, waited_for))
        self.metrics.answered(delivery.source, time.perf_counter() - began)
        return receipt

    def explain(self, stored: StoredDelivery) -> Trace | None:
        """The full trace of a recorded decision; None where it cannot be told any more."""
        return explain_stored(stored, self.config)

    def _runs_async(self, task: Task) -> bool:
        return self.config.programs[task.program].run_async

    async def _wait(self, dispatcher: Dispatcher, tasks: list[Task]) -> tuple[TaskHistory, ...]:
        """How the tasks stand when they have ended, or when they have been waited for enough.

        They are on disk already: whatever goes wrong here must not look as if they were not.
        """
        try:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.config.server.wait_timeout):
                    await dispatcher.ended(task.id for task in tasks)
            histories = [await self.store.task(task.id) for task in tasks]
        except StoreUnavailable as error:
            journal.store_unavailable("waiting for a program", str(error))
            return ()
        return tuple(history for history in histories if history is not None)
