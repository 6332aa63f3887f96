"""A bounded queue as senders and operators meet it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from hookgate.core.config import Config
from hookgate.engine.gateway import Gateway
from hookgate.runners.programs import ProgramRunner
from hookgate.server.app import build_app
from hookgate.stores.sqlite.store import SqliteStore
from hookgate.stores.store import DeliveryFilter
from tests.rules import compiled

pytestmark = pytest.mark.anyio

RULES = """
version: 1
server: {admin_token: admin-canary, metrics: public}
store: {url: "sqlite:hookgate.db", max_pending: {tasks: 2, bytes: 1KB}}
sources:
  forge:
    auth: {type: token, token: canary}
    event_id: id
    rules: {push: [{program: build}]}
programs: {build: {command: [build]}}
"""
TOKEN = {"x-webhook-token": "canary", "x-event-type": "push"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return compiled(RULES, directory=tmp_path)


@pytest.fixture
async def gateway(config: Config) -> AsyncIterator[Gateway]:
    """A gateway that runs nothing, so that what it has taken stays pending."""
    async with Gateway(config, SqliteStore(config.store.path), None) as entered:
        yield entered


@pytest.fixture
async def client(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(gateway) as made:
        yield made


@asynccontextmanager
async def calling(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(build_app(gateway, "admin-canary"))
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as made:
        yield made


async def send(
    client: httpx.AsyncClient, event: str, size: int = 1, headers: Mapping[str, str] = TOKEN
) -> int:
    body = {"id": event, "text": "x" * size}
    answer = await client.post("/forge", json=body, headers={**TOKEN, **headers})
    return answer.status_code


async def figure(client: httpx.AsyncClient, sample: str) -> float:
    page = (await client.get("/metrics")).text
    [line] = [line for line in page.splitlines() if line.startswith(f"{sample} ")]
    return float(line.rpartition(" ")[2])


async def test_past_the_limit_a_sender_is_told_when_to_come_back(
    client: httpx.AsyncClient, gateway: Gateway, caplog: pytest.LogCaptureFixture
) -> None:
    assert [await send(client, event) for event in ("1", "2")] == [202, 202]
    answer = await client.post("/forge", json={"id": "3"}, headers=TOKEN)
    assert answer.status_code == 503
    assert answer.json() == {
        "status": "unavailable",
        "message": "too much waits to be run; try again later",
    }
    assert answer.headers["retry-after"] == "30"
    assert len(await gateway.store.deliveries(DeliveryFilter())) == 2
    [told] = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert vars(told)["fields"].items() >= {
        ("source", "forge"),
        ("outcome", "full"),
        ("reason", "2 tasks are pending of 2 (store.max_pending.tasks)"),
    }


async def test_while_it_is_full_duplicates_and_what_starts_nothing_are_answered(
    client: httpx.AsyncClient,
) -> None:
    assert [await send(client, event) for event in ("1", "2", "3", "1")] == [202, 202, 503, 200]
    assert await send(client, "4", headers={"x-event-type": "ping"}) == 200
    assert await send(client, "5", headers={"x-webhook-token": "wrong"}) == 401


async def test_what_is_full_says_so_and_is_ready(client: httpx.AsyncClient) -> None:
    ready = await client.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
    for event in ("1", "2"):
        await send(client, event)
    full = await client.get("/readyz")
    assert (full.status_code, full.json()) == (200, {"status": "full"})


async def test_the_metrics_tell_how_much_is_pending_and_what_was_turned_away(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hookgate.server.metrics.FRESH", 0.0)
    assert [await send(client, "1"), await send(client, "2", 2_000)] == [202, 503]
    assert [await send(client, "3"), await send(client, "4")] == [202, 503]
    size = len(httpx.Request("POST", "http://x", json={"id": "1", "text": "x"}).content)
    assert await figure(client, "hookgate_pending_tasks") == 2
    assert await figure(client, "hookgate_pending_bytes") == 2 * size
    assert await figure(client, "hookgate_max_pending_tasks") == 2
    assert await figure(client, "hookgate_max_pending_bytes") == 1_000
    assert await figure(client, 'hookgate_deliveries_full_total{bound="tasks"}') == 1
    assert await figure(client, 'hookgate_deliveries_full_total{bound="bytes"}') == 1
    full = 'hookgate_deliveries_total{outcome="full",source="forge"}'
    assert await figure(client, full) == 2


async def test_a_new_limit_holds_from_the_reload_on(
    client: httpx.AsyncClient, gateway: Gateway, tmp_path: Path
) -> None:
    assert [await send(client, event) for event in ("1", "2", "3")] == [202, 202, 503]
    gateway.use(compiled(RULES.replace("tasks: 2", "tasks: 3"), directory=tmp_path))
    assert [await send(client, event) for event in ("3", "4")] == [202, 503]


WORKING = """
version: 1
server: {admin_token: admin-canary, concurrency: 1}
store: {url: "sqlite:hookgate.db", max_pending: {tasks: 2}}
sources:
  s:
    auth: {type: none}
    event_type: {path: type}
    rules: {quick: [{program: quick}], long: [{program: long}]}
programs:
  quick: {command: "true", pass: none, run_async: false}
  long: {command: [sleep, "600"], pass: none}
"""


async def test_once_a_task_has_ended_the_wait_follows_from_how_fast_they_do(
    tmp_path: Path,
) -> None:
    config = compiled(WORKING, directory=tmp_path)
    store, runner = SqliteStore(config.store.path), ProgramRunner({"PATH": "/usr/bin:/bin"})
    async with Gateway(config, store, runner) as gateway, calling(gateway) as client:
        assert (await client.post("/s", json={"type": "quick"})).status_code == 200
        answers = [await client.post("/s", json={"type": "long"}) for _ in range(4)]
        assert answers[-1].status_code == 503
        assert 1 <= int(answers[-1].headers["retry-after"]) < 30
