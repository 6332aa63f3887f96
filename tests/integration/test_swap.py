"""What a gateway does differently once it uses another configuration."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from hookgate.engine.gateway import Gateway
from hookgate.model import TaskStatus
from hookgate.runners.programs import ProgramRunner
from hookgate.server.app import build_app
from hookgate.stores.sqlite.store import SqliteStore
from tests.rules import compiled

pytestmark = pytest.mark.anyio

RULES = """
version: 1
server: {SERVER}
store: sqlite:hookgate.db
sources:
  s: {{auth: {{type: none}}, rules: {{"*": [{{program: wait}}]}}}}
programs:
  wait:
    command: [sh, -c, "until [ -e go ]; do sleep 0.01; done"]
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def serving(
    directory: Path, server: str, *, work: bool = False
) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    config = compiled(RULES.format(SERVER=server), directory=directory)
    runner = ProgramRunner({"PATH": "/usr/bin:/bin"}) if work else None
    async with Gateway(config, SqliteStore(config.store.path), runner) as gateway:
        transport = httpx.ASGITransport(build_app(gateway, "own-canary"))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield gateway, client


async def running(gateway: Gateway, expected: int) -> None:
    """Wait until so many tasks run."""
    async with asyncio.timeout(20):
        while True:
            if await gateway.store.count(TaskStatus.RUNNING) == expected:
                return
            await asyncio.sleep(0.01)


async def test_the_admin_token_is_that_of_the_file_in_use(tmp_path: Path) -> None:
    async def opens(token: str) -> bool:
        headers = {"authorization": f"Bearer {token}"}
        return (await client.get("/api/tasks", headers=headers)).status_code == 200

    async with serving(tmp_path, "{admin_token: first}") as (gateway, client):
        assert [await opens(token) for token in ("first", "second", "")] == [True, False, False]
        gateway.use(compiled(RULES.format(SERVER="{admin_token: second}"), directory=tmp_path))
        assert [await opens(token) for token in ("first", "second", "")] == [False, True, False]
        gateway.use(compiled(RULES.format(SERVER="{}"), directory=tmp_path))
        assert [await opens(token) for token in ("first", "second", "")] == [False, False, False]


async def test_other_origins_may_read_as_the_file_in_use_says(tmp_path: Path) -> None:
    allowing = '{cors: {allow_origins: ["https://one.example"]}}'
    async with serving(tmp_path, allowing) as (gateway, client):
        headers = {"origin": "https://one.example"}
        answer = await client.get("/healthz", headers=headers)
        assert answer.headers["access-control-allow-origin"] == "https://one.example"
        gateway.use(compiled(RULES.format(SERVER="{}"), directory=tmp_path))
        assert (
            "access-control-allow-origin"
            not in (await client.get("/healthz", headers=headers)).headers
        )


async def test_more_tasks_run_at_once_as_soon_as_the_file_in_use_lets_them(tmp_path: Path) -> None:
    async with serving(tmp_path, "{concurrency: 1}", work=True) as (gateway, client):
        for _ in range(4):
            await client.post("/s", json={})
        await running(gateway, 1)
        gateway.use(compiled(RULES.format(SERVER="{concurrency: 3}"), directory=tmp_path))
        await running(gateway, 3)
        assert await gateway.store.count(TaskStatus.PENDING) == 1
        (tmp_path / "go").touch()
        await running(gateway, 0)


async def test_fewer_tasks_run_at_once_when_those_that_run_have_ended(tmp_path: Path) -> None:
    async with serving(tmp_path, "{concurrency: 3}", work=True) as (gateway, client):
        for _ in range(3):
            await client.post("/s", json={})
        await running(gateway, 3)
        gateway.use(compiled(RULES.format(SERVER="{concurrency: 1}"), directory=tmp_path))
        for _ in range(20):
            await client.post("/s", json={})
        assert await gateway.store.count(TaskStatus.RUNNING) == 3
        most = 0
        (tmp_path / "go").touch()
        async with asyncio.timeout(30):
            while (standing := await gateway.store.standing()).pending:
                if standing.pending < 20:  # the three have ended
                    most = max(most, standing.running)
                await asyncio.sleep(0)
        assert most == 1
