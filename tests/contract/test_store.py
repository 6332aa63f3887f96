"""What a store is. Every store runs these tests; `conftest.py` lists the stores."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hookgate.errors import StoreError, StoreUnavailable
from hookgate.expr.values import json_text, parse_json
from hookgate.model import JSON, AuthResult, AuthStep, Burst, TaskStatus, Trigger
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
    assert isinstance(result, Duplicate)
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


async def claimed(
    store: Store, limit: int = 10, now: float = START, **concurrency: int
) -> list[str]:
    """The ids of the tasks that a claim hands out, in order."""
    claims = await store.claim("w1", limit, LEASE, now, concurrency)
    return [claim.task.id for claim in claims]


def ids_of(*samples: Sample) -> list[str]:
    return [task.id for each in samples for task in each.tasks]


async def test_tasks_are_claimed_in_the_order_in_which_they_were_recorded(store: Store) -> None:
    """Also where the clock was set back between, and ids made later are smaller."""
    small = sample(at=START - 3600)
    pair = sample(at=START + 1, programs=("one", "two"))
    last = sample(at=START)
    for each in (pair, small, last):
        await each.record_in(store)
    assert await claimed(store) == ids_of(pair, small, last)


async def test_a_claim_takes_no_more_than_its_limit(store: Store) -> None:
    await sample(programs=("one", "two", "three")).record_in(store)
    assert len(await claimed(store, 2)) == 2
    assert len(await claimed(store, 2)) == 1
    assert await claimed(store, 2) == []


async def test_what_was_recorded_before_the_clock_was_set_back_is_due_at_once(
    store: Store,
) -> None:
    given = sample(at=START + 3600)
    await given.record_in(store)
    assert await claimed(store, now=START) == ids_of(given)


async def test_what_waits_since_before_the_clock_was_set_back_has_waited_enough(
    store: Store,
) -> None:
    await sample().record_in(store)
    [claim] = await store.claim("w1", 1, LEASE, START + 10)
    until = START + 20
    assert await store.finish(claim.attempt, TaskStatus.PENDING, until, START + 11)
    assert await store.claim("w1", 1, LEASE, START + 12) == []
    assert len(await store.claim("w1", 1, LEASE, START - 3600)) == 1


async def test_the_highest_priority_is_claimed_first(store: Store) -> None:
    samples = [sample(priority=priority) for priority in (0, -3, 7, 0, 7)]
    await record_all(store, samples)
    ordinary, low, high, also_ordinary, also_high = samples
    assert await claimed(store, 2) == ids_of(high, also_high)
    assert await claimed(store, 9) == ids_of(ordinary, also_ordinary, low)


async def test_the_tasks_of_one_source_do_not_keep_another_waiting(store: Store) -> None:
    """Of equal priority the source goes first of which the fewest run."""
    flood = await record_all(store, [sample(source="flood") for _ in range(6)])
    [other, more] = await record_all(store, [sample(source="other") for _ in range(2)])
    assert await claimed(store, 3) == ids_of(flood[0], other, flood[1])
    assert await claimed(store, 2) == ids_of(more, flood[2])
    assert await claimed(store, 9) == ids_of(*flood[3:])


async def test_a_higher_priority_goes_before_fairness(store: Store) -> None:
    urgent = await record_all(store, [sample(source="a", priority=1) for _ in range(3)])
    [other] = await record_all(store, [sample(source="b")])
    assert await claimed(store) == ids_of(*urgent, other)


# --- concurrency ----------------------------------------------------------------------------


async def test_no_more_attempts_of_a_program_run_than_it_allows_whoever_runs_them(
    store: Store,
) -> None:
    await sample(programs=("deploy",) * 4).record_in(store)
    first = await store.claim("w1", 10, LEASE, START, {"deploy": 2})
    assert len(first) == 2
    assert await store.claim("w2", 10, LEASE, START, {"deploy": 2}) == []
    await store.finish(ended(first[0]), TaskStatus.COMPLETED, None, START)
    assert len(await store.claim("w2", 10, LEASE, START, {"deploy": 2})) == 1
    assert await store.claim("w1", 10, LEASE, START, {"deploy": 2}) == []


async def test_a_program_at_its_limit_does_not_hold_up_others(store: Store) -> None:
    full = sample(programs=("deploy",) * 4)
    other = sample(programs=("notify",))
    await record_all(store, [full, other])
    assert await claimed(store, deploy=1) == [full.tasks[0].id, other.tasks[0].id]


async def test_a_limit_that_was_lowered_or_raised_holds_from_the_next_claim_on(
    store: Store,
) -> None:
    await sample(programs=("deploy",) * 5).record_in(store)
    assert len(await claimed(store, deploy=3)) == 3
    assert await claimed(store, deploy=1) == []
    assert len(await claimed(store)) == 2


async def test_concurrent_claims_keep_the_limit(store: Store) -> None:
    await sample(programs=("deploy",) * 9).record_in(store)
    calls = (store.claim(f"w{n}", 3, LEASE, START, {"deploy": 4}) for n in range(5))
    assert sum(len(claims) for claims in await asyncio.gather(*calls)) == 4


# --- keys -----------------------------------------------------------------------------------


async def finish(store: Store, claim: Claim, status: TaskStatus = TaskStatus.COMPLETED) -> None:
    attempt = ended(claim) if status is TaskStatus.COMPLETED else failed(claim)
    assert await store.finish(attempt, status, None, START + 1)


async def test_tasks_of_one_key_run_one_after_the_other_in_the_order_they_were_recorded(
    store: Store,
) -> None:
    site = await record_all(store, [sample(key="site") for _ in range(3)])
    [shop, none] = await record_all(store, [sample(key="shop"), sample()])
    assert await claimed(store, 1) == ids_of(site[0])
    assert await claimed(store) == ids_of(shop, none)
    for current, following in zip(site, [*site[1:], None], strict=True):
        attempt = (await history(store, current.tasks[0].id)).attempts[-1]
        attempt = replace(attempt, status=TaskStatus.FAILED)
        assert await store.finish(attempt, TaskStatus.FAILED, None, START)
        assert await claimed(store) == (ids_of(following) if following else [])


async def test_a_key_is_that_of_one_source(store: Store) -> None:
    both = await record_all(store, [sample(source=each, key="site") for each in ("a", "b")])
    assert await claimed(store) == ids_of(*both)


async def test_the_empty_key_is_a_key(store: Store) -> None:
    first, _ = await record_all(store, [sample(key=""), sample(key="")])
    assert await claimed(store) == ids_of(first)


async def test_a_key_orders_the_tasks_of_one_delivery_whatever_their_program(
    store: Store,
) -> None:
    given = sample(programs=("build", "deploy"), key="site")
    await given.record_in(store)
    [claim] = await store.claim("w1", 10, LEASE, START)
    assert claim.task.program == "build"
    await finish(store, claim)
    assert await claimed(store) == [given.tasks[1].id]


async def test_a_task_that_waits_for_a_retry_holds_its_key_until_it_ends(store: Store) -> None:
    first, second = await record_all(store, [sample(key="site"), sample(key="site")])
    claim = await claim_one(store)
    await store.finish(failed(claim), TaskStatus.PENDING, START + 60, START)
    assert await claimed(store, now=START + 59) == []
    [again] = await store.claim("w1", 10, LEASE, START + 60)
    assert again.task.id == first.tasks[0].id
    await finish(store, again, TaskStatus.FAILED)
    assert await claimed(store, now=START + 60) == ids_of(second)


async def test_a_released_task_goes_before_those_behind_it_of_its_key(store: Store) -> None:
    first, second = await record_all(store, [sample(key="site"), sample(key="site")])
    await claim_one(store)
    await store.release_expired(START + LEASE)
    [again] = await store.claim("w1", 10, LEASE, START + LEASE)
    assert again.task.id == first.tasks[0].id
    await finish(store, again)
    assert await claimed(store) == ids_of(second)


async def test_a_key_holds_over_an_opening(open_store: OpenStore) -> None:
    async with open_store() as store:
        first, second = await record_all(store, [sample(key="site"), sample(key="site")])
        await claim_one(store)
    async with open_store() as store:
        [again] = await store.claim("w1", 10, LEASE, START)
        assert again.task.id == first.tasks[0].id
        await finish(store, again)
        assert await claimed(store) == ids_of(second)


async def test_a_higher_priority_does_not_overtake_within_a_key(store: Store) -> None:
    first, second = await record_all(store, [sample(key="k"), sample(key="k", priority=9)])
    [claim] = await store.claim("w1", 10, LEASE, START)
    assert claim.task.id == first.tasks[0].id
    await finish(store, claim)
    assert await claimed(store) == ids_of(second)


# --- bursts ---------------------------------------------------------------------------------


def in_burst(at: float, wait: float = 10, max_wait: float = 30, **fields: Any) -> Sample:
    """A delivery whose task waits for the newest of its burst."""
    burst = Burst(fields.pop("burst", "site"), at + max_wait)
    return sample(at=at, next_attempt_at=at + wait, burst=burst, **fields)


async def test_the_newest_of_a_burst_supersedes_those_before(store: Store) -> None:
    first, second = await record_all(store, [in_burst(START), in_burst(START + 5)])
    old = (await history(store, first.tasks[0].id)).task
    assert old == replace(
        first.tasks[0],
        status=TaskStatus.COMPLETED,
        superseded_by=second.tasks[0].id,
        finished_at=START + 5,
    )
    assert await claimed(store, now=START + 14.9) == []
    assert await claimed(store, now=START + 15) == ids_of(second)


async def test_a_burst_ends_at_the_latest_when_the_first_of_it_said(store: Store) -> None:
    samples = await record_all(store, [in_burst(START + 8 * number) for number in range(4)])
    newest = (await history(store, samples[-1].tasks[0].id)).task
    assert newest.next_attempt_at == START + 30
    assert newest.burst == Burst("site", START + 30)
    assert await claimed(store, now=START + 29.9) == []
    assert await claimed(store, now=START + 30) == ids_of(samples[-1])


async def test_a_task_that_has_begun_is_not_superseded(store: Store) -> None:
    first = in_burst(START)
    await first.record_in(store)
    [claim] = await store.claim("w1", 10, LEASE, START + 10)
    second = in_burst(START + 11)
    await second.record_in(store)
    await store.finish(failed(claim), TaskStatus.PENDING, START + 12, START + 11)
    third = in_burst(START + 12)
    await third.record_in(store)
    assert (await history(store, first.tasks[0].id)).task.status is TaskStatus.PENDING
    assert (await history(store, second.tasks[0].id)).task.superseded_by == third.tasks[0].id
    assert await claimed(store, now=START + 22) == ids_of(first, third)


@pytest.mark.parametrize(
    "other",
    [{"source": "jira"}, {"programs": ("notify",)}, {"burst": "shop"}, {"rule": "push[1]"}],
    ids=str,
)
async def test_a_burst_is_of_one_source_rule_program_and_key(
    store: Store, other: dict[str, Any]
) -> None:
    both = await record_all(store, [in_burst(START), in_burst(START, **other)])
    assert set(await claimed(store, now=START + 10)) == set(ids_of(*both))


async def test_a_burst_that_is_due_but_not_begun_keeps_its_turn(store: Store) -> None:
    """Or a steady stream of events would put it behind all others for ever."""
    first, other = in_burst(START, wait=10, max_wait=10), sample()
    await first.record_in(store)
    assert await claimed(store, now=START + 10, deploy=0) == []
    await other.record_in(store)
    second = in_burst(START + 11, wait=10, max_wait=10)
    await second.record_in(store)
    assert await claimed(store, now=START + 11) == ids_of(second, other)


async def test_an_event_before_the_end_of_its_burst_makes_it_wait_again(store: Store) -> None:
    first = in_burst(START)
    await first.record_in(store)
    assert await claimed(store, now=START + 10, deploy=0) == []
    second = in_burst(START + 12)
    await second.record_in(store)
    assert await claimed(store, now=START + 21.9) == []
    assert await claimed(store, now=START + 22) == ids_of(second)


async def test_a_duplicate_supersedes_nothing(store: Store) -> None:
    first = in_burst(START, event_id="e1")
    await first.record_in(store)
    again = await in_burst(START + 5, event_id="e1").record_in(store)
    assert isinstance(again, Duplicate)
    assert await claimed(store, now=START + 10) == ids_of(first)


async def test_a_superseded_task_gives_its_place_in_the_order_of_its_key_away(
    store: Store,
) -> None:
    first = in_burst(START, key="k")
    between = sample(key="k")
    second = in_burst(START + 1, key="k")
    await record_all(store, [first, between, second])
    [claim] = await store.claim("w1", 10, LEASE, START + 60)
    assert claim.task.id == between.tasks[0].id
    await finish(store, claim)
    assert await claimed(store, now=START + 60) == ids_of(second)


async def test_a_task_superseded_behind_another_of_its_key_lets_nobody_pass(store: Store) -> None:
    running = sample(key="k")
    await running.record_in(store)
    await claim_one(store)
    await record_all(store, [in_burst(START, key="k"), in_burst(START + 1, key="k")])
    assert await claimed(store, now=START + 60) == []


async def test_a_task_superseded_while_an_older_one_waits_again_lets_nobody_pass(
    store: Store,
) -> None:
    """The one that runs is not the oldest of its key where that was started again by hand."""
    older, running = await record_all(store, [sample(key="k"), sample(key="k")])
    await fail_one(store)
    claim = await claim_one(store)
    assert await store.retry(TaskFilter(), START) == ids_of(older)
    _, newest = await record_all(store, [in_burst(START, key="k"), in_burst(START, key="k")])
    assert await claimed(store, now=START + 60) == []
    assert claim.task.id == running.tasks[0].id
    for following in (older, newest):
        await finish(store, claim)
        [claim] = await store.claim("w1", 10, LEASE, START + 60)
        assert claim.task.id == following.tasks[0].id


async def test_of_a_burst_recorded_at_the_same_time_one_is_left(store: Store) -> None:
    many = [in_burst(START) for _ in range(20)]
    await asyncio.gather(*(each.record_in(store) for each in many))
    assert await claimed(store, 99, now=START + 30) == ids_of(many[-1])
    assert await store.count(TaskStatus.COMPLETED) == 19


async def test_a_superseded_task_can_be_purged(store: Store) -> None:
    old, _ = await record_all(store, [in_burst(START), in_burst(START + 5)])
    assert await store.purge(START + 999, 10) == 1
    assert await store.task(old.tasks[0].id) is None


# --- claims at the same time ----------------------------------------------------------------


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


async def test_what_is_put_back_without_a_time_is_due_at_once_behind_what_was_due(
    store: Store,
) -> None:
    first, second = await record_all(store, [sample(), sample()])
    claim = await claim_one(store)
    await store.finish(failed(claim), TaskStatus.PENDING, None, START + 1)
    assert (await history(store, claim.task.id)).task.next_attempt_at == START + 1
    assert await claimed(store, now=START - 3600) == ids_of(second, first)


async def test_retries_take_their_turn_behind_what_was_recorded_before_they_were_due(
    store: Store,
) -> None:
    first, second = await record_all(store, [sample(), sample()])
    claim = await claim_one(store)
    await store.finish(failed(claim), TaskStatus.PENDING, START + 60, START + 1)
    assert await claimed(store, 0, now=START + 60) == []
    third = sample()
    await third.record_in(store)
    assert await claimed(store, now=START + 60) == ids_of(second, first, third)


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


# --- retry ----------------------------------------------------------------------------------


async def fail_one(store: Store) -> str:
    """Claims a task and lets it fail for good; its id."""
    claim = await claim_one(store)
    await finish(store, claim, TaskStatus.FAILED)
    return claim.task.id


async def test_a_failed_task_that_is_retried_is_due_with_all_its_tries(store: Store) -> None:
    await sample().record_in(store)
    first = await claim_one(store)
    await store.finish(failed(first), TaskStatus.PENDING, START + 1, START + 1)
    second = await claim_one(store, START + 1)
    assert (second.attempt.trigger, second.task.tries) == (Trigger.RETRY, 2)
    await finish(store, second, TaskStatus.FAILED)

    assert await store.retry(TaskFilter(id=first.task.id), START + 9) == [first.task.id]
    waiting = (await history(store, first.task.id)).task
    assert (waiting.status, waiting.next_attempt_at) == (TaskStatus.PENDING, START + 9)
    assert (waiting.error, waiting.finished_at) == ("exit 3: no", None)
    third = await claim_one(store, START)
    assert (third.attempt.number, third.attempt.trigger) == (3, Trigger.MANUAL)
    assert third.task.tries == 1
    await store.finish(failed(third), TaskStatus.PENDING, START + 10, START + 10)
    fourth = await claim_one(store, START + 10)
    assert (fourth.attempt.trigger, fourth.task.tries) == (Trigger.RETRY, 2)
    triggers = [attempt.trigger for attempt in (await history(store, first.task.id)).attempts]
    assert triggers == [Trigger.INITIAL, Trigger.RETRY, Trigger.MANUAL, Trigger.RETRY]


async def test_an_attempt_that_is_cut_short_is_no_try(store: Store) -> None:
    await sample().record_in(store)
    stopped = await claim_one(store)
    await store.finish(failed(stopped), TaskStatus.PENDING, None, START + 1)
    second = await claim_one(store)
    assert (second.attempt.number, second.attempt.trigger) == (2, Trigger.RETRY)
    assert second.task.tries == 1
    await store.release_expired(START + LEASE)
    third = await claim_one(store)
    assert (third.attempt.number, third.task.tries) == (3, 1)
    await finish(store, third, TaskStatus.FAILED)

    await store.retry(TaskFilter(), START)
    fourth = await claim_one(store)
    assert (fourth.attempt.trigger, fourth.task.tries) == (Trigger.MANUAL, 1)
    await store.finish(failed(fourth), TaskStatus.PENDING, None, START + 1)
    fifth = await claim_one(store)
    assert (fifth.attempt.trigger, fifth.task.tries) == (Trigger.RETRY, 1)
    triggers = [attempt.trigger for attempt in (await history(store, fifth.task.id)).attempts]
    retried = [Trigger.RETRY, Trigger.RETRY]
    assert triggers == [Trigger.INITIAL, *retried, Trigger.MANUAL, Trigger.RETRY]


async def test_only_failed_tasks_are_retried(store: Store) -> None:
    await sample(programs=("done", "running", "pending")).record_in(store)
    done, _ = await store.claim("w1", 2, LEASE, START)
    await finish(store, done)
    before = await store.tasks(TaskFilter())
    assert await store.retry(TaskFilter(), START) == []
    assert await store.tasks(TaskFilter()) == before


async def test_a_retry_takes_the_oldest_that_fit_its_filter(store: Store) -> None:
    github = await record_all(store, [sample(source="github") for _ in range(3)])
    [jira] = await record_all(store, [sample(source="jira")])
    for _ in range(4):
        await fail_one(store)
    assert await store.retry(TaskFilter(source="github", limit=2), START) == ids_of(*github[:2])
    assert await store.retry(TaskFilter(), START) == ids_of(github[2], jira)


async def test_a_retry_wakes_who_waits(store: Store) -> None:
    await sample().record_in(store)
    await fail_one(store)
    await claimed(store)
    waiting = asyncio.create_task(store.wait_for_work(FOREVER))
    await asyncio.sleep(0)
    await store.retry(TaskFilter(), START)
    await within(SOON, waiting)


async def test_a_retried_task_waits_for_its_turn_among_those_of_its_key(store: Store) -> None:
    first, second, third = await record_all(store, [sample(key="k") for _ in range(3)])
    await fail_one(store)
    running = await claim_one(store)
    assert await store.retry(TaskFilter(), START) == ids_of(first)
    assert await claimed(store) == []
    await finish(store, running)
    [again] = await store.claim("w1", 10, LEASE, START)
    assert again.task.id == first.tasks[0].id
    await finish(store, again)
    assert await claimed(store) == ids_of(third)
    assert (await history(store, second.tasks[0].id)).task.status is TaskStatus.COMPLETED


async def test_tasks_of_one_key_that_are_retried_together_keep_their_order(store: Store) -> None:
    both = await record_all(store, [sample(key="k"), sample(key="k")])
    await fail_one(store)
    await fail_one(store)
    assert await store.retry(TaskFilter(), START) == ids_of(*both)
    [claim] = await store.claim("w1", 10, LEASE, START)
    assert claim.task.id == both[0].tasks[0].id
    await finish(store, claim)
    assert await claimed(store) == ids_of(both[1])


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


async def test_a_released_task_goes_behind_what_was_due_before(store: Store) -> None:
    """Or one that ends the gateway each time would keep all others from running."""
    first, second = await record_all(store, [sample(), sample()])
    await claim_one(store)
    await store.release_expired(START + LEASE)
    assert await claimed(store) == ids_of(second, first)


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


async def test_extending_renews_the_leases_of_the_attempts_it_is_given(store: Store) -> None:
    await sample(programs=("one", "two", "three")).record_in(store)
    mine = await store.claim("w1", 2, LEASE, START)
    [other] = await store.claim("w2", 1, LEASE, START)
    assert await store.extend([claim.attempt for claim in mine], LEASE, START + 20) == []
    assert await store.release_expired(START + LEASE + 1) == 1
    assert (await history(store, other.task.id)).task.status is TaskStatus.PENDING
    for claim in mine:
        assert await store.task(claim.task.id) == TaskHistory(claim.task, (claim.attempt,))
    assert await store.release_expired(START + 20 + LEASE) == 2


async def test_a_worker_that_was_paused_learns_that_its_task_is_anothers_now(
    store: Store,
) -> None:
    """It can neither renew its lease, nor put the task back, nor overwrite a newer result."""
    await sample().record_in(store)
    paused = await claim_one(store)
    await store.release_expired(START + LEASE)
    [current] = await store.claim("w2", 1, LEASE, START + LEASE)
    assert await store.extend([paused.attempt], 9 * LEASE, START + LEASE) == [paused.attempt]
    assert await store.release_expired(START + LEASE + 1) == 0
    assert not await store.finish(failed(paused), TaskStatus.PENDING, START, START + LEASE)
    await store.finish(ended(current), TaskStatus.COMPLETED, None, START + LEASE + 2)
    newer = await history(store, current.task.id)
    for status in (TaskStatus.PENDING, TaskStatus.FAILED, TaskStatus.COMPLETED):
        assert not await store.finish(failed(paused), status, None, START + LEASE + 3)
    assert await store.extend([paused.attempt], LEASE, START + LEASE) == [paused.attempt]
    assert await history(store, current.task.id) == newer


async def test_a_lost_attempt_does_not_let_those_behind_it_of_its_key_pass(store: Store) -> None:
    await record_all(store, [sample(key="k"), sample(key="k")])
    paused = await claim_one(store)
    await store.release_expired(START + LEASE)
    await claim_one(store, START + LEASE)
    assert not await store.finish(ended(paused), TaskStatus.COMPLETED, None, START + LEASE)
    assert await claimed(store, now=START + LEASE) == []


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
    assert await found(TaskFilter(id=second)) == [second]
    assert await found(TaskFilter(id=second, source="jira")) == []
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
    await early.record_in(store)
    await late.record_in(store)
    assert await store.standing() == Standing(2, 0, 0, next_due=START - 5)
    claim = await claim_one(store)
    assert await store.standing() == Standing(1, 1, 0, next_due=START)
    await store.finish(failed(claim), TaskStatus.FAILED, None, START)
    assert await store.standing() == Standing(1, 0, 1, next_due=START)


@pytest.mark.parametrize(
    "first",
    [{"priority": -5}, {"source": "z"}, {"source": "a"}, {"programs": ("x",)}, {"key": "k"}],
    ids=str,
)
async def test_the_standing_tells_of_the_task_that_waits_longest_wherever_it_stands(
    store: Store, first: dict[str, Any]
) -> None:
    await sample(at=START - 5, **first).record_in(store)
    await sample(at=START - 4, key="k").record_in(store)
    await sample(priority=7).record_in(store)
    assert (await store.standing()).next_due == START - 5


async def test_the_standing_tells_of_tasks_that_wait_for_their_time(store: Store) -> None:
    await in_burst(START).record_in(store)
    assert await store.standing() == Standing(1, 0, 0, next_due=START + 10)
    await sample(key="k", at=START + 4).record_in(store)
    await sample(key="k", at=START + 3).record_in(store)
    assert await store.standing() == Standing(3, 0, 0, next_due=START + 4)


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


async def test_what_a_full_program_has_left_is_not_waited_for_in_vain(store: Store) -> None:
    await sample(programs=("deploy",) * 3).record_in(store)
    [claim] = await store.claim("w1", 10, LEASE, START, {"deploy": 1})
    assert await within(SOON, store.wait_for_work(0.05)) >= 0.05
    await store.extend([claim.attempt], LEASE, START)
    assert await within(SOON, store.wait_for_work(0.05)) >= 0.05
    waiting = asyncio.create_task(store.wait_for_work(FOREVER))
    await asyncio.sleep(0)
    await finish(store, claim)
    await within(SOON, waiting)


async def test_a_task_of_another_program_wakes_who_waits_for_a_full_one(store: Store) -> None:
    await sample(programs=("deploy",) * 3).record_in(store)
    await store.claim("w1", 10, LEASE, START, {"deploy": 1})
    waiting = asyncio.create_task(store.wait_for_work(FOREVER))
    await asyncio.sleep(0)
    await sample(programs=("notify",)).record_in(store)
    await within(SOON, waiting)


async def test_the_end_of_a_task_wakes_who_waits_for_the_next_of_its_key(store: Store) -> None:
    await record_all(store, [sample(key="k"), sample(key="k")])
    [claim] = await store.claim("w1", 10, LEASE, START)
    assert await within(SOON, store.wait_for_work(0.05)) >= 0.05
    waiting = asyncio.create_task(store.wait_for_work(FOREVER))
    await asyncio.sleep(0)
    await finish(store, claim)
    await within(SOON, waiting)


async def test_the_end_of_a_burst_wakes_who_waits(store: Store) -> None:
    await claimed(store)
    now = time.time()
    given = in_burst(now, wait=0.1)
    await given.record_in(store)
    await within(SOON, store.wait_for_work(FOREVER))
    assert await claimed(store, now=time.time()) == ids_of(given)
    assert time.time() >= now + 0.1


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
    "extend": lambda store: store.extend([], LEASE, START),
    "retry": lambda store: store.retry(TaskFilter(), START),
    "release_expired": lambda store: store.release_expired(START),
    "task": lambda store: store.task("x"),
    "tasks": lambda store: store.tasks(TaskFilter()),
    "delivery": lambda store: store.delivery("x"),
    "deliveries": lambda store: store.deliveries(DeliveryFilter()),
    "count": lambda store: store.count(TaskStatus.PENDING),
    "backlog": lambda store: store.backlog(),
    "standing": lambda store: store.standing(),
    "size": lambda store: store.size(),
    "wait_for_work": lambda store: store.wait_for_work(FOREVER),
    "purge": lambda store: store.purge(START, 1),
    "touch": lambda store: store.touch(),
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
        key=draw(st.none() | text.map(lambda drawn: drawn + delivery.id)),
        priority=draw(st.integers(-100, 100)),
        burst=draw(
            st.none() | st.builds(Burst, text.map(lambda drawn: drawn + delivery.id), times)
        ),
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
    due = min(task.next_attempt_at, task.burst.ends_at) if task.burst else task.next_attempt_at
    task = replace(task, next_attempt_at=due)
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
