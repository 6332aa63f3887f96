"""What a store is. Every store runs these tests; `conftest.py` lists the stores."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hookgate.errors import StoreError, StoreUnavailable
from hookgate.expr.values import json_text, parse_json
from hookgate.model import JSON, AuthResult, AuthStep, TaskStatus, Trigger
from hookgate.stores.store import (
    Claim,
    DeliveryFilter,
    Duplicate,
    Recorded,
    Standing,
    Store,
    StoredDelivery,
    TaskFilter,
    TaskHistory,
)
from tests.contract.conftest import OpenStore
from tests.contract.samples import START, Sample, ended, failed, new_id, sample

pytestmark = pytest.mark.anyio

LEASE = 30.0
FOREVER = 30.0
SOON = 5.0


async def claim_one(store: Store, now: float = START) -> Claim:
    [claim] = await store.claim("w1", 1, LEASE, now)
    return claim


async def claim_when_there_is_work(store: Store) -> Claim:
    while not (claims := await store.claim("w2", 1, LEASE, START)):
        await store.wait_for_work(FOREVER)
    return claims[0]


async def history(store: Store, task_id: str) -> TaskHistory:
    found = await store.task(task_id)
    assert found is not None
    return found


# --- record ---------------------------------------------------------------------------------


async def test_what_was_recorded_is_read_back_whole(store: Store) -> None:
    given = sample(event_id="e1", programs=("deploy", "notify"), body=b"\x00\xff{}")
    assert await given.record_in(store) == Recorded(given.tasks)
    stored = await store.delivery(given.delivery.id)
    assert stored == StoredDelivery(given.delivery, given.decision, given.tasks)
    for task in given.tasks:
        assert await store.task(task.id) == TaskHistory(task, ())


async def test_a_redelivery_is_a_duplicate_of_the_first_and_is_not_kept(store: Store) -> None:
    first, again = sample(event_id="e1"), sample(event_id="e1")
    await first.record_in(store)
    assert await again.record_in(store) == Duplicate(first.delivery.id, first.tasks)
    assert await store.delivery(again.delivery.id) is None
    assert await store.task(again.tasks[0].id) is None


async def test_a_duplicate_shows_the_first_tasks_as_they_are_now(store: Store) -> None:
    await sample(event_id="e1").record_in(store)
    claim = await claim_one(store)
    await store.finish(ended(claim), TaskStatus.COMPLETED, None, START + 1)
    result = await sample(event_id="e1").record_in(store)
    assert [task.status for task in result.tasks] == [TaskStatus.COMPLETED]


async def test_the_same_event_id_of_another_source_is_no_duplicate(store: Store) -> None:
    await sample(source="github", event_id="e1").record_in(store)
    assert isinstance(await sample(source="jira", event_id="e1").record_in(store), Recorded)


async def test_events_without_an_id_are_never_duplicates(store: Store) -> None:
    await sample(event_id=None).record_in(store)
    assert isinstance(await sample(event_id=None).record_in(store), Recorded)


async def test_an_ignored_delivery_leaves_its_redelivery_a_chance(store: Store) -> None:
    await sample(event_id="e1", outcome="ignored").record_in(store)
    assert isinstance(await sample(event_id="e1").record_in(store), Recorded)


async def test_the_redelivery_of_an_accepted_event_is_a_duplicate_even_if_ignored_now(
    store: Store,
) -> None:
    first = sample(event_id="e1")
    await first.record_in(store)
    again = await sample(event_id="e1", outcome="ignored").record_in(store)
    assert again == Duplicate(first.delivery.id, first.tasks)


async def test_of_concurrent_records_of_one_event_exactly_one_is_recorded(store: Store) -> None:
    many = [sample(event_id="e1") for _ in range(20)]
    others = [sample(event_id=f"other-{number}") for number in range(20)]
    mixed = [each for pair in zip(many, others, strict=True) for each in pair]
    results = await asyncio.gather(*(each.record_in(store) for each in mixed))
    [recorded] = [result for result in results[::2] if isinstance(result, Recorded)]
    duplicates = [result for result in results[::2] if isinstance(result, Duplicate)]
    assert [duplicate.tasks for duplicate in duplicates] == [recorded.tasks] * 19
    assert results[1::2] == [Recorded(other.tasks) for other in others]


async def test_an_ignored_delivery_and_its_redelivery_at_the_same_time_are_both_kept(
    store: Store,
) -> None:
    ignored, accepted, late = (
        sample(event_id="e1", outcome="ignored"),
        sample(event_id="e1"),
        sample(event_id="e1"),
    )
    results = await asyncio.gather(*(each.record_in(store) for each in (ignored, accepted, late)))
    assert results == [
        Recorded(()),
        Recorded(accepted.tasks),
        Duplicate(accepted.delivery.id, accepted.tasks),
    ]


async def test_a_delivery_recorded_again_is_a_duplicate_of_itself(store: Store) -> None:
    given = sample(event_id="e1")
    await given.record_in(store)
    assert await given.record_in(store) == Duplicate(given.delivery.id, given.tasks)


async def test_a_delivery_id_is_used_once(store: Store) -> None:
    given = sample(event_id="e1")
    await given.record_in(store)
    with pytest.raises(StoreError):
        await store.record(given.delivery, replace(given.decision, event_id="e2"), ())
    assert await store.delivery(given.delivery.id) == StoredDelivery(
        given.delivery, given.decision, given.tasks
    )


async def test_a_record_that_fails_changes_nothing(store: Store) -> None:
    first, second = sample(event_id="e1"), sample(event_id="e2")
    await first.record_in(store)
    clash = replace(second, tasks=(*second.tasks, first.tasks[0]))
    with pytest.raises(StoreError):
        await clash.record_in(store)
    assert await store.delivery(second.delivery.id) is None
    assert await store.task(second.tasks[0].id) is None
    assert isinstance(await second.record_in(store), Recorded)


async def test_a_record_that_fails_does_not_hurt_its_neighbours(store: Store) -> None:
    first = sample()
    await first.record_in(store)
    good = [sample(event_id=f"e{number}") for number in range(8)]
    bad = replace(sample(event_id="bad"), tasks=first.tasks)
    calls = [each.record_in(store) for each in (*good[:4], bad, *good[4:])]
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert isinstance(results.pop(4), StoreError)
    assert results == [Recorded(each.tasks) for each in good]
    for each in good:
        assert await store.delivery(each.delivery.id) is not None


async def test_params_that_json_cannot_hold_are_refused_before_they_spoil_a_claim(
    store: Store,
) -> None:
    good, bad = sample(), sample()
    endless = replace(bad.tasks[0], params={"n": float("inf")})
    with pytest.raises(ValueError, match="Expecting value"):
        await replace(bad, tasks=(endless,)).record_in(store)
    await good.record_in(store)
    assert (await claim_one(store)).task.id == good.tasks[0].id


async def test_a_caller_who_is_cancelled_does_not_hurt_those_who_wait_with_him(
    store: Store,
) -> None:
    gone, staying = sample(event_id="gone"), sample(event_id="staying")
    waiting = asyncio.create_task(gone.record_in(store))
    other = asyncio.create_task(staying.record_in(store))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert await other == Recorded(staying.tasks)
    assert isinstance(await sample().record_in(store), Recorded)


# --- claim ----------------------------------------------------------------------------------


async def test_a_claim_hands_out_a_running_task_its_attempt_and_its_delivery(store: Store) -> None:
    given = sample(body=b"payload")
    await given.record_in(store)
    claim = await claim_one(store, START + 2)
    assert claim.delivery == given.delivery
    assert claim.task == replace(
        given.tasks[0], status=TaskStatus.RUNNING, attempts=1, started_at=START + 2
    )
    assert claim.attempt.trigger is Trigger.INITIAL
    assert (claim.attempt.number, claim.attempt.started_at) == (1, START + 2)
    assert await store.task(claim.task.id) == TaskHistory(claim.task, (claim.attempt,))


async def test_the_tasks_longest_due_are_claimed_first_and_of_equals_the_lowest_id(
    store: Store,
) -> None:
    late, pair, early = (
        sample(at=START + 2),
        sample(at=START + 1, programs=("one", "two")),
        sample(at=START),
    )
    for each in (late, pair, early):
        await each.record_in(store)
    claims = await store.claim("w1", 10, LEASE, START + 5)
    expected = [each.id for sample_ in (early, pair, late) for each in sample_.tasks]
    assert [claim.task.id for claim in claims] == expected


async def test_a_claim_takes_no_more_than_its_limit_and_nothing_before_it_is_due(
    store: Store,
) -> None:
    await sample(programs=("one", "two", "three")).record_in(store)
    await sample(at=START + 10).record_in(store)
    assert len(await store.claim("w1", 2, LEASE, START)) == 2
    assert len(await store.claim("w1", 10, LEASE, START + 9.9)) == 1
    assert len(await store.claim("w1", 10, LEASE, START + 10)) == 1
    assert await store.claim("w1", 10, LEASE, START + 99) == []


async def test_concurrent_claims_never_hand_out_a_task_twice(store: Store) -> None:
    for _ in range(5):
        await sample(programs=("a", "b", "c", "d")).record_in(store)
    claims = await asyncio.gather(*(store.claim(f"w{n}", 3, LEASE, START) for n in range(9)))
    counted = Counter(claim.task.id for claimed in claims for claim in claimed)
    assert len(counted) == 20
    assert set(counted.values()) == {1}


async def test_tasks_claimed_for_a_caller_who_is_cancelled_go_to_the_next(store: Store) -> None:
    given = sample()
    await given.record_in(store)
    gone = asyncio.create_task(store.claim("w1", 1, LEASE, START))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone
    claim = await asyncio.wait_for(claim_when_there_is_work(store), SOON)
    assert (claim.attempt.number, claim.attempt.trigger) == (1, Trigger.INITIAL)
    assert await store.task(given.tasks[0].id) == TaskHistory(claim.task, (claim.attempt,))


# --- finish ---------------------------------------------------------------------------------


async def test_a_completed_attempt_completes_its_task(store: Store) -> None:
    await sample().record_in(store)
    claim = await claim_one(store)
    attempt = ended(claim, output="fine\n", stderr="a warning\n")
    assert await store.finish(attempt, TaskStatus.COMPLETED, None, START + 3)
    found = await history(store, claim.task.id)
    assert found.attempts == (attempt,)
    assert found.task == replace(claim.task, status=TaskStatus.COMPLETED, finished_at=START + 3)


async def test_a_completed_task_has_no_error_whatever_its_attempt_says(store: Store) -> None:
    await sample().record_in(store)
    claim = await claim_one(store)
    await store.finish(failed(claim), TaskStatus.COMPLETED, None, START + 1)
    assert (await history(store, claim.task.id)).task.error is None


async def test_a_retry_without_a_time_is_due_at_once(store: Store) -> None:
    await sample().record_in(store)
    claim = await claim_one(store)
    await store.finish(failed(claim), TaskStatus.PENDING, None, START + 1)
    assert (await claim_one(store, START + 1)).attempt.number == 2


async def test_a_failed_attempt_may_fail_its_task_and_says_why(store: Store) -> None:
    await sample().record_in(store)
    claim = await claim_one(store)
    assert await store.finish(failed(claim), TaskStatus.FAILED, None, START + 3)
    found = await history(store, claim.task.id)
    assert found.attempts == (failed(claim),)
    assert found.task.status is TaskStatus.FAILED
    assert (found.task.error, found.task.finished_at) == ("exit 3: no", START + 3)
    assert await store.claim("w1", 1, LEASE, START + 999) == []


async def test_a_retry_waits_for_its_time_and_is_the_next_attempt(store: Store) -> None:
    await sample().record_in(store)
    first = await claim_one(store)
    assert await store.finish(failed(first), TaskStatus.PENDING, START + 60, START + 1)
    waiting = (await history(store, first.task.id)).task
    assert (waiting.status, waiting.next_attempt_at) == (TaskStatus.PENDING, START + 60)
    assert (waiting.error, waiting.finished_at) == ("exit 3: no", None)
    assert await store.claim("w1", 1, LEASE, START + 59) == []

    second = await claim_one(store, START + 60)
    assert (second.attempt.number, second.attempt.trigger) == (2, Trigger.RETRY)
    assert second.task.started_at == START + 60
    assert await store.finish(ended(second), TaskStatus.COMPLETED, None, START + 61)
    found = await history(store, first.task.id)
    assert found.attempts == (failed(first), ended(second))
    assert found.task.error is None


async def test_an_attempt_is_finished_once(store: Store) -> None:
    await sample().record_in(store)
    claim = await claim_one(store)
    assert await store.finish(ended(claim), TaskStatus.COMPLETED, None, START + 1)
    assert not await store.finish(failed(claim), TaskStatus.FAILED, None, START + 2)
    found = await history(store, claim.task.id)
    assert (found.task.status, found.attempts) == (TaskStatus.COMPLETED, (ended(claim),))


async def test_a_worker_that_lost_its_lease_cannot_finish_what_another_runs(store: Store) -> None:
    await sample().record_in(store)
    lost = await claim_one(store)
    await store.release_expired(START + LEASE)
    current = await claim_one(store, START + LEASE)
    before = await history(store, current.task.id)
    assert not await store.finish(ended(lost), TaskStatus.COMPLETED, None, START + LEASE + 1)
    assert await history(store, current.task.id) == before
    assert await store.finish(ended(current), TaskStatus.COMPLETED, None, START + LEASE + 2)


# --- leases ---------------------------------------------------------------------------------


async def test_a_task_whose_lease_has_ended_goes_back_to_pending(store: Store) -> None:
    await sample().record_in(store)
    claim = await claim_one(store)
    assert await store.release_expired(START + LEASE - 0.1) == 0
    assert await store.release_expired(START + LEASE) == 1
    found = await history(store, claim.task.id)
    assert found.task.status is TaskStatus.PENDING
    assert found.task.next_attempt_at == START + LEASE
    assert found.task.error == "the gateway ended during the attempt"
    [attempt] = found.attempts
    assert attempt == replace(
        claim.attempt,
        status=TaskStatus.FAILED,
        finished_at=START + LEASE,
        error="the gateway ended during the attempt",
    )
    assert (await claim_one(store, START + LEASE)).attempt.number == 2


async def test_releasing_leaves_the_attempts_of_ended_and_waiting_tasks_alone(
    store: Store,
) -> None:
    await sample(programs=("done", "waiting")).record_in(store)
    done, waiting = await store.claim("w1", 2, LEASE, START)
    await store.finish(ended(done), TaskStatus.COMPLETED, None, START + 1)
    await store.finish(failed(waiting), TaskStatus.PENDING, START + 60, START + 1)
    assert await store.release_expired(START + 999) == 0
    assert (await history(store, done.task.id)).attempts == (ended(done),)
    assert (await history(store, waiting.task.id)).attempts == (failed(waiting),)


async def test_extending_renews_every_lease_of_that_worker_and_no_other(store: Store) -> None:
    await sample(programs=("one", "two", "three")).record_in(store)
    mine = await store.claim("w1", 2, LEASE, START)
    [other] = await store.claim("w2", 1, LEASE, START)
    await store.extend("w1", LEASE, START + 20)
    assert await store.release_expired(START + LEASE + 1) == 1
    assert (await history(store, other.task.id)).task.status is TaskStatus.PENDING
    for claim in mine:
        assert await store.task(claim.task.id) == TaskHistory(claim.task, (claim.attempt,))
    assert await store.release_expired(START + 20 + LEASE) == 2


async def test_opening_again_keeps_all_and_puts_running_tasks_back(open_store: OpenStore) -> None:
    given = sample(event_id="e1", programs=("ran", "left"))
    async with open_store() as store:
        await given.record_in(store)
        ran, left = await store.claim("w1", 2, 1e9, START)
        await store.finish(ended(ran), TaskStatus.COMPLETED, None, START + 1)
    before = time.time()
    async with open_store() as store:
        assert (await history(store, ran.task.id)).attempts == (ended(ran),)
        found = await history(store, left.task.id)
        assert found.task.status is TaskStatus.PENDING
        assert before <= found.task.next_attempt_at <= time.time()
        assert found.attempts[0].error == "the gateway ended during the attempt"
        assert isinstance(await sample(event_id="e1").record_in(store), Duplicate)


# --- lists ----------------------------------------------------------------------------------


async def record_all(store: Store, samples: list[Sample]) -> list[Sample]:
    for each in samples:
        await each.record_in(store)
    return samples


async def test_tasks_are_listed_newest_first_and_page_by_page(store: Store) -> None:
    recorded = await record_all(store, [sample() for _ in range(5)])
    newest_first = [each.tasks[0] for each in reversed(recorded)]
    assert await store.tasks(TaskFilter(limit=2)) == newest_first[:2]
    second = TaskFilter(limit=2, before=newest_first[1].id)
    assert await store.tasks(second) == newest_first[2:4]
    assert await store.tasks(replace(second, before=newest_first[4].id)) == []


async def test_a_task_filter_restricts_by_everything_it_names(store: Store) -> None:
    github, jira = await record_all(
        store, [sample(source="github", programs=("a", "b")), sample(source="jira")]
    )
    running = await claim_one(store)

    async def found(wanted: TaskFilter) -> list[str]:
        return [task.id for task in await store.tasks(wanted)]

    first, second = (task.id for task in github.tasks)
    [third] = (task.id for task in jira.tasks)
    assert running.task.id == first
    assert await found(TaskFilter()) == [third, second, first]
    assert await found(TaskFilter(status=TaskStatus.PENDING)) == [third, second]
    assert await found(TaskFilter(source="github")) == [second, first]
    assert await found(TaskFilter(program="b")) == [second]
    assert await found(TaskFilter(delivery_id=jira.delivery.id)) == [third]
    assert await found(TaskFilter(source="github", status=TaskStatus.RUNNING)) == [first]
    assert await found(TaskFilter(source="jira", before=third)) == []
    assert await found(TaskFilter(source="nobody")) == []


async def test_deliveries_are_listed_newest_first_with_tasks_but_no_bodies(store: Store) -> None:
    recorded = await record_all(store, [sample(programs=("a", "b"), body=b"x") for _ in range(3)])
    expected = [
        StoredDelivery(
            replace(each.delivery, body=b""), replace(each.decision, snapshot=""), each.tasks
        )
        for each in reversed(recorded)
    ]
    assert await store.deliveries(DeliveryFilter()) == expected
    assert await store.deliveries(DeliveryFilter(limit=1)) == expected[:1]
    second = DeliveryFilter(before=expected[0].delivery.id)
    assert await store.deliveries(second) == expected[1:]


async def test_a_delivery_filter_restricts_by_everything_it_names(store: Store) -> None:
    push, tag, jira = await record_all(
        store,
        [
            sample(event_type="push"),
            sample(event_type="tag", outcome="ignored"),
            sample(source="jira"),
        ],
    )

    async def found(wanted: DeliveryFilter) -> list[Sample]:
        by_id = {each.delivery.id: each for each in (push, tag, jira)}
        return [by_id[stored.delivery.id] for stored in await store.deliveries(wanted)]

    assert await found(DeliveryFilter(source="github")) == [tag, push]
    assert await found(DeliveryFilter(event_type="push")) == [jira, push]
    assert await found(DeliveryFilter(outcome="ignored")) == [tag]
    assert await found(DeliveryFilter(source="github", event_type="push")) == [push]


async def test_an_unknown_id_finds_nothing(store: Store) -> None:
    given = sample()
    await given.record_in(store)
    for unknown in ("", new_id(), given.delivery.id[:-1], "\ud800"):
        assert await store.task(unknown) is None
        assert await store.delivery(unknown) is None


async def test_tasks_are_counted_by_status(store: Store) -> None:
    await sample(programs=("a", "b", "c")).record_in(store)
    claim = await claim_one(store)
    assert [await store.count(status) for status in TaskStatus] == [2, 1, 0, 0]
    await store.finish(failed(claim), TaskStatus.FAILED, None, START)
    assert [await store.count(status) for status in TaskStatus] == [2, 0, 0, 1]


async def test_the_standing_tells_how_many_tasks_there_are_and_when_the_first_is_due(
    store: Store,
) -> None:
    assert await store.standing() == Standing(0, 0, 0, next_due=None)
    early, late = sample(at=START - 5), sample(at=START)
    await late.record_in(store)
    await early.record_in(store)
    assert await store.standing() == Standing(2, 0, 0, next_due=START - 5)
    claim = await claim_one(store)
    assert await store.standing() == Standing(1, 1, 0, next_due=START)
    await store.finish(failed(claim), TaskStatus.FAILED, None, START)
    assert await store.standing() == Standing(1, 0, 1, next_due=START)


# --- waiting for work -----------------------------------------------------------------------


async def within(seconds: float, waiting: Awaitable[object]) -> float:
    """Fails where it takes longer; else how long it took."""
    begun = time.monotonic()
    await asyncio.wait_for(waiting, seconds)
    return time.monotonic() - begun


async def test_without_work_a_wait_ends_with_its_timeout(store: Store) -> None:
    assert await within(SOON, store.wait_for_work(0.05)) >= 0.05
    await sample().record_in(store)
    await claim_one(store)
    assert await within(SOON, store.wait_for_work(0.05)) >= 0.05


async def test_recording_wakes_all_who_wait(store: Store) -> None:
    waiting = [asyncio.create_task(store.wait_for_work(FOREVER)) for _ in range(3)]
    await asyncio.sleep(0)
    await sample().record_in(store)
    await within(SOON, asyncio.gather(*waiting))


async def test_work_that_came_between_the_claim_and_the_wait_is_not_missed(store: Store) -> None:
    assert await store.claim("w1", 1, LEASE, START) == []
    await sample().record_in(store)
    await within(SOON, store.wait_for_work(FOREVER))


async def test_work_that_came_with_a_claim_is_not_missed(store: Store) -> None:
    """Whichever is carried out first: what the claim has not taken ends the wait."""
    first, second = sample(), sample()
    claims, *_ = await asyncio.gather(
        store.claim("w1", 9, LEASE, START), first.record_in(store), second.record_in(store)
    )
    assert len(claims) < 2
    await within(SOON, store.wait_for_work(FOREVER))


async def test_work_recorded_for_a_caller_who_is_cancelled_is_not_missed(store: Store) -> None:
    await store.claim("w1", 1, LEASE, START)
    recording = asyncio.create_task(sample().record_in(store))
    await asyncio.sleep(0)
    recording.cancel()
    await within(SOON, store.wait_for_work(FOREVER))
    assert await claim_one(store)


async def test_a_wait_returns_at_once_while_a_claim_has_left_work(store: Store) -> None:
    await sample(programs=("a", "b")).record_in(store)
    await claim_one(store)
    await within(SOON, store.wait_for_work(FOREVER))


async def test_a_task_put_back_wakes_who_waits_when_it_is_due(store: Store) -> None:
    await sample().record_in(store)
    claim = await claim_one(store)
    waiting = asyncio.create_task(store.wait_for_work(FOREVER))
    await asyncio.sleep(0)
    due = time.time() + 0.1
    await store.finish(failed(claim), TaskStatus.PENDING, due, START)
    await within(SOON, waiting)
    assert time.time() >= due
    assert await claim_one(store, time.time())


async def test_work_known_from_before_the_opening_is_due(open_store: OpenStore) -> None:
    async with open_store() as store:
        await sample().record_in(store)
    async with open_store() as store:
        await within(SOON, store.wait_for_work(FOREVER))


async def test_a_released_task_wakes_who_waits(store: Store) -> None:
    await sample().record_in(store)
    await claim_one(store)
    waiting = asyncio.create_task(store.wait_for_work(FOREVER))
    await asyncio.sleep(0)
    await store.release_expired(START + LEASE)
    await within(SOON, waiting)


# --- purge ----------------------------------------------------------------------------------


async def test_a_purge_deletes_old_deliveries_with_tasks_and_attempts(store: Store) -> None:
    old, young = sample(event_id="e1"), sample(at=START + 100)
    ignored = sample(outcome="ignored")
    await record_all(store, [old, ignored, young])
    claims = await store.claim("w1", 2, LEASE, START + 200)
    for claim in claims:
        await store.finish(ended(claim), TaskStatus.COMPLETED, None, START + 200)
    assert await store.purge(START + 100, 10) == 2
    assert [each.delivery.id for each in await store.deliveries(DeliveryFilter())] == [
        young.delivery.id
    ]
    assert await store.task(old.tasks[0].id) is None
    assert len((await history(store, young.tasks[0].id)).attempts) == 1
    assert isinstance(await sample(event_id="e1").record_in(store), Recorded)


async def test_a_purge_leaves_alone_what_is_pending_or_running(store: Store) -> None:
    await sample(programs=("done", "running")).record_in(store)
    await sample(programs=("done", "pending")).record_in(store)
    done, _, also_done = await store.claim("w1", 3, LEASE, START)
    for claim in (done, also_done):
        await store.finish(ended(claim), TaskStatus.COMPLETED, None, START)
    assert await store.purge(START + 999, 10) == 0
    assert len(await store.tasks(TaskFilter())) == 4
    assert (await history(store, done.task.id)).attempts == (ended(done),)


async def test_a_purge_takes_no_more_than_its_limit_and_the_oldest_first(store: Store) -> None:
    ages = [3, 1, 2]
    recorded = await record_all(store, [sample(outcome="ignored", at=START + age) for age in ages])
    assert await store.purge(START + 999, 2) == 2
    [left] = await store.deliveries(DeliveryFilter())
    assert left.delivery == replace(recorded[0].delivery, body=b"")


async def test_the_size_grows_with_what_is_recorded_and_shrinks_when_it_is_purged(
    store: Store,
) -> None:
    empty = await store.size()
    for _ in range(20):
        await sample(outcome="ignored", body=b"x" * 10_000).record_in(store)
    full = await store.size()
    assert full >= empty + 200_000
    await store.purge(START + 1, 20)
    assert await store.size() < empty + 50_000


async def test_tasks_are_listed_from_the_least_id_that_is_wanted(store: Store) -> None:
    given = [sample() for _ in range(3)]
    for each in given:
        await each.record_in(store)
    ids = [each.tasks[0].id for each in given]
    found = await store.tasks(TaskFilter(since=ids[1]))
    assert [task.id for task in found] == [ids[2], ids[1]]
    assert await store.tasks(TaskFilter(since=ids[1], before=ids[1])) == []


# --- opening and closing --------------------------------------------------------------------


async def test_closing_finishes_what_was_asked_for(open_store: OpenStore) -> None:
    given = [sample() for _ in range(10)]
    async with open_store() as store:
        recording = [asyncio.create_task(each.record_in(store)) for each in given]
        await asyncio.sleep(0)
    assert await asyncio.gather(*recording) == [Recorded(each.tasks) for each in given]
    async with open_store() as store:
        assert len(await store.tasks(TaskFilter())) == 10


CALLS: dict[str, Callable[[Store], Awaitable[object]]] = {
    "record": lambda store: sample().record_in(store),
    "claim": lambda store: store.claim("w1", 1, LEASE, START),
    "extend": lambda store: store.extend("w1", LEASE, START),
    "release_expired": lambda store: store.release_expired(START),
    "task": lambda store: store.task("x"),
    "tasks": lambda store: store.tasks(TaskFilter()),
    "delivery": lambda store: store.delivery("x"),
    "deliveries": lambda store: store.deliveries(DeliveryFilter()),
    "count": lambda store: store.count(TaskStatus.PENDING),
    "standing": lambda store: store.standing(),
    "size": lambda store: store.size(),
    "wait_for_work": lambda store: store.wait_for_work(FOREVER),
    "purge": lambda store: store.purge(START, 1),
}


@pytest.mark.parametrize("verb", CALLS)
async def test_a_store_that_is_closed_says_so(open_store: OpenStore, verb: str) -> None:
    async with open_store() as store:
        pass
    with pytest.raises(StoreUnavailable):
        await CALLS[verb](store)


# --- round trips ----------------------------------------------------------------------------

awkward = ["\0", "\ud800", "a\ud83d\ude00", "caf\xe9", '"\\', "\u2028\n", "\U0001f600"]
text = st.sampled_from(awkward) | st.text(st.characters(exclude_categories=()), max_size=12)
numbers = st.from_regex(
    r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,3})?", fullmatch=True
).map(lambda written: parse_json(written.encode("ascii")))
json_values: st.SearchStrategy[JSON] = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, text),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
times = st.floats(0, 1e11)
steps = st.builds(AuthStep, text, st.booleans(), text, st.none() | st.integers(0, 9))
texts_by_name = st.dictionaries(text, text, max_size=3)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    base = sample()
    delivery = replace(
        base.delivery,
        source=draw(text),
        received_at=draw(times),
        method=draw(text),
        path=draw(text),
        query=draw(texts_by_name),
        headers=draw(texts_by_name),
        body=draw(st.binary(max_size=50)),
        peer=draw(text),
    )
    decision = replace(
        base.decision,
        reason=draw(text),
        event_type=draw(text),
        event_id=draw(st.none() | text.map(lambda drawn: drawn + delivery.id)),
        auth_result=draw(st.sampled_from(AuthResult)),
        auth_steps=tuple(draw(st.lists(steps, max_size=2))),
        rules=tuple(draw(st.lists(text, max_size=2))),
    )
    task = replace(
        base.tasks[0],
        source=delivery.source,
        event_type=decision.event_type,
        event_id=decision.event_id,
        rule=draw(text),
        program=draw(text),
        params=draw(st.dictionaries(text, json_values, max_size=3)),
        created_at=draw(times),
        next_attempt_at=draw(times),
    )
    return Sample(delivery, decision, (task,))


@settings(
    max_examples=60,
    deadline=None,
    # One store serves all examples: each has ids of its own.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(given_sample=samples(), output=text, stderr=text, error=text)
async def test_whatever_a_record_holds_comes_back_as_it_was(
    store: Store, given_sample: Sample, output: str, stderr: str, error: str
) -> None:
    [task] = given_sample.tasks
    delivery, decision = given_sample.delivery, given_sample.decision
    await given_sample.record_in(store)
    assert await store.delivery(delivery.id) == StoredDelivery(delivery, decision, (task,))

    [claim] = await store.claim("w1", 1, LEASE, task.next_attempt_at)
    assert claim.delivery == delivery
    assert json_text(dict(claim.task.params)) == json_text(dict(task.params))
    attempt = ended(claim, status=TaskStatus.FAILED, output=output, stderr=stderr, error=error)
    await store.finish(attempt, TaskStatus.FAILED, None, START)
    found = await history(store, task.id)
    assert found.attempts == (attempt,)
    assert found.task.error == error

    by_text = TaskFilter(source=task.source, program=task.program, delivery_id=delivery.id)
    assert await store.tasks(by_text) == [found.task]
    if decision.event_id is not None:
        again = replace(delivery, id=new_id())
        result = await store.record(again, decision, ())
        assert result == Duplicate(delivery.id, (found.task,))


@pytest.mark.parametrize("depth", [1, 127, 128, 200])
async def test_params_may_be_nested_deeper_than_a_payload(store: Store, depth: int) -> None:
    nested: JSON = "x"
    for _ in range(depth):
        nested = [nested]
    given = sample()
    await replace(given, tasks=(replace(given.tasks[0], params={"p": nested}),)).record_in(store)
    assert (await claim_one(store)).task.params == {"p": nested}
