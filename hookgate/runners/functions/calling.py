"""Calling a function as its parameters want it, and telling how that ended."""

from __future__ import annotations

import inspect
import json
import sys
import traceback
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from hookgate.handlers import Event, RetryLater
from hookgate.runners.functions.loading import Function

if TYPE_CHECKING:
    import asyncio

Outcome: TypeAlias = tuple[int, float | None]
"""The exit status of a process that ends alike, and the wait that was asked for."""

_RETRY = 75
_EVENT = "event"


def binding(function: Function) -> Callable[[Event], dict[str, Any]]:
    """From an event to the arguments of a function: the params that it names, and the event."""
    parameters = inspect.signature(function).parameters.values()
    names = [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]
    takes_any = any(each.kind is each.VAR_KEYWORD for each in parameters)
    wants_event = _EVENT in names

    def arguments(event: Event) -> dict[str, Any]:
        params: Mapping[str, Any] = event.params
        given = {name: params[name] for name in (params if takes_any else names) if name in params}
        return {**given, _EVENT: event} if wants_event else given

    return arguments


def outcome_of(act: Callable[[], object], file: str) -> Outcome:
    """Do something that a program of its own could do as well, and say how that would have ended.

    What it returns is printed, and what it raises is told as CPython would, but for the frames that
    led to `file`.
    """
    try:
        _print_returned(act())
    except SystemExit as leaving:
        return _status(leaving.code), None
    except RetryLater as asked:
        print(str(asked) or "it asked to be called again", file=sys.stderr)
        return _RETRY, asked.after
    except BaseException as error:
        print(_told(error, file), end="", file=sys.stderr)
        return 1, None
    return 0, None


class Loop:
    """The event loop of a process, where one is needed: asyncio takes longer to import than all the
    rest. It is kept from call to call, with the connections that belong to it."""

    def __init__(self) -> None:
        self._runner: asyncio.Runner | None = None

    def result(self, returned: object) -> object:
        """What a function returned, or what comes of it where that has to be awaited."""
        if not inspect.isawaitable(returned):
            return returned

        async def awaited() -> object:
            return await returned

        return self._running().run(awaited())

    def _running(self) -> asyncio.Runner:
        if self._runner is None:
            import asyncio

            self._runner = asyncio.Runner()
        return self._runner


def _print_returned(value: object) -> None:
    """Text is printed as it is, nothing for None, and anything else as JSON on a line."""
    if isinstance(value, str):
        print(value, end="")
    elif value is not None:
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise TypeError(f"what the function returned is not JSON: {error}") from None
        print(text)


def _status(code: object) -> int:
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _told(error: BaseException, file: str) -> str:
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename != file:
        frames = frames.tb_next
    return "".join(traceback.format_exception(type(error), error, frames))
