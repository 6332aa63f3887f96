"""When there is room for another delivery, and when there will be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.core.backlog import (
    LONGEST_WAIT,
    SHORTEST_WAIT,
    UNMEASURED_WAIT,
    WINDOW,
    Backlog,
    Drain,
    is_full,
    over,
    wait_for_room,
    why_full,
)

MOST = Backlog(tasks=100, bytes=1_000)
ONE = Backlog(tasks=1, bytes=5)


@pytest.mark.parametrize(
    ("pending", "more", "bound"),
    [
        (Backlog(99, 0), ONE, None),
        (Backlog(100, 0), ONE, "tasks"),
        (Backlog(99, 0), Backlog(2, 0), "tasks"),
        (Backlog(1, 995), ONE, None),
        (Backlog(1, 996), ONE, "bytes"),
        (Backlog(100, 1_000), Backlog(0, 0), None),
        (Backlog(0, 0), Backlog(500, 5_000), None),
    ],
    ids=str,
)
def test_a_delivery_is_taken_where_both_numbers_allow_it(
    pending: Backlog, more: Backlog, bound: str | None
) -> None:
    assert over(pending, more, MOST) == bound


def test_full_is_where_not_even_the_smallest_would_be_taken() -> None:
    assert not is_full(Backlog(99, 999), MOST)
    assert is_full(Backlog(100, 0), MOST)
    assert is_full(Backlog(1, 1_000), MOST)


def test_it_is_told_which_key_leaves_no_room() -> None:
    full = Backlog(100, 1_000)
    assert why_full(full, "tasks", MOST) == "100 tasks are pending of 100 (store.max_pending.tasks)"
    assert why_full(full, "bytes", MOST).endswith("(store.max_pending.bytes)")


def test_the_rate_is_that_of_the_last_minute() -> None:
    drain = Drain(now=1_000.5)
    assert drain.rate(1_000.5) == 0
    for second in range(120):
        for _ in range(3):
            drain.ended(1_001.5 + second)
    assert drain.rate(1_120.5) == pytest.approx(3)
    assert drain.rate(1_120.5 + WINDOW / 2) == pytest.approx(1.5, abs=0.1)
    assert drain.rate(1_121.5 + WINDOW) == 0


def test_shortly_after_the_start_the_rate_is_that_of_the_time_since() -> None:
    drain = Drain(now=1_000.0)
    for _ in range(20):
        drain.ended(1_004.0)
    assert drain.rate(1_010.0) == pytest.approx(2)


def test_the_wait_is_until_a_tenth_of_the_limit_is_free() -> None:
    assert wait_for_room(Backlog(100, 0), ONE, MOST, rate=1) == pytest.approx(11)
    assert wait_for_room(Backlog(100, 0), ONE, MOST, rate=0.5) == pytest.approx(22)
    half = Backlog(50, 1_000)  # of which 105 bytes have to go, so more than five tasks
    assert wait_for_room(half, ONE, MOST, rate=1) == pytest.approx(5.25)


def test_where_nothing_has_ended_the_wait_is_a_guess() -> None:
    assert wait_for_room(Backlog(100, 0), ONE, MOST, rate=0) == UNMEASURED_WAIT


NUMBERS = st.integers(0, 2**40)
BACKLOGS = st.builds(Backlog, NUMBERS, NUMBERS)


@given(BACKLOGS, BACKLOGS, st.builds(Backlog, st.integers(1), st.integers(1)), st.floats(0, 1e9))
def test_the_wait_is_bounded_whatever_is_pending(
    pending: Backlog, more: Backlog, most: Backlog, rate: float
) -> None:
    assert SHORTEST_WAIT <= wait_for_room(pending, more, most, rate) <= LONGEST_WAIT


@given(BACKLOGS, BACKLOGS, BACKLOGS)
def test_there_is_never_more_pending_than_the_limit_and_one_delivery(
    pending: Backlog, more: Backlog, most: Backlog
) -> None:
    if over(pending, more, most) is None and more.tasks and pending.tasks:
        assert pending.tasks + more.tasks <= most.tasks
        assert pending.bytes + more.bytes <= most.bytes


@given(st.lists(st.floats(0, 200), max_size=50), st.floats(0, 300))
def test_no_end_is_counted_for_longer_than_the_window(ends: list[float], after: float) -> None:
    drain = Drain(now=0.0)
    for now in sorted(ends):
        drain.ended(now)
    now = max(ends, default=0.0) + after
    recent = [end for end in ends if end > now - WINDOW - 1]
    certain = [end for end in ends if end > now - WINDOW + 1]
    counted = drain.rate(now) * min(max(now, 1.0), WINDOW)
    assert len(certain) - 1e-6 <= counted <= len(recent) + 1e-6
