"""The process that calls a function: one call after the other, until it is to end."""

from __future__ import annotations

import faulthandler
import json
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, TextIO, cast

from msgspec import Struct

from hookgate.handlers import Event
from hookgate.runners.functions.calling import Loop, Outcome, binding, outcome_of
from hookgate.runners.functions.frames import After, Answer, Told, answer_frame, receive_call
from hookgate.runners.functions.loading import Files, load_function
from hookgate.runners.lifeline import hold_to
from hookgate.runners.warm.inside.surface import Surface
from hookgate.runners.warm.inside.told import ROOM


class Assignment(Struct, frozen=True):
    """What a process is there for; `channel` and `lifeline` are descriptors it was started with."""

    channel: int
    lifeline: int
    file: str
    function: str
    working_dir: str
    max_tasks: int | None
    max_memory: int | None


def main(assignment: Assignment) -> int:
    """Take calls; the exit status."""
    hold_to(assignment.lifeline)
    # When its time is over, the stack tells what it was doing. Then the signal ends it.
    faulthandler.register(signal.SIGTERM, all_threads=False, chain=True)
    for stream in (sys.stdout, sys.stderr):
        cast(Any, stream).reconfigure(encoding="utf-8", errors="backslashreplace")
    # Reading through a buffer takes a small call in one go.
    with socket.socket(fileno=assignment.channel) as gateway, gateway.makefile("rb") as calls:
        gateway.set_inheritable(False)
        worker = _Worker(assignment, _own_surface())
        if (status := worker.load()) != 0:
            return status
        while (told := receive_call(calls)) is not None:
            answer = worker.answer(told)
            gateway.sendall(answer_frame(answer))
            if answer.after is not After.GOES_ON:
                break
    return 0


class _Worker:
    """A function that is called; how often, and what came of it."""

    def __init__(self, assignment: Assignment, surface: Surface | None) -> None:
        self._assignment = assignment
        self._surface = surface
        self._process = os.getpid()
        self._loop = Loop()
        self._files = Files(assignment.file)
        self._calls = 0

    def load(self) -> int:
        """Find the function; not 0 where that cannot be done."""

        def load() -> None:
            self._function = load_function(self._assignment.file, self._assignment.function)
            self._arguments = binding(self._function)

        status, _ = self._ended(load)
        self._files.note_imports()
        return status

    def answer(self, told: Told) -> Answer:
        """Make a call, unless it is another function now."""
        if self._files.changed():
            return Answer(After.STALE)
        self._calls += 1
        self._show(told.variables)
        status, retry_after = self._ended(lambda: self._call(told))
        self._files.note_imports()
        after = After.ENDS if self._is_used_up() else After.GOES_ON
        return Answer(after, status, retry_after)

    def _call(self, told: Told) -> object:
        os.chdir(self._assignment.working_dir)
        _set_variables(told.variables)
        event = Event(payload=json.loads(told.payload), **told.about)
        return self._loop.result(self._function(**self._arguments(event)))

    def _show(self, variables: dict[str, str]) -> None:
        """Have the kernel show these: what the function forks is found by them, see `strays`.

        The last come first: they tell the task, and there may not be room for all.
        """
        shown = [os.fsencode(f"{name}={value}") for name, value in reversed(variables.items())]
        if self._surface is not None:
            with suppress(OSError):  # the function has taken all descriptors
                self._surface.show([], shown)

    def _ended(self, act: Callable[[], object]) -> Outcome:
        outcome = outcome_of(act, self._assignment.file)
        _flush(sys.stdout)
        _flush(sys.stderr)
        if os.getpid() != self._process:
            # A fork that comes back from the function has the channel too, and no part in it.
            os._exit(outcome[0])
        return outcome

    def _is_used_up(self) -> bool:
        if sys.stdout.closed or sys.stderr.closed:  # nothing more would be heard of it
            return True
        most = self._assignment.max_tasks
        if most is not None and self._calls >= most:
            return True
        limit = self._assignment.max_memory
        return limit is not None and _memory() > limit


def _own_surface() -> Surface | None:
    """What the kernel shows of this process; None where it has no /proc.

    All variables are set anew, so that the C library has none in that memory any more.
    """
    variables = {name: value for name, value in os.environ.items() if name != ROOM}
    os.environ.clear()
    os.environ.update(variables)
    try:
        return Surface()
    except (OSError, ValueError):
        return None


def _set_variables(wanted: Mapping[str, str]) -> None:
    """Have these variables and no others, whatever the call before has set."""
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value


def _flush(stream: TextIO) -> None:
    with suppress(OSError, ValueError):  # the function has closed it
        stream.flush()


def _memory() -> int:
    """The bytes that this process holds; where there is no /proc, the most it has ever held."""
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - once a call
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
