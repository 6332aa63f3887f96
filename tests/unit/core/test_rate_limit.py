"""Token buckets."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.core.config import RateLimit
from hookgate.core.rate_limit import MAX_BUCKETS, Buckets


def test_a_burst_passes_at_once_and_then_one_in_its_share_of_the_time() -> None:
    buckets = Buckets(RateLimit(requests=6, per=60.0, burst=3))
    assert [buckets.take("", 100.0) for _ in range(4)] == [0.0, 0.0, 0.0, 10.0]
    assert buckets.take("", 104.0) == 6.0
    assert buckets.take("", 110.0) == 0.0
    assert buckets.take("", 110.0) == 10.0


def test_who_waits_as_long_as_is_told_is_let_in() -> None:
    buckets = Buckets(RateLimit(requests=3, per=1.0, burst=1))
    now = 0.1
    assert buckets.take("", now) == 0.0
    for _ in range(1000):
        now += buckets.take("", now)
        assert buckets.take("", now) == 0.0


def test_a_quiet_time_gives_no_more_than_a_burst() -> None:
    buckets = Buckets(RateLimit(requests=10, per=1.0, burst=2))
    assert [buckets.take("", 1e6) > 0 for _ in range(3)] == [False, False, True]


def test_keys_are_counted_apart() -> None:
    buckets = Buckets(RateLimit(requests=1, per=60.0, burst=1))
    assert [buckets.take(key, 5.0) for key in "aba"] == [0.0, 0.0, 60.0]


def test_the_key_that_was_not_used_for_longest_is_forgotten() -> None:
    buckets = Buckets(RateLimit(requests=1, per=60.0, burst=1))
    buckets.take("oldest", 1.0)
    for number in range(MAX_BUCKETS - 1):
        buckets.take(str(number), 2.0)
    assert buckets.take("oldest", 3.0) > 0
    buckets.take("one more", 3.0)
    assert buckets.take("oldest", 3.0) == 0.0
    assert buckets.take("5", 3.0) > 0


@given(
    st.integers(1, 20),
    st.sampled_from([0.5, 1.0, 60.0]),
    st.integers(1, 20),
    st.lists(st.floats(0, 30), min_size=1, max_size=60),
)
def test_never_more_than_the_burst_and_what_came_since(
    requests: int, per: float, burst: int, pauses: list[float]
) -> None:
    buckets = Buckets(RateLimit(requests, per, burst))
    now = 0.0
    taken: list[float] = []
    for pause in pauses:
        now += pause
        if not buckets.take("", now):
            taken.append(now)
        for index, since in enumerate(taken):
            most = burst + (now - since) * requests / per
            assert len(taken) - index <= most + 1e-3


@pytest.mark.parametrize(
    ("limit", "words"), [(RateLimit(100, 60.0, 20), "100 in 60 s, 20 at once")]
)
def test_a_limit_in_words(limit: RateLimit, words: str) -> None:
    assert str(limit) == words
