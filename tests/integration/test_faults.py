"""What happens when something fails in the middle."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from hookgate.core.config import Config
from hookgate.engine import dispatcher, journal
from hookgate.engine.gateway import Gateway
from hookgate.errors import StoreError, StoreUnavailable
from hookgate.model import Accepted, Authentication, AuthResult, Event
from hookgate.runners.programs import ProgramRunner
from hookgate.server.app import build_app
from hookgate.stores.sqlite.store import SqliteStore
from hookgate.stores.store import Claim, TaskHistory
from tests.rules import compiled, delivery

pytestmark = pytest.mark.anyio

RULES = f"""
version: 1
store: sqlite:hookgate.db
sources:
  s:
    auth: {{type: none}}
    rules:
      go: [{{program: say}}]
      wait: [{{program: say_and_wait}}]
programs:
  say: {{command: [{sys.executable}, -c, "print('done')"]}}
  say_and_wait: {{command: [{sys.executable}, -c, "print('done')"], run_async: false}}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return compiled(RULES, directory=tmp_path)


class FaultyStore(SqliteStore):
    """A store that fails once where it is told to."""

    def __init__(self, path: str, verb: str, error: Exception) -> None:
        super().__init__(path)
        self._faults = {verb: error}

    def _fail(self, verb: str) -> None:
        error = self._faults.pop(verb, None)
        if error is not None:
            raise error

    async def claim(self, *args: Any, **kwargs: Any) -> list[Claim]:
        self._fail("claim")
        return await super().claim(*args, **kwargs)

    async def task(self, task_id: str) -> TaskHistory | None:
        self._fail("task")
        return await super().task(task_id)


async def posted(
    store: SqliteStore, config: Config, event_type: str, then: Callable[[str], Awaitable[None]]
) -> httpx.Response:
    async with Gateway(config, store, ProgramRunner({})) as gateway:
        transport = httpx.ASGITransport(build_app(gateway, "admin"))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            answer = await client.post("/s", json={}, headers={"x-event-type": event_type})
            await then(answer.json()["task_id"])
            return answer


@pytest.mark.parametrize("error", [StoreError("odd row"), StoreUnavailable("disk"), ValueError()])
async def test_a_failing_claim_does_not_end_the_running_of_tasks(
    config: Config, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "_PAUSE", 0.01)
    store = FaultyStore(config.store.path, "claim", error)

    async def ended(task_id: str) -> None:
        async with asyncio.timeout(20):
            while True:
                history = await store.task(task_id)
                if history is not None and history.task.status.ended:
                    return
                await asyncio.sleep(0.01)

    assert (await posted(store, config, "go", ended)).status_code == 202


async def test_what_is_on_disk_is_never_answered_as_if_it_were_not(config: Config) -> None:
    store = FaultyStore(config.store.path, "task", StoreUnavailable("the disk is gone"))

    async def nothing(_: str) -> None:
        return

    answer = await posted(store, config, "wait", nothing)
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")


async def test_what_a_sender_wrote_cannot_flood_the_log(
    config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    auth = Authentication(AuthResult.PASSED)
    event = Event("s", "x" * 100_000, None, None)
    with caplog.at_level(logging.INFO, "hookgate"):
        decision = Accepted(auth, event, "*", ())
        journal.delivery_decided(delivery("s", "{}"), decision, "accepted", (), 0.0)
    (record,) = caplog.records
    assert len(str(vars(record)["fields"])) < 1000
