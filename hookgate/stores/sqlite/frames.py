"""What goes between a gateway and the writing process: `Write`s one way, `Answers` the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeAlias

Write: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
"""A verb of `writes` and its arguments after the connection."""


class Answers(NamedTuple):
    """What came of the oldest writes that had no answer yet: a result each, or its fault.

    `due` is when a claim may next hand out a task: minus infinity is now, infinity when something
    has changed. None where nothing was committed.
    """

    results: list[object]
    due: float | None
