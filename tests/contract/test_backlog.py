"""How much may be pending in a store. Every store runs these tests."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from hookgate.core.backlog import Backlog
from hookgate.model import Burst, TaskStatus
from hookgate.stores.store import Duplicate, Full, Recorded, RecordResult, Store, TaskFilter
from tests.contract.conftest import OpenStore
from tests.contract.samples import START, Sample, ended, failed, sample

pytestmark = pytest.mark.anyio

TWO_TASKS = Backlog(tasks=2, bytes=1_000)
TEN_BYTES = Backlog(tasks=1_000, bytes=10)
LATER = START + 3600


async def recorded(store: Store, given: Sequence[Sample], most: Backlog) -> list[RecordResult]:
    """What becomes of deliveries that arrive one after the other."""
    return [await each.record_in(store, most) for each in given]


async def claim(store: Store, now: float = START) -> None:
    [_] = await store.claim("w1", 1, 30, now)


async def test_one_task_more_than_may_be_pending_is_refused_and_nothing_of_it_is_kept(
    store: Store,
) -> None:
    first, second, third = sample(), sample(), sample()
    results = await recorded(store, [first, second, third], TWO_TASKS)
    assert results[:2] == [Recorded(first.tasks), Recorded(second.tasks)]
    assert results[2] == Full(Backlog(2, 4), "tasks")
    assert await store.delivery(third.delivery.id) is None
    assert await store.task(third.tasks[0].id) is None
    assert await store.backlog() == Backlog(2, 4)


async def test_bodies_larger_than_may_be_pending_are_refused(store: Store) -> None:
    given = [sample(body=body) for body in (b"12345", b"123456", b"67890")]
    results = await recorded(store, given, TEN_BYTES)
    assert [type(result) for result in results] == [Recorded, Full, Recorded]
    assert results[1] == Full(Backlog(1, 5), "bytes")
    assert await store.backlog() == Backlog(2, 10)


async def test_a_delivery_is_taken_with_all_of_its_tasks_or_none(store: Store) -> None:
    several = sample(programs=("a", "b"), body=b"1234")
    await sample().record_in(store)
    assert await several.record_in(store, TWO_TASKS) == Full(Backlog(1, 2), "tasks")
    assert await several.record_in(store, Backlog(3, 9)) == Full(Backlog(1, 2), "bytes")
    assert await several.record_in(store, Backlog(3, 10)) == Recorded(several.tasks)
    assert await store.backlog() == Backlog(3, 10)


async def test_where_nothing_is_pending_whatever_comes_is_taken(store: Store) -> None:
    huge = sample(programs=("a", "b", "c"), body=b"x" * 5_000)
    assert await huge.record_in(store, TWO_TASKS) == Recorded(huge.tasks)
    assert isinstance(await sample().record_in(store, TWO_TASKS), Full)


async def test_of_those_that_come_at_the_same_time_no_more_are_taken_than_fit(
    store: Store,
) -> None:
    given = [sample() for _ in range(20)]
    results = await asyncio.gather(*(each.record_in(store, TWO_TASKS) for each in given))
    assert [type(result) for result in results] == [Recorded] * 2 + [Full] * 18
    assert await store.backlog() == Backlog(2, 4)


async def test_a_duplicate_is_known_while_there_is_no_room(store: Store) -> None:
    first = sample(event_id="e1")
    results = await recorded(
        store, [first, sample(), sample(event_id="e1"), sample(event_id="e2")], TWO_TASKS
    )
    assert results[2] == Duplicate(first.delivery.id, first.tasks)
    assert isinstance(results[3], Full)


async def test_what_was_refused_is_no_duplicate_when_it_comes_again(store: Store) -> None:
    await recorded(store, [sample(), sample()], TWO_TASKS)
    refused, again = sample(event_id="e1"), sample(event_id="e1")
    assert isinstance(await refused.record_in(store, TWO_TASKS), Full)
    await claim(store)
    assert await again.record_in(store, TWO_TASKS) == Recorded(again.tasks)


async def test_what_starts_no_task_is_kept_while_there_is_no_room(store: Store) -> None:
    await recorded(store, [sample(), sample()], TWO_TASKS)
    assert await sample(outcome="ignored").record_in(store, TWO_TASKS) == Recorded(())


async def test_the_rules_file_of_one_that_was_refused_is_kept_with_the_next(
    open_store: OpenStore,
) -> None:
    async with open_store() as store:
        await sample().record_in(store)
    async with open_store() as store:
        most = Backlog(1, 1_000)
        given = sample()
        decision = replace(given.decision, digest="d2", snapshot="version: 1 # new\n")
        new = replace(given, decision=decision)
        assert isinstance(await new.record_in(store, most), Full)
        await claim(store)
        assert await new.record_in(store, most) == Recorded(new.tasks)
        stored = await store.delivery(new.delivery.id)
    assert stored is not None
    assert stored.decision.snapshot == "version: 1 # new\n"


# --- the count ------------------------------------------------------------------------------


async def test_a_task_is_pending_until_it_runs_and_again_while_it_waits_for_a_retry(
    store: Store,
) -> None:
    await sample(body=b"12345").record_in(store)
    for number in range(2):
        now = START + 20 * number
        [running] = await store.claim("w1", 1, 30, now)
        assert await store.backlog() == Backlog(0, 0)
        await store.finish(failed(running), TaskStatus.PENDING, now + 10, now)
        assert await store.backlog() == Backlog(1, 5)
    [running] = await store.claim("w1", 1, 30, LATER)
    await store.finish(ended(running), TaskStatus.COMPLETED, None, LATER)
    assert await store.backlog() == Backlog(0, 0)


async def test_what_is_given_back_is_never_refused(store: Store) -> None:
    await sample(body=b"12345").record_in(store)
    [running] = await store.claim("w1", 1, 30, START)
    await recorded(store, [sample(), sample()], TWO_TASKS)
    assert await store.finish(failed(running), TaskStatus.PENDING, None, START)
    assert await store.backlog() == Backlog(3, 9)
    [_, _, _] = await store.claim("w1", 3, 30, START)
    assert await store.release_expired(LATER) == 3
    assert await store.backlog() == Backlog(3, 9)
    assert isinstance(await sample().record_in(store, TWO_TASKS), Full)


async def test_a_failed_task_that_is_started_again_is_pending(store: Store) -> None:
    await sample(body=b"12345").record_in(store)
    [running] = await store.claim("w1", 1, 30, START)
    await store.finish(failed(running), TaskStatus.FAILED, None, START)
    assert await store.backlog() == Backlog(0, 0)
    assert len(await store.retry(TaskFilter(), START)) == 1
    assert await store.backlog() == Backlog(1, 5)


async def test_of_a_burst_one_task_is_pending(store: Store) -> None:
    for size in (1, 2, 3):
        burst = Burst("site", START + 30)
        await sample(burst=burst, next_attempt_at=START + 10, body=b"x" * size).record_in(store)
    assert await store.backlog() == Backlog(1, 3)


async def test_what_is_purged_has_left_the_count_before(store: Store) -> None:
    await recorded(store, [sample(), sample(body=b"12345")], TWO_TASKS)
    [running] = await store.claim("w1", 1, 30, START)
    await store.finish(ended(running), TaskStatus.COMPLETED, None, START)
    assert await store.purge(LATER, 10) == 1
    assert await store.backlog() == Backlog(1, 5)


async def test_the_count_is_right_after_a_restart(open_store: OpenStore) -> None:
    async with open_store() as store:
        await recorded(store, [sample(body=b"12345"), sample()], TWO_TASKS)
        await claim(store)
        assert await store.backlog() == Backlog(1, 2)
    async with open_store() as store:
        assert await store.backlog() == Backlog(2, 7)
        assert isinstance(await sample().record_in(store, TWO_TASKS), Full)
