"""Retries, limits, order and bursts, with a real store and real programs, in process."""

# ruff: noqa: ASYNC110, ASYNC240 - the programs tell by files how far they are

from __future__ import annotations

import asyncio
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from itertools import groupby, pairwise
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from hookgate.core.config import Config
from hookgate.engine.gateway import Gateway
from hookgate.model import TaskStatus, Trigger
from hookgate.runners.programs import ProgramRunner
from hookgate.server.app import build_app
from hookgate.stores.sqlite.store import SqliteStore
from hookgate.stores.store import TaskFilter, TaskHistory
from tests.rules import compiled

pytestmark = pytest.mark.anyio

ADMIN = {"authorization": "Bearer admin-canary"}

RULES = """
version: 1
server: {wait_timeout: 20s, shutdown_grace: 100ms}
store: sqlite:hookgate.db
sources:
  s:
    auth: {type: none}
    params: {name: name, big: big}
    rules:
      flaky: [{program: flaky}]
      hopeless: [{program: flaky}]
      broken: [{program: broken}]
      busy: [{program: busy}]
      busy_and_waited_for: [{program: busy_and_waited_for}]
      asks: [{program: asks}]
      one_at_a_time: [{program: one_at_a_time}]
      say: [{program: say}]
      ordered: [{program: log, key: name}]
      burst: [{program: log, debounce: {wait: 300ms, max_wait: 10s, key: name}}]
      hold: [{program: hold}]
      call: [{program: call}]
programs:
  flaky:
    command: [PYTHON, -c, "import os, sys; sys.exit(os.environ['HOOKGATE_ATTEMPT'] < '3')"]
    retry: {attempts: 3, initial: 10ms}
  broken:
    command: [PYTHON, -c, "import sys; sys.exit('no')"]
    retry: {attempts: 2, initial: 10ms}
    pass: none
  busy:
    command: [PYTHON, -c, "import sys; print('busy'); sys.exit(75)"]
  busy_and_waited_for:
    command: [PYTHON, -c, "import sys; print('busy'); sys.exit(75)"]
    run_async: false
  asks:
    command: [PYTHON, asks.py]
  one_at_a_time: {command: [PYTHON, log.py], concurrency: 1}
  log: {command: [PYTHON, log.py]}
  hold: {command: [PYTHON, hold.py], concurrency: 1}
  say: {command: [echo]}
  call: {python: "call.py:handle", concurrency: 1}
"""

LOG = """
import os, sys, time
def log(word):
    line = f"{word} {os.environ['HOOKGATE_TASK_ID']}\\n"
    with open("log", "a") as file:
        file.write(line)
log("begin")
time.sleep(0.02)
log("end")
"""

HOLD = """
import os, pathlib, time
pathlib.Path("held").write_text(str(os.getpid()))
while not pathlib.Path("go").exists():
    time.sleep(0.01)
"""

CALL = """
import pathlib, time
def handle(name):
    if name == "hold" and not pathlib.Path("held").exists():
        pathlib.Path("held").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
    elif name == "hold":
        pathlib.Path("called-later").touch()
"""

ASKS = """
import os, sys
if os.environ["HOOKGATE_ATTEMPT"] == "1":
    print("HOOKGATE_RETRY_AFTER=0.01")
    sys.exit(75)
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    scripts = {"log.py": LOG, "hold.py": HOLD, "asks.py": ASKS, "call.py": CALL}
    for name, text in scripts.items():
        (tmp_path / name).write_text(text)
    return compiled(dedent(RULES).replace("PYTHON", sys.executable), directory=tmp_path)


class Running:
    """A gateway at work."""

    def __init__(self, gateway: Gateway, client: httpx.AsyncClient) -> None:
        self.gateway = gateway
        self.client = client

    async def post(self, event_type: str, **body: Any) -> httpx.Response:
        return await self.client.post("/s", json=body, headers={"x-event-type": event_type})

    async def start(self, event_type: str, **body: Any) -> str:
        """Post an event and give the id of its task."""
        answer = await self.post(event_type, **body)
        assert (answer.status_code, answer.json()["status"]) == (202, "pending")
        return str(answer.json()["task_id"])

    async def history(self, task_id: str) -> TaskHistory:
        found = await self.gateway.store.task(task_id)
        assert found is not None
        return found

    async def until(self, task_id: str, holds: Callable[[TaskHistory], bool]) -> TaskHistory:
        async with asyncio.timeout(30):
            while not holds(found := await self.history(task_id)):
                await asyncio.sleep(0.01)
        return found

    async def ended(self, task_id: str) -> TaskHistory:
        return await self.until(task_id, lambda history: history.task.status.ended)


@asynccontextmanager
async def at_work(
    config: Config, clock: Callable[[], float] = time.time, *, runs: bool = True
) -> AsyncIterator[Running]:
    store = SqliteStore(config.store.path)
    runner = ProgramRunner({"PATH": "/usr/bin:/bin"}) if runs else None
    gateway = Gateway(config, store, runner, clock)
    async with gateway:
        transport = httpx.ASGITransport(build_app(gateway, "admin-canary"))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Running(gateway, client)


@pytest.fixture
async def running(config: Config) -> AsyncIterator[Running]:
    async with at_work(config) as opened:
        yield opened


def log_of(config: Config) -> list[tuple[str, str]]:
    """What began and ended, as word and task, in order."""
    lines = Path(config.directory, "log").read_text().splitlines()
    return [(word, task_id) for word, task_id in map(str.split, lines)]


def runs(log: list[tuple[str, str]]) -> Iterator[str]:
    """The tasks of a log in which no two overlap."""
    for task_id, lines in groupby(log, key=lambda line: line[1]):
        assert [word for word, _ in lines] == ["begin", "end"]
        yield task_id


# --- commits --------------------------------------------------------------------------------


def commits(config: Config) -> int:
    """How many commits stand in the write-ahead log (https://sqlite.org/fileformat2.html#walformat).

    The last frame of each tells the size of the database, the others 0.
    """
    log = Path(f"{config.store.path}-wal").read_bytes()
    (page_size,) = struct.unpack_from("!I", log, 8)
    frames = range(32, len(log), 24 + page_size)
    return sum(struct.unpack_from("!I", log, frame + 4) != (0,) for frame in frames)


async def test_a_task_that_starts_at_once_is_recorded_and_claimed_by_one_commit(
    config: Config, running: Running
) -> None:
    await running.ended(await running.start("say"))
    before = commits(config)
    await running.start("hold")
    await held(config)
    assert commits(config) == before + 1
    Path(config.directory, "go").touch()


async def test_the_end_of_a_task_is_recorded_and_the_next_one_claimed_by_one_commit(
    config: Config,
) -> None:
    config = replace(config, server=replace(config.server, concurrency=1))
    async with at_work(config) as running:
        holding = await running.start("hold")
        await held(config)
        waiting = await running.start("say")
        before = commits(config)
        Path(config.directory, "go").touch()
        await running.ended(waiting)
        assert (await running.history(holding)).task.status is TaskStatus.COMPLETED
        assert commits(config) == before + 2  # the last is the end of the second


async def test_what_is_being_claimed_when_the_gateway_stops_is_not_begun(config: Config) -> None:
    async with at_work(config, runs=False) as recording:
        task_id = await recording.start("hold")
    async with at_work(config) as running:
        await asyncio.sleep(0)  # from here on the first claim is on its way
        over = asyncio.Event()
        over.set()
        await running.gateway.drain(over)
    async with SqliteStore(config.store.path) as store:
        history = await store.task(task_id)
    assert history is not None
    assert (history.task.status, history.attempts) == (TaskStatus.PENDING, ())
    assert not Path(config.directory, "held").exists()


# --- retries --------------------------------------------------------------------------------


async def test_a_program_that_fails_is_tried_again_until_it_succeeds(running: Running) -> None:
    history = await running.ended(await running.start("flaky"))
    assert history.task.status is TaskStatus.COMPLETED
    assert [attempt.exit_code for attempt in history.attempts] == [1, 1, 0]
    assert [attempt.trigger for attempt in history.attempts] == [
        Trigger.INITIAL,
        Trigger.RETRY,
        Trigger.RETRY,
    ]


async def test_out_of_tries_a_task_has_failed_and_is_kept(running: Running) -> None:
    history = await running.ended(await running.start("broken"))
    assert (history.task.status, history.task.error) == (TaskStatus.FAILED, "exit 1: no")
    assert len(history.attempts) == 2


async def test_what_no_command_line_can_carry_is_not_tried_again(running: Running) -> None:
    history = await running.ended(await running.start("hopeless", big="\0"))
    assert history.task.status is TaskStatus.FAILED
    assert len(history.attempts) == 1


async def test_exit_75_is_tried_again_later_and_the_api_tells_why_and_when(
    running: Running,
) -> None:
    task_id = await running.start("busy")
    history = await running.until(task_id, lambda found: found.task.error is not None)
    assert history.task.status is TaskStatus.PENDING
    assert 7 <= history.task.next_attempt_at - time.time() <= 10
    answer = await running.client.get(f"/api/tasks/{task_id}", headers=ADMIN)
    shown = answer.json()
    assert (shown["status"], shown["error"]) == ("pending", "exit 75: busy")
    assert shown["next_attempt_at"] > shown["created_at"]


async def test_an_answer_does_not_wait_for_a_second_attempt(running: Running) -> None:
    begun = time.monotonic()
    answer = await running.post("busy_and_waited_for")
    assert (answer.status_code, answer.json()["status"]) == (202, "pending")
    assert "exit_code" not in answer.json()
    assert time.monotonic() - begun < 10
    assert len((await running.history(answer.json()["task_id"])).attempts) == 1


async def test_a_task_that_had_its_first_attempt_is_not_waited_for(running: Running) -> None:
    task_id = await running.start("busy")
    await running.until(task_id, lambda found: found.task.error is not None)
    dispatcher = running.gateway._dispatcher
    assert dispatcher is not None
    await asyncio.wait_for(dispatcher.tried([task_id]), 6)  # before it is tried again


async def test_a_program_can_say_when_it_wants_to_be_tried_again(running: Running) -> None:
    history = await running.ended(await running.start("asks"))
    assert [attempt.exit_code for attempt in history.attempts] == [75, 0]


async def test_the_log_tells_that_and_when_there_is_another_attempt(
    running: Running, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO", "hookgate"):
        await running.ended(await running.start("broken"))
    attempts = [
        vars(record)["fields"] for record in caplog.records if record.getMessage() == "attempt"
    ]
    assert [("retry_in_s" in fields) for fields in attempts] == [True, False]


# --- retries by hand ------------------------------------------------------------------------


async def retry(running: Running, task_id: str, **headers: str) -> httpx.Response:
    return await running.client.post(f"/api/tasks/{task_id}/retry", headers=headers)


async def test_a_failed_task_can_be_started_again_with_all_its_tries(running: Running) -> None:
    task_id = await running.start("broken")
    await running.ended(task_id)
    answer = await retry(running, task_id, **ADMIN)
    assert answer.status_code == 202
    assert answer.json() == {"task_id": task_id, "status": "pending"}
    history = await running.until(task_id, lambda found: len(found.attempts) == 4)
    assert [attempt.trigger for attempt in history.attempts[2:]] == [Trigger.MANUAL, Trigger.RETRY]
    assert (await running.ended(task_id)).task.status is TaskStatus.FAILED


async def test_only_a_failed_task_is_started_again_and_only_by_the_admin(
    running: Running,
) -> None:
    task_id = await running.start("flaky")
    await running.ended(task_id)
    refused = await retry(running, task_id, **ADMIN)
    assert refused.status_code == 409
    assert refused.json()["message"] == "the task is completed, only a failed one is retried"
    assert (await retry(running, "unknown", **ADMIN)).status_code == 404
    for headers in ({}, {"authorization": "Bearer wrong"}):
        for asked in (task_id, "unknown"):
            assert (await retry(running, asked, **headers)).status_code == 401
    assert len((await running.history(task_id)).attempts) == 3


# --- concurrency ----------------------------------------------------------------------------


async def test_a_program_runs_no_more_often_at_once_than_it_allows(
    running: Running, config: Config
) -> None:
    ids = [await running.start("one_at_a_time") for _ in range(5)]
    for task_id in ids:
        await running.ended(task_id)
    assert list(runs(log_of(config))) == ids


async def test_a_full_program_delays_neither_answers_nor_other_programs(
    running: Running, config: Config
) -> None:
    held = [await running.start("hold") for _ in range(30)]
    other = await running.ended(await running.start("say"))
    assert other.task.status is TaskStatus.COMPLETED
    waiting = await running.gateway.store.tasks(TaskFilter(status=TaskStatus.PENDING))
    assert {task.id for task in waiting} == set(held[1:])
    Path(config.directory, "go").touch()
    for task_id in held:
        await running.ended(task_id)


async def held_up(running: Running, config: Config) -> list[str]:
    """Tasks that came together after many short ones; the call of the first does not end."""
    for task_id in [await running.start("call", name="short") for _ in range(60)]:
        await running.ended(task_id)
    tasks = await asyncio.gather(*(running.start("call", name="hold") for _ in range(40)))
    while not Path(config.directory, "held").exists():
        await asyncio.sleep(0.01)
    return tasks


async def test_a_function_that_does_not_end_delays_no_other_programs(
    running: Running, config: Config
) -> None:
    tasks = await held_up(running, config)
    others = [await running.ended(await running.start("say")) for _ in range(3)]
    assert {other.task.status for other in others} == {TaskStatus.COMPLETED}
    Path(config.directory, "go").touch()
    for task_id in tasks:
        assert (await running.ended(task_id)).task.status is TaskStatus.COMPLETED


async def test_a_call_that_waits_when_the_gateway_stops_is_given_back(
    running: Running, config: Config
) -> None:
    tasks = await held_up(running, config)
    draining = asyncio.create_task(running.gateway.drain(asyncio.Event()))
    store = running.gateway.store
    async with asyncio.timeout(10):
        while await store.count(TaskStatus.PENDING) < len(tasks) - 1:
            await asyncio.sleep(0.01)
    Path(config.directory, "go").touch()
    await draining
    assert await store.count(TaskStatus.PENDING) == len(tasks) - 1
    assert not Path(config.directory, "called-later").exists()


# --- order and bursts -----------------------------------------------------------------------


async def test_tasks_of_one_key_run_in_order_and_others_beside_them(
    running: Running, config: Config
) -> None:
    ids = [await running.start("ordered", name=f"n{number % 3}") for number in range(15)]
    for task_id in ids:
        await running.ended(task_id)
    log = log_of(config)
    for number in range(3):
        mine = ids[number::3]
        assert list(runs([line for line in log if line[1] in mine])) == mine
    assert [word for word, _ in log] != ["begin", "end"] * 15


async def test_of_a_burst_the_newest_runs_and_stands_for_the_others(
    running: Running, config: Config
) -> None:
    ids = [await running.start("burst", name="a") for _ in range(5)]
    other = await running.start("burst", name="b")
    await running.ended(other)
    newest = await running.ended(ids[-1])
    assert newest.task.status is TaskStatus.COMPLETED
    assert {task_id for _, task_id in log_of(config)} == {ids[-1], other}
    for older, newer in pairwise(ids):
        history = await running.history(older)
        assert (history.task.status, history.attempts) == (TaskStatus.COMPLETED, ())
        assert history.task.superseded_by == newer
        shown = await running.client.get(f"/api/tasks/{older}", headers=ADMIN)
        assert shown.json()["superseded_by"] == newer


# --- clocks and leases ----------------------------------------------------------------------


class Clock:
    """A clock that can be set."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


async def held(config: Config) -> int:
    """The process id of the program that holds."""
    file = Path(config.directory, "held")
    async with asyncio.timeout(30):
        while not file.exists() or not file.read_text():
            await asyncio.sleep(0.01)
    return int(file.read_text())


async def test_a_clock_that_is_set_on_takes_no_task_from_a_live_gateway(config: Config) -> None:
    clock = Clock()
    async with at_work(config, clock) as running:
        task_id = await running.start("hold")
        await held(config)
        clock.ahead = 3600
        dispatcher = running.gateway._dispatcher
        assert dispatcher is not None
        await dispatcher._settle_leases()
        assert (await running.history(task_id)).task.status is TaskStatus.RUNNING
        Path(config.directory, "go").touch()
        assert len((await running.ended(task_id)).attempts) == 1


async def test_what_was_recorded_before_the_clock_was_set_back_runs_at_once(
    config: Config,
) -> None:
    clock = Clock()
    clock.ahead = 3600
    async with at_work(config, clock, runs=False) as recording:
        task_id = await recording.start("say")
    async with at_work(config) as running:
        assert (await running.ended(task_id)).task.status is TaskStatus.COMPLETED


async def test_a_program_whose_task_another_runs_now_is_stopped_and_its_result_dropped(
    config: Config,
) -> None:
    async with at_work(config) as running:
        task_id = await running.start("hold")
        pid = await held(config)
        store, dispatcher = running.gateway.store, running.gateway._dispatcher
        assert dispatcher is not None
        async with dispatcher._leases_settled:
            await store.release_expired(time.time() + 3600)
            [claim] = await store.claim("another", 1, 3600, time.time())
            await dispatcher._settle_leases()
        async with asyncio.timeout(20):
            while Path(f"/proc/{pid}").exists():
                await asyncio.sleep(0.01)
        history = await running.history(task_id)
        assert history.task == claim.task
        assert history.attempts[-1] == claim.attempt
