"""What /metrics says, as Prometheus would read it, after real traffic."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from hookgate import __version__
from hookgate.core.config import Config
from hookgate.engine.gateway import Gateway
from hookgate.runners.programs import ProgramRunner
from hookgate.server import metrics
from hookgate.server.app import build_app
from hookgate.stores.sqlite.store import SqliteStore
from hookgate.stores.store import Standing
from tests.rules import compiled

pytestmark = pytest.mark.anyio

ADMIN = {"authorization": "Bearer admin-canary"}
OLD = {"x-webhook-token": "old-canary"}

RULES = f"""
version: 1
store: sqlite:hookgate.db
sources:
  crm:
    auth:
      - {{type: ip, allowed_ips: [127.0.0.1]}}
      - {{type: token, token: [new-canary, old-canary]}}
    event_id: {{header: X-Id}}
    rules:
      go: [{{program: say}}]
      wait: [{{program: say_and_wait}}]
      fail: [{{program: fail}}]
  greeted:
    auth: {{type: token, token: new-canary}}
    handshake:
      method: GET
      auth: {{type: token, query: verify, token: verify-canary}}
      answer: {{text: {{query: challenge}}}}
    rules: {{}}
  open: {{auth: {{type: none}}, rules: {{go: [{{program: say}}]}}}}
programs:
  say: {{command: [{sys.executable}, -c, "print('done')"]}}
  say_and_wait: {{command: [{sys.executable}, -c, "print('done')"], run_async: false}}
  fail: {{command: [{sys.executable}, -c, "raise SystemExit(3)"], run_async: false}}
"""

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]


class CountingStore(SqliteStore):
    """Counts how often it is asked how the work stands."""

    asked = 0

    async def standing(self) -> Standing:
        self.asked += 1
        return await super().standing()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return compiled(RULES, directory=tmp_path)


@asynccontextmanager
async def serving(gateway: Gateway) -> AsyncIterator[httpx.AsyncClient]:
    async with gateway:
        transport = httpx.ASGITransport(build_app(gateway, "admin-canary"))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield client


@pytest.fixture
async def client(config: Config) -> AsyncIterator[httpx.AsyncClient]:
    store = SqliteStore(config.store.path)
    async with serving(Gateway(config, store, ProgramRunner({}))) as client:
        yield client


async def post(
    client: httpx.AsyncClient, event_type: str, source: str = "crm", **headers: str
) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.post(
        f"/{source}", json={}, headers={**OLD, "x-event-type": event_type, **named}
    )


async def failed(client: httpx.AsyncClient, task_id: str) -> None:
    """Wait until a task has failed."""
    async with asyncio.timeout(20):
        while True:
            if (await client.get(f"/api/tasks/{task_id}")).json()["status"] == "failed":
                return
            await asyncio.sleep(0.01)


async def scraped(client: httpx.AsyncClient) -> Samples:
    answer = await client.get("/metrics", headers=ADMIN)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    families = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in families}) == len(families)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def of(samples: Samples, name: str, **labels: str) -> float | None:
    return samples.get((name, frozenset(labels.items())))


def deliveries(samples: Samples, source: str) -> dict[str, float]:
    """The deliveries of a source by outcome, but for those that there were none of."""
    counted = {}
    for (name, labels), value in samples.items():
        if name == "hookgate_deliveries_total" and ("source", source) in labels and value:
            counted[dict(labels)["outcome"]] = value
    return counted


async def test_deliveries_are_counted_by_source_and_outcome(client: httpx.AsyncClient) -> None:
    await post(client, "go", x_id="1")
    await post(client, "go", x_id="1")
    await post(client, "nothing")
    await post(client, "go", x_webhook_token="wrong")
    await client.put("/crm", headers=OLD)
    await post(client, "go", "open")
    samples = await scraped(client)
    assert deliveries(samples, "crm") == {
        "accepted": 1, "duplicate": 1, "ignored": 1, "rejected": 1, "refused": 1
    }  # fmt: skip
    assert deliveries(samples, "open") == {"accepted": 1}


async def test_a_handshake_is_counted_and_its_token_is_no_secret_of_the_source(
    client: httpx.AsyncClient,
) -> None:
    asked = {"verify": "verify-canary", "challenge": "7"}
    assert (await client.get("/greeted", params=asked)).text == "7"
    samples = await scraped(client)
    assert deliveries(samples, "greeted") == {"answered": 1}
    entry = {"source": "greeted", "entry": "0", "scheme": "token", "index": "0"}
    assert of(samples, "hookgate_auth_secret_matches_total", **entry) == 0


async def test_what_could_not_be_recorded_is_counted(config: Config) -> None:
    gateway = Gateway(config, SqliteStore(config.store.path), None)
    async with serving(gateway) as client:
        await gateway.store.__aexit__(None, None, None)
        assert (await post(client, "go")).status_code == 503
        samples = await scraped(client)
        await gateway.store.__aenter__()
    assert deliveries(samples, "crm") == {"not recorded": 1}
    assert of(samples, "hookgate_tasks", status="pending") is None


async def test_every_series_of_the_rules_file_is_there_before_anything_has_happened(
    client: httpx.AsyncClient,
) -> None:
    samples = await scraped(client)
    for source in ("crm", "open"):
        assert of(samples, "hookgate_deliveries_total", source=source, outcome="duplicate") == 0
        assert of(samples, "hookgate_answer_seconds_count", source=source) == 0
    for program in ("say", "say_and_wait", "fail"):
        assert of(samples, "hookgate_attempts_total", program=program, status="failed") == 0
        assert of(samples, "hookgate_attempt_seconds_count", program=program) == 0
    matches = {
        labels
        for name, labels in samples
        if name == "hookgate_auth_secret_matches_total" and ("source", "crm") in labels
    }
    token = {("source", "crm"), ("entry", "1"), ("scheme", "token")}
    assert matches == {frozenset({*token, ("index", index)}) for index in "01"}


async def test_the_secret_that_matched_is_counted_by_its_index(client: httpx.AsyncClient) -> None:
    await post(client, "go")
    await post(client, "nothing")
    await post(client, "go", x_webhook_token="wrong")
    samples = await scraped(client)
    entry = {"source": "crm", "entry": "1", "scheme": "token"}
    assert of(samples, "hookgate_auth_secret_matches_total", **entry, index="0") == 0
    assert of(samples, "hookgate_auth_secret_matches_total", **entry, index="1") == 2


async def test_what_a_caller_made_up_is_counted_under_no_name(client: httpx.AsyncClient) -> None:
    for source in ("evil", 'e"vil', "api/webhooks/evil"):
        await post(client, "evil-type", source)
    samples = await scraped(client)
    assert deliveries(samples, "") == {"refused": 3}
    assert not any("evil" in value for _, labels in samples for _, value in labels)


async def test_attempts_are_counted_by_how_they_ended(client: httpx.AsyncClient) -> None:
    await post(client, "wait")
    await post(client, "fail")
    samples = await scraped(client)
    for program, status in (("say_and_wait", "completed"), ("fail", "failed")):
        assert of(samples, "hookgate_attempts_total", program=program, status=status) == 1
        assert of(samples, "hookgate_attempt_seconds_count", program=program) == 1
        assert of(samples, "hookgate_attempt_seconds_bucket", program=program, le="300.0") == 1
    assert of(samples, "hookgate_tasks", status="failed") == 1
    assert of(samples, "hookgate_tasks", status="pending") == 0


async def test_a_sender_that_waits_for_its_program_waited_as_long_as_the_attempt_took(
    client: httpx.AsyncClient,
) -> None:
    await post(client, "wait")
    samples = await scraped(client)
    answered = of(samples, "hookgate_answer_seconds_sum", source="crm")
    attempted = of(samples, "hookgate_attempt_seconds_sum", program="say_and_wait")
    assert answered is not None
    assert attempted is not None
    assert answered > attempted > 0


async def test_an_attempt_of_a_program_that_has_gone_is_counted_under_no_name(
    config: Config, tmp_path: Path
) -> None:
    async with serving(Gateway(config, SqliteStore(config.store.path), None)) as client:
        task_id = (await post(client, "go")).json()["task_id"]
    without = compiled(
        RULES.replace("go: [{program: say}]", "").replace("  say: {", "  other: {"),
        directory=tmp_path,
    )
    gateway = Gateway(without, SqliteStore(config.store.path), ProgramRunner({}))
    async with serving(gateway) as client:
        await failed(client, task_id)
        samples = await scraped(client)
    assert of(samples, "hookgate_attempts_total", program="", status="failed") == 1
    assert not any(("program", "say") in labels for _, labels in samples)


async def test_the_oldest_pending_task_tells_how_far_the_work_is_behind(config: Config) -> None:
    now = 1_000_000.0
    gateway = Gateway(config, SqliteStore(config.store.path), None, clock=lambda: now)
    async with serving(gateway) as client:
        assert of(await scraped(client), "hookgate_oldest_pending_seconds") == 0
    async with serving(gateway) as client:
        await post(client, "go")
        now += 90
        await post(client, "go")
        samples = await scraped(client)
    assert of(samples, "hookgate_oldest_pending_seconds") == 90
    assert of(samples, "hookgate_tasks", status="pending") == 2


async def test_the_configuration_and_the_version_are_named(
    client: httpx.AsyncClient, config: Config
) -> None:
    samples = await scraped(client)
    assert of(samples, "hookgate_config_info", digest=config.digest) == 1
    assert of(samples, "hookgate_build_info", version=__version__) == 1
    assert of(samples, "hookgate_config_last_reload_successful") == 1


async def test_the_figures_of_the_process_are_there(client: httpx.AsyncClient) -> None:
    open_files = of(await scraped(client), "process_open_fds")
    assert open_files is not None
    assert open_files > 0


async def test_however_many_ask_the_store_is_asked_once(
    config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "FRESH", 3600.0)
    store = CountingStore(config.store.path)
    async with serving(Gateway(config, store, None)) as client:
        await asyncio.gather(*(scraped(client) for _ in range(20)))
        assert store.asked == 1
        monkeypatch.setattr(metrics, "FRESH", 0.0)
        await post(client, "go")
        assert of(await scraped(client), "hookgate_tasks", status="pending") == 1


async def test_the_metrics_need_the_admin_token(client: httpx.AsyncClient) -> None:
    for headers in ({}, {"authorization": "Bearer wrong"}, OLD):
        answer = await client.get("/metrics", headers=headers)
        assert answer.status_code == 401
        assert "hookgate_" not in answer.text


async def test_the_rules_file_can_open_the_metrics(tmp_path: Path) -> None:
    public = compiled(RULES + "server: {metrics: public}\n", directory=tmp_path)
    async with serving(Gateway(public, SqliteStore(public.store.path), None)) as client:
        answer = await client.get("/metrics")
    assert answer.status_code == 200
    assert "canary" not in answer.text
