"""Whether and when a failed attempt is followed by another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.core.retry import LONGEST_ASKED, UNASKED, Failure, Retry, wait_before_retry

FAILED = Failure(exit_code=1, output="")
TEMPORARY = Failure(exit_code=75, output="")
STEADY = Retry(attempts=9, initial=10, longest=60, jitter=0)


def waits(retry: Retry | None, failure: Failure, chance: float = 0.5) -> list[float]:
    """Every wait of a task that fails for ever."""
    found: list[float] = []
    while (wait := wait_before_retry(retry, failure, len(found) + 1, chance)) is not None:
        found.append(wait)
    return found


def test_without_retry_a_failure_is_final() -> None:
    assert waits(None, FAILED) == []


def test_exponential_waits_double_up_to_the_longest() -> None:
    assert waits(STEADY, FAILED) == [10, 20, 40, 60, 60, 60, 60, 60]


def test_fixed_waits_are_all_the_same() -> None:
    assert waits(Retry(3, "fixed", initial=7, jitter=0), FAILED) == [7, 7]


def test_one_attempt_is_never_followed_by_another() -> None:
    assert waits(Retry(attempts=1), FAILED) == []
    assert waits(Retry(attempts=1), TEMPORARY) == []


def test_exit_75_asks_for_a_retry_where_none_is_configured() -> None:
    assert waits(None, TEMPORARY, chance=0) == [10, 20, 40, 80]
    assert waits(UNASKED, FAILED) == waits(None, TEMPORARY)


@pytest.mark.parametrize(
    ("exit_code", "retried"), [(1, False), (2, True), (3, True), (75, True), (None, False)]
)
def test_only_the_exit_codes_named_are_tried_again_and_75_is_always(
    exit_code: int | None, retried: bool
) -> None:
    retry = Retry(attempts=2, on=frozenset({2, 3}))
    assert bool(waits(retry, Failure(exit_code, ""))) is retried


def test_without_named_exit_codes_a_timeout_is_tried_again_too() -> None:
    assert len(waits(STEADY, Failure(None, ""))) == 8


@pytest.mark.parametrize("exit_code", [None, 75])
def test_what_can_never_run_is_never_tried_again(exit_code: int | None) -> None:
    assert waits(STEADY, Failure(exit_code, "", hopeless=True)) == []


@pytest.mark.parametrize(
    ("output", "wait"),
    [
        ("HOOKGATE_RETRY_AFTER=90", 90),
        ("busy\nHOOKGATE_RETRY_AFTER=1.5\n", 1.5),
        ("busy\r\n  HOOKGATE_RETRY_AFTER=0  \r\n\n", 0),
        ("HOOKGATE_RETRY_AFTER=86401", LONGEST_ASKED),
        ("HOOKGATE_RETRY_AFTER=999999999", LONGEST_ASKED),
        ("HOOKGATE_RETRY_AFTER=90\nmore", 10),
        ("x HOOKGATE_RETRY_AFTER=90", 10),
        ("HOOKGATE_RETRY_AFTER=-1", 10),
        ("HOOKGATE_RETRY_AFTER=nan", 10),
        ("HOOKGATE_RETRY_AFTER=1e3", 10),
        ("HOOKGATE_RETRY_AFTER=9999999999", 10),
        ("HOOKGATE_RETRY_AFTER=\u0661", 10),
        ("HOOKGATE_RETRY_AFTER=", 10),
        ("", 10),
    ],
)
def test_the_last_line_of_the_output_says_when(output: str, wait: float) -> None:
    assert wait_before_retry(STEADY, Failure(1, output), 1, 0) == wait


@pytest.mark.parametrize(
    ("asked", "wait"),
    [(0, 0), (2.5, 2.5), (-1, 0), (1e9, LONGEST_ASKED), (float("inf"), LONGEST_ASKED)],
)
def test_what_a_function_asks_for_goes_before_its_output(asked: float, wait: float) -> None:
    failure = Failure(75, "HOOKGATE_RETRY_AFTER=7", retry_after=asked)
    assert wait_before_retry(STEADY, failure, 1, 0) == wait


def test_what_the_output_asks_for_gives_no_more_tries() -> None:
    asking = "HOOKGATE_RETRY_AFTER=1"
    assert wait_before_retry(STEADY, Failure(1, asking), 9, 0) is None
    assert wait_before_retry(None, Failure(1, asking), 1, 0) is None


@given(
    attempts=st.integers(1, 100),
    initial=st.floats(0.001, 1e7),
    longest=st.floats(0.001, 1e7),
    jitter=st.floats(0, 1),
    chance=st.floats(0, 1),
)
def test_no_wait_is_longer_than_the_longest_nor_shorter_than_jitter_allows(
    attempts: int, initial: float, longest: float, jitter: float, chance: float
) -> None:
    retry = Retry(attempts, "exponential", initial, longest, jitter)
    found = waits(retry, FAILED, chance)
    assert len(found) == attempts - 1
    whole = waits(Retry(attempts, "exponential", initial, longest, 0), FAILED)
    for wait, without in zip(found, whole, strict=True):
        assert without <= longest
        assert without * (1 - jitter) - 1e-9 <= wait <= without
