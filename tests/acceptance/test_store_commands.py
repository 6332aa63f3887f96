"""`hookgate tasks` and `hookgate store`: looking into a store, and cleaning it up."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec.structs import replace

from hookgate.engine.ids import Ids
from hookgate.model import Burst, TaskStatus
from hookgate.stores.sqlite.store import SqliteStore
from tests.acceptance.gateway import HOOKGATE, gateway, polled
from tests.contract.samples import Sample, failed, sample

RULES = f"""\
version: 1
store: sqlite:hookgate.db
sources:
  s: {{auth: {{type: none}}, rules: {{"*": [{{program: show}}]}}}}
programs:
  show: {{command: [{sys.executable}, -c, "print('done')"]}}
"""
IDS = Ids(time.time)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def run(rules: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOOKGATE, *arguments],
        cwd=rules.parent,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"]},
    )


def document(rules: Path, *arguments: str) -> dict[str, Any]:
    result = run(rules, *arguments, "--format", "json")
    assert result.returncode == 0, result
    return dict(json.loads(result.stdout))


def timed(given: Sample, ago: float) -> Sample:
    """A sample that arrived so many seconds ago, with ids that say so."""
    now = time.time() - ago
    ids = Ids(lambda: now)
    delivery = replace(given.delivery, id=ids.next(), received_at=now)
    tasks = tuple(
        replace(task, id=ids.next(), delivery_id=delivery.id, created_at=now, next_attempt_at=now)
        for task in given.tasks
    )
    return replace(given, delivery=delivery, tasks=tasks)


@asynccontextmanager
async def opened(rules: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(str(rules.with_name("hookgate.db"))) as store:
        yield store


async def _fill(rules: Path) -> dict[str, str]:
    async with opened(rules) as store:
        old = timed(sample(source="github", programs=("deploy",)), 7200)
        new = timed(sample(source="jira", event_type="issue_created", programs=("note",)), 60)
        for given in (old, new):
            await given.record_in(store)
        (claim,) = await store.claim("w", 1, 30, time.time())
        attempt = replace(
            failed(claim),
            finished_at=claim.attempt.started_at + 1.5,
            exit_code=1,
            error="exit 1: refused\x1b[2J",
            output="".join(f"line {number}\n" for number in range(1, 41)),
        )
        await store.finish(attempt, TaskStatus.FAILED, None, time.time())
    return {"failed": old.tasks[0].id, "pending": new.tasks[0].id}


@pytest.fixture
def filled(rules: Path) -> dict[str, str]:
    """The ids of a failed task from two hours ago, and of a pending one."""
    return asyncio.run(_fill(rules))


def listed(rules: Path, *options: str) -> list[str]:
    tasks = document(rules, "tasks", "list", *options)["tasks"]
    return [task["task_id"] for task in tasks]


# --- tasks ----------------------------------------------------------------------------------


def test_tasks_are_listed_the_newest_first(rules: Path, filled: dict[str, str]) -> None:
    result = run(rules, "tasks", "list")
    head, newer, older = result.stdout.splitlines()
    assert head.split() == [
        "TASK", "PROGRAM", "SOURCE", "EVENT", "STATUS", "ATTEMPTS", "WHEN", "WHY"
    ]  # fmt: skip
    assert newer.split()[:6] == [
        filled["pending"][:18], "note", "jira", "issue_created", "pending", "0"
    ]  # fmt: skip
    assert older.split()[:6] == [filled["failed"][:18], "deploy", "github", "push", "failed", "1"]
    assert older.endswith(r"exit 1: refused\x1b[2J")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ((), ["pending", "failed"]),
        (("--failed",), ["failed"]),
        (("--pending",), ["pending"]),
        (("--running",), []),
        (("--status", "failed"), ["failed"]),
        (("--source", "jira"), ["pending"]),
        (("--program", "deploy"), ["failed"]),
        (("--since", "1h"), ["pending"]),
        (("--since", "1d"), ["pending", "failed"]),
        (("--failed", "--since", "1h"), []),
        (("--limit", "1"), ["pending"]),
    ],
    ids=" ".join,
)
def test_options_restrict_the_list(
    rules: Path, filled: dict[str, str], options: tuple[str, ...], expected: list[str]
) -> None:
    assert listed(rules, *options) == [filled[name] for name in expected]


def test_two_states_exclude_each_other(rules: Path) -> None:
    result = run(rules, "tasks", "list", "--failed", "--pending")
    assert result.returncode == 2
    assert "name one state" in result.stderr


def test_where_no_task_fits_the_list_says_so(rules: Path, filled: dict[str, str]) -> None:
    assert run(rules, "tasks", "list", "--running").stdout == "no tasks\n"


def test_a_list_that_is_cut_short_says_so(rules: Path, filled: dict[str, str]) -> None:
    assert "--limit shows more" in run(rules, "tasks", "list", "--limit", "1").stderr
    assert run(rules, "tasks", "list").stderr == ""


def test_a_task_is_shown_by_the_beginning_of_its_id(rules: Path, filled: dict[str, str]) -> None:
    shown = run(rules, "tasks", "show", filled["failed"][:18].upper()).stdout
    assert f"task        {filled['failed']}\n" in shown
    assert re.search(r"^attempt 1   failed in 1\.5s, initial, begun 2\d{3}-", shown, re.MULTILINE)
    assert r"exit 1: refused\x1b[2J" in shown
    assert 'params      ref = "refs/heads/main"\n' in shown
    assert "output      line 1\n" in shown
    assert "            ... 20 lines, which --format json shows ...\n" in shown
    assert "            line 31\n" in shown
    assert "line 11\n" not in shown
    task = document(rules, "tasks", "show", filled["failed"])["task"]
    assert task["attempts"][0]["output"].count("\n") == 40


def test_a_task_that_another_stands_for_is_shown_with_it(rules: Path) -> None:
    burst = Burst("k", time.time() + 3600)
    older, newer = (timed(sample(burst=burst, key="a key"), ago) for ago in (2, 1))

    async def record() -> None:
        async with opened(rules) as store:
            await older.record_in(store)
            await newer.record_in(store)

    asyncio.run(record())
    shown = run(rules, "tasks", "show", older.tasks[0].id).stdout
    assert f"status      completed, superseded by {newer.tasks[0].id}\n" in shown
    assert "key         'a key'\n" in shown


@pytest.mark.parametrize(
    ("prefix", "told"),
    [
        ("0", "several tasks begin with '0'"),
        ("0190zz", "no task begins with '0190zz'"),
        ("f", "no task begins with 'f'"),
        ("%", "no task begins with '%'"),
    ],
)
def test_the_beginning_of_no_single_task_is_told(
    rules: Path, filled: dict[str, str], prefix: str, told: str
) -> None:
    result = run(rules, "tasks", "show", prefix)
    assert (result.returncode, result.stdout) == (1, "")
    assert told in result.stderr


def test_failed_tasks_are_started_again(rules: Path, filled: dict[str, str]) -> None:
    told = run(rules, "tasks", "retry", filled["failed"][:18])
    assert (told.returncode, told.stdout) == (
        0, "1 task starts again when a gateway uses this store\n"
    )  # fmt: skip
    assert listed(rules, "--pending") == [filled["pending"], filled["failed"]]


@pytest.mark.parametrize(
    ("options", "started"),
    [
        (("--source", "github"), True),
        (("--source", "jira"), False),
        (("--program", "deploy", "--since", "3h"), True),
        (("--since", "1h"), False),
        ((), True),
    ],
)
def test_options_restrict_which_failed_tasks_are_started_again(
    rules: Path, filled: dict[str, str], options: tuple[str, ...], started: bool
) -> None:
    retried = document(rules, "tasks", "retry", "--failed", *options)["retried"]
    assert retried == ([filled["failed"]] if started else [])
    assert listed(rules, "--failed") == ([] if started else [filled["failed"]])


def test_where_one_of_several_tasks_cannot_be_started_none_is(
    rules: Path, filled: dict[str, str]
) -> None:
    result = run(rules, "tasks", "retry", filled["failed"], filled["pending"], "ffff")
    assert (result.returncode, result.stdout) == (1, "")
    assert f"the task {filled['pending']} is pending, not failed" in result.stderr
    assert "no task begins with 'ffff'" in result.stderr
    assert listed(rules, "--failed") == [filled["failed"]]


@pytest.mark.parametrize(
    "arguments", [(), ("0190", "--failed"), ("0190", "--source", "s"), ("--source", "s")]
)
def test_what_is_to_be_started_again_has_to_be_named(
    rules: Path, filled: dict[str, str], arguments: tuple[str, ...]
) -> None:
    result = run(rules, "tasks", "retry", *arguments)
    assert result.returncode == 2
    assert "name tasks, or --failed" in result.stderr


# --- which store ----------------------------------------------------------------------------


def test_a_store_is_named_by_itself_where_the_rules_file_is_broken(
    rules: Path, filled: dict[str, str]
) -> None:
    rules.write_text("version: 2\n")
    refused = run(rules, "tasks", "list")
    assert refused.returncode == 3
    assert "--store names a store without it" in refused.stderr
    assert listed(rules, "--store", "hookgate.db") == list(reversed(filled.values()))


def test_a_store_that_a_variable_names_is_not_guessed(rules: Path, filled: dict[str, str]) -> None:
    rules.write_text(RULES.replace("sqlite:hookgate.db", '"sqlite:${STORE}"'))
    result = run(rules, "tasks", "list")
    assert result.returncode == 3
    assert "names its store with a variable that is not set" in result.stderr
    rules.with_name(".env").write_text("STORE=hookgate.db\n")
    assert listed(rules, "--env-file", ".env") == list(reversed(filled.values()))


COMMANDS = (
    ("tasks", "list"),
    ("tasks", "show", "0"),
    ("tasks", "retry", "0"),
    ("store", "stats"),
    ("store", "check"),
    ("store", "purge", "--older-than", "1d"),
    ("store", "vacuum"),
)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_makes_a_store(rules: Path, command: tuple[str, ...]) -> None:
    result = run(rules, *command)
    assert (result.returncode, result.stdout) == (3, "")
    assert re.match(r"hookgate: there is no store at \S+hookgate.db yet", result.stderr)
    assert list(rules.parent.iterdir()) == [rules]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_database_of_another_program_is_left_alone(
    rules: Path, command: tuple[str, ...]
) -> None:
    path = rules.with_name("hookgate.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x)")
    before = path.read_bytes()
    result = run(rules, *command)
    assert (result.returncode, result.stdout) == (3, "")
    assert "is the database of another program" in result.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_leaves_a_file_beside_the_store(
    rules: Path, filled: dict[str, str], command: tuple[str, ...]
) -> None:
    before = sorted(rules.parent.iterdir())
    run(rules, *command)
    assert sorted(rules.parent.iterdir()) == before


# --- store ----------------------------------------------------------------------------------


def test_the_figures_of_a_store(rules: Path, filled: dict[str, str]) -> None:
    found = document(rules, "store", "stats")
    assert found["deliveries"] == {"github": 1, "jira": 1}
    assert found["tasks"] == {"pending": 1, "running": 0, "completed": 0, "failed": 1}
    assert found["bytes"] == rules.with_name("hookgate.db").stat().st_size
    text = run(rules, "store", "stats").stdout
    assert "deliveries  2   github 1   jira 1\n" in text
    assert "tasks       2   pending 1   running 0   completed 0   failed 1\n" in text
    assert re.search(r"^oldest      \S+Z, 2h ago$", text, re.MULTILINE)
    assert found["pending_bytes"] == 2
    assert "pending     2 B of bodies\n" in text
    assert re.search(r"^due         for 1m$", text, re.MULTILINE)


def test_a_sound_store_is_told_to_be(rules: Path, filled: dict[str, str]) -> None:
    result = run(rules, "store", "check")
    assert (result.returncode, result.stdout) == (0, f"{rules.parent}/hookgate.db: sound\n")


@pytest.mark.parametrize(
    ("damage", "fault"),
    [
        ("DELETE FROM deliveries WHERE source = 'jira'", "1 tasks without their delivery"),
        ("DELETE FROM tasks WHERE status = 'failed'", "1 attempts without their task"),
        ("DELETE FROM tasks WHERE status = 'pending'", "1 accepted deliveries without a task"),
        ("DELETE FROM configurations", "2 deliveries without the rules file that decided"),
        (
            "UPDATE tasks SET key = 'k', blocked = 1 WHERE status = 'pending'",
            "1 keys whose tasks do not run one after the other",
        ),
        (
            "UPDATE tasks SET status = 'running' WHERE status = 'failed'",
            "1 running tasks without a running attempt",
        ),
        (
            "UPDATE backlog SET bytes = 7",
            "1 miscounted pending tasks, which the next start of a gateway counts anew",
        ),
    ],
)
def test_what_does_not_fit_together_is_found(
    rules: Path, filled: dict[str, str], damage: str, fault: str
) -> None:
    with closing(sqlite3.connect(rules.with_name("hookgate.db"))) as connection:
        connection.execute(damage)
        connection.commit()
    result = run(rules, "store", "check")
    assert result.returncode == 1
    assert fault in result.stdout.splitlines()
    assert result.stdout.endswith("hookgate.db: damaged; bring back a copy of it\n")


def test_damaged_pages_are_found(rules: Path, filled: dict[str, str]) -> None:
    path = rules.with_name("hookgate.db")
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_schema WHERE name = 'tasks_by_program'"
        (page,) = connection.execute(query).fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    result = run(rules, "store", "check")
    assert result.returncode == 1
    assert "damaged" in result.stdout


def test_purge_deletes_what_is_old_and_has_ended(rules: Path, filled: dict[str, str]) -> None:
    result = run(rules, "store", "purge", "--older-than", "1h")
    assert (result.returncode, result.stdout) == (0, "deleted 1 delivery, with their tasks\n")
    assert listed(rules) == [filled["pending"]]
    assert "deleted 0 deliveries" in run(rules, "store", "purge", "--older-than", "1s").stdout


def test_a_duration_that_is_none_is_refused(rules: Path, filled: dict[str, str]) -> None:
    result = run(rules, "store", "purge", "--older-than", "30")
    assert result.returncode == 2
    assert "no duration such as" in result.stderr
    assert len(listed(rules)) == 2


async def _grow(rules: Path) -> None:
    async with opened(rules) as store:
        for _ in range(50):
            given = timed(replace(sample(outcome="ignored", body=b"x" * 50_000)), 7200)
            await given.record_in(store)


def test_vacuum_gives_back_what_was_deleted(rules: Path) -> None:
    asyncio.run(_grow(rules))
    path = rules.with_name("hookgate.db")
    full = path.stat().st_size
    run(rules, "store", "purge", "--older-than", "1h")
    assert document(rules, "store", "stats")["free_bytes"] > 2_000_000
    result = run(rules, "store", "vacuum")
    assert result.returncode == 0
    assert re.fullmatch(r"\S+hookgate.db: 2\.\d MiB before, \d+\.\d KiB now\n", result.stdout)
    assert path.stat().st_size < full / 10


# --- beside a gateway -----------------------------------------------------------------------


def test_a_store_is_looked_into_and_purged_beside_its_gateway(rules: Path) -> None:
    with gateway(rules) as served:
        task_id = httpx.post(f"{served.url}/s", json={}).json()["task_id"]
        for tasks in polled(lambda: document(rules, "tasks", "list", "--status", "completed")):
            if tasks["tasks"]:
                break
        assert document(rules, "tasks", "show", task_id)["task"]["output"] == "done\n"
        assert run(rules, "store", "check").returncode == 0
        assert document(rules, "store", "stats")["deliveries"] == {"s": 1}
        assert "deleted 1 delivery" in run(rules, "store", "purge", "--older-than", "1ms").stdout
        assert httpx.get(f"{served.url}/api/tasks/{task_id}").status_code == 404
        again = httpx.post(f"{served.url}/s", json={}).json()["task_id"]
        assert listed(rules) == [again]


def test_a_gateway_runs_what_was_put_back_beside_it(rules: Path) -> None:
    mended = rules.with_name("mended")
    rules.write_text(
        RULES.replace("print('done')", "import pathlib; print(pathlib.Path('mended').read_text())")
    )
    with gateway(rules) as served:
        failing = [httpx.post(f"{served.url}/s", json={}).json()["task_id"] for _ in range(3)]
        for failed in polled(lambda: listed(rules, "--failed")):
            if len(failed) == 3:
                break
        mended.write_text("done")
        told = run(rules, "tasks", "retry", "--failed", "--source", "s")
        assert told.stdout == "3 tasks start again now\n"
        for completed in polled(lambda: listed(rules, "--status", "completed")):
            if len(completed) == 3:
                break
        attempts = document(rules, "tasks", "show", failing[0])["task"]["attempts"]
    assert [(each["trigger"], each["status"]) for each in attempts] == [
        ("initial", "failed"), ("manual", "completed")
    ]  # fmt: skip


def test_vacuum_is_refused_while_a_gateway_uses_the_store(rules: Path) -> None:
    with gateway(rules):
        result = run(rules, "store", "vacuum")
    assert (result.returncode, result.stdout) == (3, "")
    assert "is in use by a gateway, which has to be stopped for this" in result.stderr
