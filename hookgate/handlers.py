"""What authors of functions import: ``from hookgate import Event, RetryLater``.

A function is called with the params that it names and, where it names `event`, with an `Event`.
Both are plain Python: a test of such a function needs no gateway.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event that a function is to deal with. A test sets what matters to it.

    `payload` is the parsed payload, and `params` are the values that the rules file takes out of
    the event. Names of `headers` are in lower case; what carried credentials reads ``[redacted]``.
    `received_at` is in seconds since the epoch.

    Every attempt of a task has the same `task_id`, and `attempt` counts them from 1. A task may be
    run more than once, so `task_id` is the key by which to tell what was done before. `event_id` is
    the sender's own id of the event, if there is one.
    """

    payload: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    source: str = ""
    event_type: str = ""
    event_id: str | None = None
    delivery_id: str = ""
    task_id: str = ""
    attempt: int = 1
    program: str = ""
    rule: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    received_at: float = 0.0


class RetryLater(Exception):  # noqa: N818 - it asks for something
    """Raised by a function to be called again, as exit code 75 of a command is.

    It is called again after so many seconds, or, where it does not say, as `retry` of the program
    has it. That also bounds how often; without `retry` there are five attempts.

    `after` may be the text of a number, as a header has it. It is called again also where that is
    no number of seconds: `after` is None then, and the reason says so.
    """

    def __init__(self, reason: str = "", *, after: float | str | None = None) -> None:
        self.after: float | None = None
        if after is not None:
            try:
                self.after = _seconds(after)
            except (TypeError, ValueError, OverflowError) as error:
                reason = f"{reason} (after: {error})".lstrip()
        super().__init__(reason)


def _seconds(after: float | str) -> float:
    seconds = float(after)
    if not 0 <= seconds < math.inf:
        raise ValueError(f"{seconds} is no number of seconds to wait")
    return seconds
