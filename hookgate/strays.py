"""Strays: processes of a task that are still there after what should have ended them.

That is a gateway that was killed, or the end of a process group that they had left. A program knows
its task by a variable, and whatever it starts inherits it, in other groups and sessions as well. So
/proc tells which processes belong to a task, with nothing written down before.

What is not found: a process whose environment was emptied (env -i, sudo) or written over (some
programs that set their title), unless one that is found shares its process group; one of another
user; and anything where there is no /proc as Linux has it.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterable, Iterator, Set
from contextlib import suppress
from typing import NamedTuple

from hookgate.core.tasks import ATTEMPT_VARIABLE, TASK_VARIABLE

PATIENCE = 5.0
"""Seconds after which processes are left that have been killed and are still there: the kernel may
need longer for one that waits for a disk, but lets it do nothing more of its own."""

_PAUSE = 0.05
_QUIET_LOOKS = 2

_LISTINGS = 100
"""How often a look lists the processes at most: on some machines there are new ones each time."""

_UNREADABLE = (FileNotFoundError, ProcessLookupError, PermissionError)


class Stray(NamedTuple):
    """A process of a task, and its process group."""

    process: int
    group: int


def end_strays(task_ids: Iterable[str], attempt: int | None = None) -> None:
    """Kill the processes of these tasks with their process groups, until none is left; this blocks.

    With `attempt` only those of that attempt.

    One look at /proc can miss a process that the dying gateway had just started and that has its
    environment only a moment later. So it takes two looks in a row that find nothing, with a pause
    between.
    """
    tasks = frozenset(f"{TASK_VARIABLE}={task_id}".encode() for task_id in task_ids)
    if not tasks:
        return
    further = frozenset() if attempt is None else {f"{ATTEMPT_VARIABLE}={attempt}".encode()}
    deadline = time.monotonic() + PATIENCE
    quiet = 0
    while quiet < _QUIET_LOOKS and time.monotonic() < deadline:
        found = False
        for stray in find_strays(tasks, further):
            _kill(stray)
            found = True
        quiet = 0 if found else quiet + 1
        if quiet < _QUIET_LOOKS:
            time.sleep(_PAUSE)


def find_strays(tasks: Set[bytes], further: Set[bytes] = frozenset()) -> Iterator[Stray]:
    """The processes but ourselves that have one entry of `tasks` and all of `further`.

    That is, in their environment.

    The newest first, and then those that have begun meanwhile, so that one which goes on as its own
    child is met before it has moved on again.
    """
    seen = {os.getpid()}
    for _ in range(_LISTINGS):
        new = _processes() - seen
        if not new:
            return
        seen |= new
        for process in sorted(new, reverse=True):
            with suppress(*_UNREADABLE):
                yield from _stray(process, tasks, further)


def _processes() -> set[int]:
    try:
        with os.scandir("/proc") as entries:
            return {int(entry.name) for entry in entries if entry.name.isdecimal()}
    except FileNotFoundError:
        return set()


def _stray(process: int, tasks: Set[bytes], further: Set[bytes]) -> Iterator[Stray]:
    # What is read below one descriptor is of one process, also where its id is soon another's.
    directory = os.open(f"/proc/{process}", os.O_RDONLY | os.O_DIRECTORY)
    try:
        environ = set(_read(directory, "environ").split(b"\0"))
        if not environ.isdisjoint(tasks) and environ >= further:
            _, _, behind_its_name = _read(directory, "stat").rpartition(b") ")
            _, _, group, *_ = behind_its_name.split()
            yield Stray(process, int(group))
    finally:
        os.close(directory)


def _read(directory: int, name: str) -> bytes:
    with os.fdopen(os.open(name, os.O_RDONLY, dir_fd=directory), "rb") as file:
        return file.read()


def _kill(stray: Stray) -> None:
    """Kill its group at one blow, so that nothing in it can start another meanwhile.

    Ids are handed out in turn: between the look and this no other process can have got the number.
    Our own group is not ended, for whoever starts a gateway from a program; 0 is one that cannot
    be seen from here.
    """
    with suppress(ProcessLookupError, PermissionError):
        if stray.group in (0, os.getpgrp()):
            os.kill(stray.process, signal.SIGKILL)
        else:
            os.killpg(stray.group, signal.SIGKILL)
