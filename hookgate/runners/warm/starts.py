"""The template processes of all programs that start warm."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import cast

from hookgate.core.environment import Unrunnable, passed_on, variables_at_start
from hookgate.core.programs import CommandProgram, Warm
from hookgate.core.templates import fill
from hookgate.runners.executable import find_executable
from hookgate.runners.started import Invocation, Start, Started, spawned
from hookgate.runners.warm.template import TemplateProcess

_AGAIN_AFTER = 60.0
"""Seconds until a template process is tried again that could not be made ready."""

_log = logging.getLogger("hookgate")


class WarmStarts:
    """A template process for each program that asks for it, as far as this machine can do that.

    Nothing waits for one: while it is not ready, or cannot be had, the script is started from
    nothing, which is the same but for the time it takes. Why it cannot be had is logged.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = passed_on(environ)
        self._lock = threading.Lock()
        self._slots: dict[str, _Slot] = {}

    def use(self, programs: Iterable[CommandProgram]) -> None:
        """Have a template made ready for each of these, and none for others."""
        wanted = {program.name: program for program in programs if program.warm is not None}
        with self._lock:
            for name, slot in list(self._slots.items()):
                if wanted.get(name) != slot.program:
                    self._slots.pop(name).retire()
            for name, program in wanted.items():
                self._slots.setdefault(name, _Slot(program, self._environ)).template()

    def start_of(self, program: CommandProgram) -> Start:
        """How an attempt of a program is started."""
        return spawned if program.warm is None else partial(self._started, program)

    def ready(self, program: CommandProgram) -> TemplateProcess | None:
        """The template of a program where it is ready; one is made where it is no more."""
        with self._lock:
            slot = self._slots.get(program.name)
            template = slot.template() if slot is not None and slot.program == program else None
        return template if template is not None and template.ready() else None

    def close(self) -> None:
        """End every template; those that still have forks, as soon as those have ended."""
        with self._lock:
            for slot in self._slots.values():
                slot.retire()
            self._slots.clear()

    @contextmanager
    def _started(self, program: CommandProgram, invocation: Invocation) -> Iterator[Started]:
        template = self.ready(program)
        if template is not None and template.fits(invocation):
            with template.forked(invocation) as fork:
                if fork is not None:
                    yield fork
                    return
        with spawned(invocation) as process:
            yield process


class _Slot:
    """The template of one program, and when there may be another."""

    def __init__(self, program: CommandProgram, environ: Mapping[str, str]) -> None:
        self.program = program
        self._environ = environ
        self._template: TemplateProcess | None = None
        self._not_before = 0.0
        self._told = ""

    def template(self) -> TemplateProcess | None:
        """The template, a new one where the old one is of no more use; None is none for now."""
        if self._template is not None and self._template.failure is not None:
            self._give_up(self._template.failure)
        if self._template is None and time.monotonic() >= self._not_before:
            self._begin()
        return self._template

    def retire(self) -> None:
        """End the template when it has no more forks."""
        if self._template is not None:
            self._template.retire()
            self._template = None

    def _begin(self) -> None:
        if not _can_watch_others():
            self._put_off("the system does not tell of the exit of another's child")
            return
        try:
            self._template = _template_for(self.program, self._environ)
        except (OSError, ValueError) as error:
            self._put_off(getattr(error, "strerror", None) or str(error))

    def _give_up(self, failure: str) -> None:
        """One that is out of date is replaced at once."""
        self.retire()
        if failure:
            self._put_off(failure)

    def _put_off(self, reason: str) -> None:
        self._not_before = time.monotonic() + _AGAIN_AFTER
        if reason != self._told:
            self._told = reason
            fields = {
                "program": self.program.name,
                "reason": f"it is started from nothing: {reason}",
            }
            _log.warning("warm", extra={"fields": fields})


def _template_for(program: CommandProgram, environ: Mapping[str, str]) -> TemplateProcess | None:
    """None where its interpreter cannot be found, which every attempt tells for itself."""
    warm = cast(Warm, program.warm)
    env = variables_at_start(program, environ)
    argv = [fill(word, {}) for word in program.command[: warm.words + 1]]
    executable = find_executable(argv[0], env, program.working_dir)
    if isinstance(executable, Unrunnable):
        return None
    return TemplateProcess(executable, argv, env, program.working_dir, warm.preload)


def _can_watch_others() -> bool:
    """Whether the exit of a process can be learnt that is not our child: Linux 5.3 and later."""
    with suppress(AttributeError, OSError):
        os.close(os.pidfd_open(os.getpid()))
        return True
    return False
