"""Whether a failed attempt is followed by another, and when.

Pure arithmetic: the caller brings the time, and the chance that spreads retries.
"""

from __future__ import annotations

import re
from typing import Literal, TypeAlias

from msgspec import Struct

TEMPORARY_FAILURE = 75
"""The exit code that asks for a retry: EX_TEMPFAIL of sysexits.h."""

LONGEST_ASKED = 24 * 3600.0
"""Seconds that a program can ask to wait at most."""

Backoff: TypeAlias = Literal["fixed", "exponential"]

_ASKED = re.compile(r"HOOKGATE_RETRY_AFTER=([0-9]{1,9}(?:\.[0-9]{1,3})?)")


class Retry(Struct, frozen=True):
    """How often a program is tried, and how long it waits between; times in seconds.

    The first wait is `initial`; with exponential backoff each is twice the one before. None is
    longer than `longest`. Up to the share `jitter` of a wait is left out at random, so that what
    failed together is not tried again together. `on` holds the exit codes that are tried again;
    None is any failure.
    """

    attempts: int
    backoff: Backoff = "exponential"
    initial: float = 10.0
    longest: float = 3600.0
    jitter: float = 0.2
    on: frozenset[int] | None = None


UNASKED = Retry(attempts=5)
"""For programs without `retry` that end with `TEMPORARY_FAILURE`."""


class Failure(Struct, frozen=True):
    """How an attempt failed.

    `exit_code` is None where no process ended by itself. `output` is what the program printed to
    standard output. `hopeless` tells that no attempt of this task can ever go otherwise.
    `retry_after` is the wait in seconds that was asked for otherwise than in the output.
    """

    exit_code: int | None
    output: str
    hopeless: bool = False
    retry_after: float | None = None


def wait_before_retry(
    retry: Retry | None, failure: Failure, tries: int, chance: float
) -> float | None:
    """How many seconds to wait for the next attempt; None where there is none.

    `tries` counts the attempts that were made, the failed one included. `chance` is a random number
    from 0 to 1.
    """
    policy = _policy(retry, failure)
    if policy is None or tries >= policy.attempts:
        return None
    asked = _asked_wait(failure)
    return _backoff(policy, tries, chance) if asked is None else asked


def _policy(retry: Retry | None, failure: Failure) -> Retry | None:
    """By which rules this failure is tried again, if it is."""
    if failure.hopeless:
        return None
    if failure.exit_code == TEMPORARY_FAILURE:
        return retry or UNASKED
    if retry is None or retry.on is None or failure.exit_code in retry.on:
        return retry
    return None


def _asked_wait(failure: Failure) -> float | None:
    """The wait that was asked for, if only by the last line of the output that is not blank."""
    if failure.retry_after is not None:
        return min(max(failure.retry_after, 0.0), LONGEST_ASKED)
    *_, last = failure.output.rstrip().rpartition("\n")
    asked = _ASKED.fullmatch(last.strip())
    return None if asked is None else min(float(asked[1]), LONGEST_ASKED)


def _backoff(retry: Retry, tries: int, chance: float) -> float:
    factor = 2.0 ** (tries - 1) if retry.backoff == "exponential" else 1.0
    return min(retry.initial * factor, retry.longest) * (1 - retry.jitter * chance)
