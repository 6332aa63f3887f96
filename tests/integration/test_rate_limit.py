"""The rate limit of a source, as senders meet it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from hookgate.engine.gateway import Gateway
from hookgate.server.app import build_app
from hookgate.stores.sqlite.store import SqliteStore
from hookgate.stores.store import DeliveryFilter
from tests.rules import compiled

pytestmark = pytest.mark.anyio

RULES = """
version: 1
store: sqlite:hookgate.db
sources:
  forge:
    auth: {type: token, token: canary}
    event_id: id
    params: {repository: repository, wanted: {path: wanted, required: true}}
    rate_limit: {requests: 2, per: 1h, key: repository}
    rules: {push: [{program: build}]}
  whole: {auth: {type: none}, rate_limit: {requests: 1, per: 1h}, rules: {"*": [{program: build}]}}
  free: {auth: {type: none}, rules: {"*": [{program: build}]}}
programs: {build: {command: [build]}}
"""
TOKEN = {"x-webhook-token": "canary", "x-event-type": "push"}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Sender:
    def __init__(self, client: httpx.AsyncClient, gateway: Gateway) -> None:
        self._client = client
        self.gateway = gateway

    async def send(
        self, source: str = "forge", headers: dict[str, str] = TOKEN, **body: object
    ) -> httpx.Response:
        return await self._client.post(f"/{source}", json={"wanted": 1, **body}, headers=headers)

    async def recorded(self) -> int:
        return len(await self.gateway.store.deliveries(DeliveryFilter()))


@asynccontextmanager
async def sending(directory: Path) -> AsyncIterator[Sender]:
    config = compiled(RULES, directory=directory)
    async with Gateway(config, SqliteStore(config.store.path), None) as gateway:
        transport = httpx.ASGITransport(build_app(gateway, "admin"))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Sender(client, gateway)


@pytest.fixture
async def sender(tmp_path: Path) -> AsyncIterator[Sender]:
    async with sending(tmp_path) as made:
        yield made


async def test_one_too_many_is_told_when_to_come_back_and_not_recorded(
    sender: Sender, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hookgate")
    answers = [await sender.send(repository="a") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [202, 202, 429]
    assert answers[2].json()["status"] == "limited"
    assert 1700 < int(answers[2].headers["retry-after"]) <= 1800
    assert await sender.recorded() == 2
    told = vars(caplog.records[-1])["fields"]
    assert told["outcome"] == "limited"
    assert told["reason"] == "over the limit of 2 in 3600 s, 2 at once, for each repository"
    assert sender.gateway.metrics.sources["forge"].outcomes["limited"] == 1


async def test_keys_and_sources_are_counted_apart(sender: Sender) -> None:
    for repository in ("a", "b", "c"):
        assert (await sender.send(repository=repository)).status_code == 202
    assert (await sender.send("whole")).status_code == 202
    assert (await sender.send("whole", repository="b")).status_code == 429
    for _ in range(5):
        assert (await sender.send("free")).status_code == 202


async def test_who_does_not_say_the_key_is_counted_with_the_others_who_do_not(
    sender: Sender,
) -> None:
    answers = [await sender.send(repository=odd) for odd in (None, [1], {"a": 1})]
    assert [answer.status_code for answer in answers] == [202, 202, 429]


async def test_what_is_rejected_uses_up_nothing(sender: Sender) -> None:
    for _ in range(5):
        unknown = await sender.send(headers={"x-event-type": "push"}, repository="a")
        unfit = await sender.send(repository="a", wanted=None)
        assert (unknown.status_code, unfit.status_code) == (401, 422)
    assert (await sender.send(repository="a")).status_code == 202


async def test_what_is_ignored_or_seen_before_counts(sender: Sender) -> None:
    first = await sender.send(repository="a", id="1")
    again = await sender.send(repository="a", id="1")
    late = await sender.send(repository="a", id="2")
    assert [each.status_code for each in (first, again, late)] == [202, 200, 429]
    other = TOKEN | {"x-event-type": "ping"}
    answers = [await sender.send(headers=other, repository="b") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]


async def test_a_source_whose_limit_changes_is_counted_anew(sender: Sender, tmp_path: Path) -> None:
    assert (await sender.send("whole")).status_code == 202
    sender.gateway.use(compiled(RULES.replace("2, per", "3, per"), directory=tmp_path))
    assert (await sender.send("whole")).status_code == 429
    sender.gateway.use(compiled(RULES.replace("1, per", "2, per"), directory=tmp_path))
    assert (await sender.send("whole")).status_code == 202


async def test_the_trace_tells_the_limit(sender: Sender) -> None:
    answer = await sender.send(repository="a")
    stored = await sender.gateway.store.delivery(answer.json()["delivery_id"])
    assert stored is not None
    trace = sender.gateway.explain(stored)
    assert trace is not None
    assert trace.rate_limit == "2 in 3600 s, 2 at once, for each repository"
