"""What only the SQLite store has: its file, its lock, its processes and its disk."""

# ruff: noqa: ASYNC240 - the event loop of a test has nothing else to do

from __future__ import annotations

import asyncio
import math
import os
import re
import resource
import signal
import sqlite3
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hookgate.core.backlog import NO_LIMIT, Backlog, exceeded
from hookgate.errors import StoreError, StoreFormatError, StoreInUse, StoreUnavailable
from hookgate.model import Attempt, Burst, TaskStatus
from hookgate.stores.sqlite import reads, recording, whole, writes
from hookgate.stores.sqlite.due import NextDue
from hookgate.stores.sqlite.file import opened, opened_beside
from hookgate.stores.sqlite.inbox import GROUP_LIMIT
from hookgate.stores.sqlite.rows import configuration_row, delivery_row, task_row
from hookgate.stores.sqlite.statements import sql
from hookgate.stores.sqlite.store import SqliteStore
from hookgate.stores.store import Duplicate, Recorded, RecordResult, TaskFilter
from tests.contract.samples import START, Sample, ended, new_id, sample
from tests.shortage import no_threads

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[2]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "hookgate.db"


@pytest.fixture
async def store(path: Path) -> AsyncIterator[SqliteStore]:
    async with SqliteStore(str(path)) as opened_store:
        yield opened_store


@contextmanager
def child(script: str, path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that runs `script` with the store's path; killed at the end if not before."""
    with subprocess.Popen(
        [sys.executable, "-c", script, str(path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


def line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def lose_patience_after_100_ms(connection: sqlite3.Connection) -> None:
    """A verb for the writing process."""
    connection.execute("PRAGMA busy_timeout = 100")


FOREVER = 60.0


async def refuse(path: Path) -> str:
    """Why the store cannot be opened."""
    with pytest.raises((StoreInUse, StoreFormatError, StoreUnavailable)) as caught:
        await SqliteStore(str(path), patience=0).__aenter__()
    return str(caught.value)


# --- how the work stands --------------------------------------------------------------------


async def test_tasks_are_counted_no_further_than_the_standing_says(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reads, "COUNTED", 2)
    await sample(programs=("a", "b", "c")).record_in(store)
    assert (await store.standing()).pending == 2


# --- what another process writes ------------------------------------------------------------


async def test_a_task_that_another_process_makes_due_is_noticed(
    store: SqliteStore, path: Path
) -> None:
    await sample().record_in(store)
    [claim] = await store.claim("w", 1, 30, START)
    await store.finish(ended(claim), TaskStatus.PENDING, time.time() + 3600, START)
    waiting = asyncio.create_task(store.wait_for_work(FOREVER))
    await asyncio.sleep(0)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE tasks SET next_attempt_at = 0")
        connection.commit()
    async with asyncio.timeout(10):
        await waiting
    assert len(await store.claim("w", 1, 30, time.time())) == 1


async def test_a_task_that_another_process_starts_again_is_noticed(
    store: SqliteStore, path: Path
) -> None:
    await sample().record_in(store)
    [claim] = await store.claim("w", 1, 30, START)
    await store.finish(ended(claim), TaskStatus.FAILED, None, START)
    assert await store.claim("w", 1, 30, START) == []
    waiting = asyncio.create_task(store.wait_for_work(FOREVER))
    await asyncio.sleep(0)
    with opened_beside(str(path), writing=True) as connection:
        assert writes.retry(connection, TaskFilter(), START) == [claim.task.id]
    async with asyncio.timeout(10):
        await waiting
    assert len(await store.claim("w", 1, 30, START)) == 1


async def test_whoever_looks_into_a_store_cannot_change_it(store: SqliteStore, path: Path) -> None:
    await sample().record_in(store)
    with opened_beside(str(path)) as connection:
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            connection.execute("DELETE FROM tasks")
        assert connection.execute("SELECT count(*) FROM tasks").fetchone()[0] == 1


async def test_looking_for_what_others_wrote_loses_nothing_of_our_own(store: SqliteStore) -> None:
    due = NextDue(math.inf)
    due.update(5.0)
    due.sooner(math.inf)  # an older state, in which nothing was pending
    assert await due.wait(0) is True
    due.update(math.inf)
    assert await due.wait(0) is False


# --- one gateway a file ---------------------------------------------------------------------

HOLD = """
import asyncio, sys
from hookgate.stores.sqlite.store import SqliteStore

async def main():
    async with SqliteStore(sys.argv[1]):
        print("open", flush=True)
        sys.stdin.read()

asyncio.run(main())
"""


async def test_a_second_opener_is_told_the_file_and_the_process_that_holds_it(
    store: SqliteStore, path: Path
) -> None:
    with pytest.raises(StoreInUse, match=rf"{re.escape(str(path))} .*process {os.getpid()}\b"):
        await SqliteStore(str(path), patience=0).__aenter__()
    assert isinstance(await sample().record_in(store), Recorded)


async def test_a_second_opener_by_another_name_is_refused_as_well(
    store: SqliteStore, path: Path, tmp_path: Path
) -> None:
    link = tmp_path / "link.db"
    link.symlink_to(path)
    with pytest.raises(StoreInUse):
        await SqliteStore(str(link), patience=0).__aenter__()


async def test_the_lock_of_a_killed_gateway_is_gone(path: Path) -> None:
    with child(HOLD, path) as holder:
        assert line_of(holder) == "open"
        assert f"process {holder.pid})" in await refuse(path)
        holder.send_signal(signal.SIGKILL)
        holder.wait()
        async with SqliteStore(str(path)) as store:
            assert isinstance(await sample().record_in(store), Recorded)


async def test_an_opening_that_fails_does_not_keep_the_lock(path: Path) -> None:
    path.write_bytes(b"no database at all" * 100)
    await refuse(path)
    path.unlink()
    async with SqliteStore(str(path)):
        pass


async def test_a_closed_store_can_be_opened_again_and_is_one_file(path: Path) -> None:
    store = SqliteStore(str(path))
    async with store:
        await sample().record_in(store)
        assert path.with_name("hookgate.db-wal").exists()
    assert not path.with_name("hookgate.db-wal").exists()
    async with store:
        assert len(await store.tasks(TaskFilter())) == 1


async def test_a_closing_that_is_cancelled_still_writes_what_was_asked_for(path: Path) -> None:
    given = [sample() for _ in range(20)]
    recording: list[asyncio.Task[RecordResult]] = []

    async def open_and_close() -> None:
        closing_task = asyncio.current_task()
        assert closing_task is not None
        async with SqliteStore(str(path)) as store:
            recording.extend(asyncio.create_task(each.record_in(store)) for each in given)
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(closing_task.cancel)

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(open_and_close())
    assert await asyncio.gather(*recording) == [Recorded(each.tasks) for each in given]
    async with opened_when_free(path) as store:
        assert len(await store.tasks(TaskFilter())) == 20


@asynccontextmanager
async def opened_when_free(path: Path) -> AsyncIterator[SqliteStore]:
    """The store, as soon as nobody holds it any more."""
    store = SqliteStore(str(path))
    while True:
        try:
            await store.__aenter__()
        except StoreInUse:
            continue
        break
    async with AsyncExitStack() as stack:
        stack.push_async_exit(store)
        yield store


# --- what is no store -----------------------------------------------------------------------


async def test_the_files_can_be_read_by_their_owner_alone(store: SqliteStore, path: Path) -> None:
    await sample().record_in(store)
    files = sorted(path.parent.iterdir())
    assert [each.name.removeprefix("hookgate.db") for each in files] == [
        "",
        "-shm",
        "-wal",
        ".lock",
    ]
    assert {stat.S_IMODE(each.stat().st_mode) for each in files} == {0o600}


async def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_text("rules: []\n" * 100)
    with pytest.raises(StoreFormatError, match=rf"{re.escape(str(path))} is not a SQLite .* name"):
        await SqliteStore(str(path)).__aenter__()
    assert path.read_text() == "rules: []\n" * 100


async def test_a_damaged_store_is_refused(path: Path) -> None:
    async with SqliteStore(str(path)):
        pass
    whole = path.read_bytes()
    path.write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))
    with pytest.raises(StoreFormatError, match=f"{path} .*damaged .*malformed.* bring back"):
        await SqliteStore(str(path)).__aenter__()


async def test_the_database_of_another_program_is_refused_and_left_alone(path: Path) -> None:
    with closing(sqlite3.connect(path)) as other:
        other.execute("CREATE TABLE notes (text)")
    before = path.read_bytes()
    with pytest.raises(StoreFormatError, match=f"{path} is the database of another program; name"):
        await SqliteStore(str(path)).__aenter__()
    assert path.read_bytes() == before


async def test_a_store_of_a_newer_version_is_refused(path: Path) -> None:
    async with SqliteStore(str(path)):
        pass
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreFormatError, match=f"{path} is a store of version 2.* reads version 1"):
        await SqliteStore(str(path)).__aenter__()


async def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    path = tmp_path / "missing" / "hookgate.db"
    with pytest.raises(StoreUnavailable, match=f"{path}.*create the directory {path.parent}"):
        await SqliteStore(str(path)).__aenter__()


async def test_a_directory_is_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=f"cannot open {tmp_path}: .*name a file"):
        await SqliteStore(str(tmp_path)).__aenter__()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may write anywhere")
async def test_a_directory_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StoreUnavailable, match=f"let the user who runs hookgate .* {tmp_path}"):
        await SqliteStore(str(tmp_path / "hookgate.db")).__aenter__()


# --- the disk -------------------------------------------------------------------------------

RECORD_FOR_EVER = """
import asyncio, sys
from hookgate.stores.sqlite.store import SqliteStore
from tests.contract.samples import sample

async def record(store, number):
    for count in range(1_000_000):
        each = sample(event_id=f"{number}-{count}", body=b"x" * 3000)
        await each.record_in(store)
        print(each.delivery.id, each.tasks[0].id, each.decision.event_id, flush=True)

async def main():
    async with SqliteStore(sys.argv[1]) as store:
        await asyncio.gather(*(record(store, number) for number in range(8)))

asyncio.run(main())
"""


async def test_what_a_killed_gateway_answered_for_is_there_afterwards(path: Path) -> None:
    with child(RECORD_FOR_EVER, path) as recorder:
        answered = [line_of(recorder).split() for _ in range(300)]
        recorder.send_signal(signal.SIGKILL)
        recorder.wait()
    async with SqliteStore(str(path)) as store:
        for delivery_id, task_id, event_id in answered:
            stored = await store.delivery(delivery_id)
            assert stored is not None
            assert [task.id for task in stored.tasks] == [task_id]
            again = await sample(event_id=event_id).record_in(store)
            assert isinstance(again, Duplicate)
            assert again.delivery_id == delivery_id


def test_a_commit_waits_for_the_disk(path: Path) -> None:
    """WAL survives a power failure only with synchronous = FULL (2)."""
    with opened(str(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        assert connection.execute("PRAGMA synchronous").fetchone()[0] == 2
        assert connection.execute("PRAGMA fullfsync").fetchone()[0] == 1


FILL_THE_DISK = """
import asyncio, os, resource, sys
from hookgate.errors import StoreUnavailable
from hookgate.stores.sqlite.store import SqliteStore
from tests.contract.samples import START, ended, sample
from hookgate.model import Attempt, Burst, TaskStatus

def allow(size, store):
    process = store.writing_process
    resource.prlimit(process, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

async def attempt(store, each):
    try:
        await each.record_in(store)
    except StoreUnavailable as error:
        return str(error)
    return "recorded"

async def main():
    async with SqliteStore(sys.argv[1]) as store:
        print(await attempt(store, sample(event_id="before")))
        allow(os.path.getsize(sys.argv[1] + "-wal") + 10_000, store)
        many = [sample(event_id=f"full-{n}", body=b"x" * 30_000) for n in range(5)]
        for told in await asyncio.gather(*(attempt(store, each) for each in many)):
            print(told)
        allow(resource.RLIM_INFINITY, store)
        print(await attempt(store, sample(event_id="full-0")))

asyncio.run(main())
"""

OPEN_ON_A_FULL_DISK = """
import asyncio, resource, sys
from hookgate.errors import StoreUnavailable
from hookgate.stores.sqlite.store import SqliteStore

async def main():
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000, resource.RLIM_INFINITY))
    try:
        await SqliteStore(sys.argv[1]).__aenter__()
    except StoreUnavailable as error:
        print(error)

asyncio.run(main())
"""


async def test_a_full_disk_is_told_to_every_caller_and_once_there_is_room_all_works(
    path: Path,
) -> None:
    """The kernel refuses to let the child's files grow, as it does when a disk is full."""
    with child(FILL_THE_DISK, path) as filler:
        told, _ = filler.communicate()
    before, *full, after = told.splitlines()
    assert (before, after) == ("recorded", "recorded")
    assert len(full) == 5
    assert all(re.match(rf"the store {re.escape(str(path))} cannot be used now: ", t) for t in full)
    async with SqliteStore(str(path)) as store:
        kept = {task.event_id for task in await store.tasks(TaskFilter())}
    assert kept == {"before", "full-0"}


async def test_a_store_that_cannot_be_made_on_a_full_disk_is_made_once_there_is_room(
    path: Path,
) -> None:
    with child(OPEN_ON_A_FULL_DISK, path) as opener:
        told, _ = opener.communicate()
    assert re.match(rf"cannot open {re.escape(str(path))}: .*see that its disk has room", told)
    async with SqliteStore(str(path)) as store:
        assert isinstance(await sample().record_in(store), Recorded)


async def test_a_small_write_gets_through_where_a_large_one_of_its_group_does_not(
    store: SqliteStore, path: Path
) -> None:
    small, large = sample(), sample(body=b"x" * 200_000)
    await sample().record_in(store)
    limit = path.with_name("hookgate.db-wal").stat().st_size + 100_000
    resource.prlimit(store.writing_process, resource.RLIMIT_FSIZE, (limit, -1))
    results = await asyncio.gather(
        small.record_in(store), large.record_in(store), return_exceptions=True
    )
    assert results[0] == Recorded(small.tasks)
    assert isinstance(results[1], StoreUnavailable)


async def test_a_touch_is_written_and_changes_nothing(store: SqliteStore, path: Path) -> None:
    log = path.with_name("hookgate.db-wal")
    limit = log.stat().st_size if log.exists() else 0
    await store.touch()
    assert log.stat().st_size > limit
    resource.prlimit(store.writing_process, resource.RLIMIT_FSIZE, (log.stat().st_size, -1))
    with pytest.raises(StoreUnavailable):
        await store.touch()
    resource.prlimit(store.writing_process, resource.RLIMIT_FSIZE, (-1, -1))
    await store.touch()


# --- the process that writes ----------------------------------------------------------------


async def test_writes_that_a_killed_writing_process_had_fail_and_another_takes_its_place(
    store: SqliteStore,
) -> None:
    os.kill(killed := store.writing_process, signal.SIGSTOP)
    many = [asyncio.create_task(sample().record_in(store)) for _ in range(3)]
    await asyncio.sleep(0)
    os.kill(killed, signal.SIGKILL)
    told = await asyncio.gather(*many, return_exceptions=True)
    assert [type(each) for each in told] == [StoreUnavailable] * 3
    assert str(told[0]) == f"the process that writes to {store._path} has ended"
    again = sample()
    assert await recorded_at_last(store, again) == Recorded(again.tasks)
    assert store.writing_process != killed
    assert await store.count(TaskStatus.PENDING) == 1


async def recorded_at_last(store: SqliteStore, each: Sample) -> RecordResult:
    while True:
        try:
            return await each.record_in(store)
        except StoreUnavailable:
            await asyncio.sleep(0.01)


async def test_another_takes_its_place_also_while_no_thread_can_be_had(
    store: SqliteStore,
) -> None:
    os.kill(killed := store.writing_process, signal.SIGKILL)
    with no_threads():
        with pytest.raises(StoreUnavailable):
            await sample().record_in(store)
        async with asyncio.timeout(20):
            await recorded_at_last(store, sample())
    assert store.writing_process != killed


async def test_a_store_whose_writing_process_has_just_been_killed_can_be_closed(path: Path) -> None:
    store = SqliteStore(str(path))
    async with store:
        os.kill(store.writing_process, signal.SIGKILL)
        with pytest.raises(StoreUnavailable):
            await sample().record_in(store)
    async with store:
        assert isinstance(await sample().record_in(store), Recorded)


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
async def test_a_signal_to_all_of_the_gateways_processes_does_not_end_the_one_that_writes(
    store: SqliteStore, number: signal.Signals
) -> None:
    os.kill(writing := store.writing_process, number)
    assert isinstance(await sample().record_in(store), Recorded)
    assert store.writing_process == writing


async def test_a_file_that_the_writing_process_cannot_open_is_told_to_who_writes(
    store: SqliteStore, path: Path
) -> None:
    os.kill(store.writing_process, signal.SIGSTOP)
    record = asyncio.create_task(sample().record_in(store))
    with closing(sqlite3.connect(path)) as newer:
        newer.execute("PRAGMA user_version = 2")
    os.kill(store.writing_process, signal.SIGKILL)
    with pytest.raises(StoreUnavailable, match="has ended"):
        await record
    while "has ended" in (told := await why_not_recorded(store)):  # noqa: ASYNC110 - a process
        await asyncio.sleep(0.01)
    assert "is a store of version 2" in told


async def why_not_recorded(store: SqliteStore) -> str:
    with pytest.raises(StoreError) as caught:
        await sample().record_in(store)
    return str(caught.value)


async def test_an_opener_waits_for_what_a_killed_gateway_still_has_to_write(path: Path) -> None:
    with child(HOLD, path) as holder:
        assert line_of(holder) == "open"
        [writing] = children_of(holder.pid)
        os.kill(writing, signal.SIGSTOP)
        holder.kill()
        holder.wait()
        assert "in use" in await refuse(path)
        threading.Timer(0.2, os.kill, (writing, signal.SIGCONT)).start()
        async with SqliteStore(str(path)) as store:
            assert isinstance(await sample().record_in(store), Recorded)


def children_of(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, check=True, text=True)
    return [int(each) for each in found.stdout.split()]


WRITE_MUCH = """
import sys
from hookgate.stores.sqlite import recording, writes
from hookgate.stores.sqlite.file import opened, transaction
from tests.contract.samples import START, sample
from tests.contract.test_sqlite import made
with opened(sys.argv[1]) as connection:
    with transaction(connection, "BEGIN IMMEDIATE"):
        recording.record_all(connection, [made(sample(body=b"x" * 6000)) for _ in range(200)])
    with transaction(connection, "BEGIN IMMEDIATE"):
        writes.claim(connection, "w1", 200, START + 30, START)
"""


def test_what_is_written_goes_into_no_temporary_files(path: Path, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    untouched = scratch.stat().st_mtime_ns
    environ = os.environ | {"SQLITE_TMPDIR": str(scratch)}
    subprocess.run([sys.executable, "-c", WRITE_MUCH, str(path)], cwd=ROOT, env=environ, check=True)
    assert scratch.stat().st_mtime_ns == untouched


def test_claims_whose_answer_was_lost_are_handed_out_again(path: Path) -> None:
    given = sample()
    with opened(str(path)) as connection:
        assert recording.record(connection, made(given)) is None
        lost = writes.claim(connection, "w1", 1, START + 30, START)
        assert writes.claim(connection, "w1", 1, START + 31, START + 1) == []
        lost_before = [("w1", START)]
        [again] = writes.claim(connection, "w1", 1, START + 32, START + 2, {}, lost_before)
        assert again.task.id == lost[0].task.id
        assert again.attempt.number == 1


async def test_a_claim_that_failed_is_made_sure_of_by_the_next(store: SqliteStore) -> None:
    """What the lost process did is unknown; here it had done nothing."""
    given = sample()
    await given.record_in(store)
    os.kill(store.writing_process, signal.SIGKILL)
    with pytest.raises(StoreUnavailable):
        await store.claim("w1", 1, 30, START)
    assert store._parts.unsure_claims == [("w1", START)]
    while True:
        try:
            [claim] = await store.claim("w1", 1, 30, START + 1)
        except StoreUnavailable:
            await asyncio.sleep(0.01)
        else:
            break
    assert claim.task.id == given.tasks[0].id
    assert store._parts.unsure_claims == []


# --- waiting for locks, and groups ----------------------------------------------------------


@contextmanager
def write_locked(path: Path) -> Iterator[None]:
    """Somebody else (an operator with the sqlite3 tool) is writing meanwhile."""
    with closing(sqlite3.connect(path, isolation_level=None)) as operator:
        operator.execute("BEGIN IMMEDIATE")
        yield
        operator.execute("COMMIT")


async def test_reads_do_not_wait_for_the_writer(store: SqliteStore, path: Path) -> None:
    first, second = sample(), sample()
    await first.record_in(store)
    with write_locked(path):
        recording = asyncio.create_task(second.record_in(store))
        assert await store.delivery(first.delivery.id) is not None
        assert await store.count(TaskStatus.PENDING) == 1
        assert not recording.done()
    assert await recording == Recorded(second.tasks)


async def test_a_lock_held_for_too_long_is_told_to_all_at_once_and_then_forgotten(
    store: SqliteStore, path: Path
) -> None:
    await store._parts.writer.submit(lose_patience_after_100_ms)
    many = [sample() for _ in range(50)]
    begun = time.monotonic()
    with write_locked(path):
        told = await asyncio.gather(
            *(each.record_in(store) for each in many), return_exceptions=True
        )
    assert all(isinstance(each, StoreUnavailable) for each in told)
    assert time.monotonic() - begun < 50 * 0.1
    assert isinstance(await many[0].record_in(store), Recorded)


async def test_more_writes_than_a_group_holds_are_all_carried_out(store: SqliteStore) -> None:
    many = [sample() for _ in range(2 * GROUP_LIMIT + 10)]
    await asyncio.gather(*(each.record_in(store) for each in many))
    assert await store.count(TaskStatus.PENDING) == len(many)


async def test_a_fault_that_is_not_sqlites_reaches_its_caller_alone(store: SqliteStore) -> None:
    good = sample(programs=("one", "two"))
    await good.record_in(store)
    first, second = await store.claim("w1", 2, 30, START)
    results = await asyncio.gather(
        store.finish(ended(first, exit_code=2**70), TaskStatus.FAILED, None, START),
        store.finish(ended(second), TaskStatus.COMPLETED, None, START),
        return_exceptions=True,
    )
    assert isinstance(results[0], OverflowError)
    assert results[1] is True
    assert await store.count(TaskStatus.RUNNING) == 1


async def test_a_store_that_was_changed_by_hand_is_counted_anew_when_it_is_opened(
    path: Path,
) -> None:
    async with SqliteStore(str(path)) as store:
        for _ in range(3):
            await sample(body=b"12345").record_in(store)
    with closing(sqlite3.connect(path)) as hand:
        hand.execute("DELETE FROM tasks WHERE arrival > 1")
        hand.commit()
    async with SqliteStore(str(path)) as store:
        assert await store.backlog() == Backlog(1, 5)


async def test_a_configuration_is_kept_once(store: SqliteStore, path: Path) -> None:
    await asyncio.gather(*(sample().record_in(store) for _ in range(5)))
    await sample().record_in(store)
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("SELECT digest, snapshot FROM configurations").fetchall() == [
            ("d1", "version: 1\n")
        ]


async def test_a_configuration_is_deleted_with_the_last_delivery_that_it_decided(
    store: SqliteStore, path: Path
) -> None:
    for _ in range(3):
        await sample(outcome="unmatched").record_in(store)
    await store.purge(START + 1, 2)
    assert digests(path) == ["d1"]
    await store.purge(START + 1, 2)
    assert digests(path) == []


async def test_a_configuration_that_was_deleted_is_kept_again(
    store: SqliteStore, path: Path
) -> None:
    await sample(outcome="unmatched").record_in(store)
    await store.purge(START + 1, 9)
    results = await asyncio.gather(*(sample().record_in(store) for _ in range(5)))
    assert all(isinstance(each, Recorded) for each in results)
    assert digests(path) == ["d1"]
    with closing(sqlite3.connect(path)) as reader:
        assert list(whole.faults(reader)) == []


async def test_a_configuration_that_has_decided_about_a_duplicate_alone_is_not_kept(
    store: SqliteStore, path: Path
) -> None:
    given = sample(event_id="e")
    await given.record_in(store)
    await replace(given, decision=replace(given.decision, digest="d2")).record_in(store)
    assert digests(path) == ["d1"]


def digests(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as reader:
        return [row[0] for row in reader.execute("SELECT digest FROM configurations")]


# --- order, whatever happens ----------------------------------------------------------------

KEYS = st.sampled_from([None, "a", "b"])
ENDS = st.sampled_from(
    [(TaskStatus.COMPLETED, None), (TaskStatus.FAILED, None)]
    + [(TaskStatus.PENDING, after) for after in (None, 1.0, 20.0)]
)
STEPS = st.one_of(
    st.tuples(st.just("record"), KEYS, st.sampled_from([None, None, 5.0])),
    st.tuples(st.just("record some"), st.integers(1, 4), st.booleans()),
    st.tuples(st.just("claim"), st.integers(1, 3), st.booleans()),
    st.tuples(st.just("finish"), st.integers(0, 5), ENDS),
    st.tuples(st.just("release"), st.just(0), st.just(0)),
    st.tuples(st.just("retry"), st.integers(1, 2), st.just(0)),
    st.tuples(st.just("pass time"), st.integers(1, 30), st.just(0)),
    st.tuples(st.just("lose claims"), st.integers(1, 3), st.just(0)),
    st.tuples(st.just("purge"), st.integers(1, 3), st.just(0)),
)


MOST = Backlog(tasks=9, bytes=40)


def made(given: Sample, most: Backlog = NO_LIMIT) -> recording.Recording:
    return recording.Recording(
        delivery_row(given.delivery, given.decision),
        tuple(map(task_row, given.tasks)),
        configuration_row(given.delivery, given.decision),
        most,
    )


class Line:
    """A store's tables and the attempts that run, some of which may have lost their lease."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.connection = connection
        self.now = START
        self.running: list[Attempt] = []

    def step(self, name: str, first: Any, second: Any) -> None:
        match name:
            case "record":
                burst = None if second is None else Burst("burst", self.now + 3 * second)
                given = sample(
                    at=self.now,
                    key=first,
                    burst=burst,
                    programs=("deploy", "notify"),
                    body=b"x" * len(self.running),
                )
                tasks = [replace(task, next_attempt_at=self.now + (second or 0))
                         for task in given.tasks]  # fmt: skip
                self.record([made(replace(given, tasks=tuple(tasks)))])
            case "record some":
                self.record_some(first, again=second)
            case "lose claims":
                writes.unclaim(
                    self.connection,
                    writes.claim(self.connection, "w2", first, self.now + 10, self.now),
                )
            case "purge":
                writes.purge(self.connection, self.now, first)
            case "claim":
                limits = {"deploy": 1} if second else {}
                self.claim(first, limits)
            case "finish" if self.running:
                attempt = self.running.pop(first % len(self.running))
                status, after = second
                due = None if after is None else self.now + after
                writes.finish(self.connection, attempt, status, due, self.now)
            case "release":
                writes.release(self.connection, self.now, self.now)
            case "retry":
                writes.retry(self.connection, TaskFilter(limit=first), self.now)
            case "pass time":
                self.now += first

    def record_some(self, count: int, *, again: bool) -> None:
        """Some at once, the last of them a duplicate; of all, `MOST` may be pending."""
        ids = [new_id() for _ in range(count)]
        given = [
            sample(at=self.now, event_id=event, body=b"x" * size, programs=("a", "b"))
            for size, event in enumerate([*ids, ids[-1]] if again else ids)
        ]
        before = reads.backlog(self.connection)
        self.record([made(each, MOST) for each in given])
        pending = reads.backlog(self.connection)
        assert exceeded(pending, Backlog(0, 0), MOST) is None or pending == before

    def record(self, given: list[recording.Recording]) -> None:
        """As a gateway that believes the configuration to be there, which a purge may refute."""
        believing = [each._replace(configuration=None) for each in given]
        results = recording.record_all(self.connection, believing)
        refuted = [
            each
            for each, result in zip(given, results, strict=True)
            if isinstance(result, recording.Unkept)
        ]
        if refuted:
            again = recording.record_all(self.connection, refuted)
            assert not any(isinstance(result, recording.Unkept) for result in again)

    def claim(self, limit: int, limits: dict[str, int]) -> int:
        before = self.count("status = 'running' AND program = 'deploy'")
        claims = writes.claim(self.connection, "w1", limit, self.now + 10, self.now, limits)
        self.running += [claim.attempt for claim in claims]
        if limits:
            assert self.count("status = 'running' AND program = 'deploy'") <= max(1, before)
        return len(claims)

    def count(self, condition: str) -> int:
        query = f"SELECT count(*) FROM tasks WHERE {condition}"  # noqa: S608 - our own
        found: int = self.connection.execute(query).fetchone()[0]
        return found

    def check(self) -> None:
        """Of each key with tasks that have not ended exactly one is not blocked.

        And what is pending is counted right, and what each configuration decided.
        """
        bodies = self.connection.execute(
            "SELECT length(body) FROM tasks JOIN deliveries ON deliveries.id = delivery_id"
            " WHERE status = 'pending'"
        ).fetchall()
        sizes = [size for (size,) in bodies]
        assert reads.backlog(self.connection) == Backlog(len(sizes), sum(sizes))
        assert list(whole.faults(self.connection)) == []
        rows = self.connection.execute(
            "SELECT key, sum(NOT blocked), sum(status = 'running' AND blocked) FROM tasks"
            " WHERE status IN ('pending', 'running') AND key IS NOT NULL GROUP BY key"
        )
        assert {(free, wrong) for _, free, wrong in rows} <= {(1, 0)}
        assert self.count("key IS NULL AND blocked") == 0
        bursts = "status = 'pending' AND attempts = 0 AND burst_key IS NOT NULL AND program = "
        assert self.count(bursts + "'deploy'") <= 1

    def drain(self) -> None:
        """Everything ends that was recorded, each time as good as it can."""
        self.now += 1_000
        writes.release(self.connection, self.now, self.now)
        self.running.clear()
        while self.claim(2, {"deploy": 1}):
            self.check()
            for attempt in self.running:
                writes.finish(self.connection, attempt, TaskStatus.COMPLETED, None, self.now)
            self.running.clear()
        assert self.count("status IN ('pending', 'running')") == 0


@settings(max_examples=150, deadline=None)
@given(st.lists(STEPS, max_size=40))
def test_whatever_happens_a_key_has_one_head_and_everything_ends(
    steps: list[tuple[str, Any, Any]],
) -> None:
    with tempfile.TemporaryDirectory() as directory, opened(f"{directory}/line.db") as connection:
        connection.execute("PRAGMA synchronous = OFF")  # thousands of commits that none needs
        line = Line(connection)
        for step in steps:
            line.step(*step)
            line.check()
        line.drain()


# --- flat with millions of rows -------------------------------------------------------------

STATEMENTS = sorted(
    each.name.removesuffix(".sql")
    for each in (resources.files("hookgate.stores.sqlite") / "sql").iterdir()
    if each.is_file() and each.name != "schema.sql"
)
LISTS = {
    "list_tasks": ["id", "status", "source", "program", "delivery_id"],
    "list_failed": ["id", "status", "source", "program", "delivery_id"],
    "list_deliveries": ["source", "event_type", "outcome"],
}
FIRST_OF_INDEX = ["any_ready", "heads_of_lanes", "standing"]
"""They read an index from its start to its first entry; see the test of what claims cost."""


def plan(connection: sqlite3.Connection, statement: str) -> list[str]:
    """How SQLite would carry out a statement, one step a line."""
    names = re.findall(r":(\w+)", statement)
    count = max(map(int, re.findall(r"\?(\d+)", statement)), default=statement.count("?"))
    values = dict.fromkeys(names, "1") if names else ["1"] * count
    return [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)]


def unbounded(steps: list[str]) -> list[str]:
    """The steps whose cost grows with the store: a whole table read or sorted.

    A subquery is read whole as well; what it is made of has steps of its own.
    """
    small = r"CONSTANT ROW|json_each|\(subquery"
    return [step for step in steps if re.match(rf"SCAN (?!{small})|USE TEMP", step)]


@pytest.mark.parametrize(
    "name", [name for name in STATEMENTS if name not in [*LISTS, *FIRST_OF_INDEX]]
)
def test_a_statement_finds_its_rows_by_an_index(path: Path, name: str) -> None:
    with opened(str(path)) as connection:
        assert unbounded(plan(connection, sql(name))) == []


@pytest.mark.parametrize("name", LISTS)
def test_a_page_is_read_in_the_order_of_an_index_whatever_the_filter(path: Path, name: str) -> None:
    with opened(str(path)) as connection:
        unfiltered = plan(connection, sql(name).format(where=""))
        table = "deliveries" if name == "list_deliveries" else "tasks"
        assert [step.partition(" USING INDEX ")[2] for step in unfiltered] == [
            f"sqlite_autoindex_{table}_1"
        ]
        for column in LISTS[name]:
            for where in (f"{column} = :value", f"{column} = :value AND id < :before"):
                steps = plan(connection, sql(name).format(where=f"WHERE {where}"))
                assert unbounded(steps) == []
                assert re.search(rf"INDEX \w+ \({column}=\?", steps[0])


def standing(connection: sqlite3.Connection) -> None:
    """How the work stands, the counts left out."""
    connection.execute(sql("standing"), {"most": 0}).fetchall()


def cost(connection: sqlite3.Connection, verb: Callable[[sqlite3.Connection], object]) -> int:
    """How many instructions SQLite carries out for `verb`, whose changes are then undone."""
    count = 0

    def step() -> None:
        nonlocal count
        count += 1

    connection.execute("BEGIN")
    connection.set_progress_handler(step, 1)
    verb(connection)
    connection.set_progress_handler(None, 1)
    connection.execute("ROLLBACK")
    return count


def record_shape(connection: sqlite3.Connection, shape: str, count: int) -> None:
    """Tasks that make claims slow where they are read one by one, and then five to claim."""
    fields: dict[str, Callable[[int], dict[str, Any]]] = {
        "one key": lambda _: {"key": "site"},
        "as many keys": lambda number: {"key": f"site {number}"},
        "a full program": lambda _: {"program": "full"},
        "a flood of another source": lambda _: {"source": "flood"},
        "many priorities": lambda number: {"priority": number % 100},
        "waiting for a time": lambda number: {"burst": Burst(str(number), START + 999)},
        "bursts": lambda number: {"burst": Burst(str(number % 3), START + 999)},
    }
    task = sample().tasks[0]
    for number in range(count):
        changes = {"id": new_id(), "next_attempt_at": START + 999, **fields[shape](number)}
        recording.insert_tasks(connection, [task_row(replace(task, **changes))])
    for each in (sample(source="other") for _ in range(5)):
        recording.insert_tasks(connection, list(map(task_row, each.tasks)))
        delivery = delivery_row(each.delivery, each.decision)
        connection.execute(sql("insert_delivery"), delivery)
    connection.execute("UPDATE tasks SET delivery_id = ?", (each.delivery.id,))


VERBS: dict[str, Callable[[sqlite3.Connection], object]] = {
    "claim": lambda connection: writes.claim(connection, "w1", 8, START, START, {"full": 0}),
    "record": lambda connection: recording.insert_tasks(
        connection, [task_row(replace(each, key="site")) for each in sample().tasks]
    ),
    "next_wait": reads.next_wait,
    "standing": standing,
    "any_ready": reads.any_ready,
}


@pytest.mark.parametrize(
    "shape",
    [
        "one key", "as many keys", "a full program", "a flood of another source",
        "many priorities", "waiting for a time", "bursts",
    ],
)  # fmt: skip
def test_a_long_line_makes_no_step_dearer(tmp_path: Path, shape: str) -> None:
    costs = []
    for count in (100, 5_000):
        with opened(str(tmp_path / f"{count}.db")) as connection:
            record_shape(connection, shape, count)
            costs.append({name: cost(connection, verb) for name, verb in VERBS.items()})
    few, many = costs
    for name in VERBS:
        assert many[name] <= 1.2 * few[name] + 50, (name, few, many)


@pytest.mark.parametrize(
    "wanted",
    [
        TaskFilter(status=TaskStatus.FAILED, source="github", program="deploy"),
        TaskFilter(status=TaskStatus.COMPLETED, program="rare"),
        TaskFilter(status=TaskStatus.COMPLETED, delivery_id="rare"),
        TaskFilter(source="github", program="rare"),
    ],
)
def test_a_filter_for_few_of_many_tasks_does_not_read_the_others(
    tmp_path: Path, wanted: TaskFilter
) -> None:
    costs = []
    for count in (100, 2_000):
        with opened(str(tmp_path / f"{count}.db")) as connection:
            (task,) = sample().tasks
            tasks = [task_row(replace(task, id=new_id())) for _ in range(count + 1)]
            tasks.append(task_row(replace(task, id=new_id(), program="rare", delivery_id="rare")))
            recording.insert_tasks(connection, tasks)
            connection.execute("UPDATE tasks SET status = 'completed' WHERE arrival > 1")
            connection.execute("UPDATE tasks SET status = 'failed' WHERE arrival = 1")
            assert len(reads.tasks(connection, wanted)) == 1
            costs.append(cost(connection, lambda each: reads.tasks(each, wanted)))
    assert costs[1] <= 1.2 * costs[0]
