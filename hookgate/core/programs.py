"""Programs: what a rule starts, as a runner runs it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from hookgate.core.retry import Retry
from hookgate.core.templates import Template


class Program(Struct, frozen=True, kw_only=True):
    """What every kind of program has. Times in seconds, sizes in bytes.

    `params` None means every param of the source. `working_dir` is absolute. `retry` None is one
    attempt, unless the program itself asks for more (see `core.retry`). At most `concurrency`
    attempts run at the same time; None is any number.
    """

    name: str
    working_dir: str
    params: tuple[str, ...] | None = None
    timeout: float = 300.0
    run_async: bool = True
    exit_status: Mapping[int, int] = field(default_factory=dict)
    env: Mapping[str, Template] = field(default_factory=dict)
    max_output: int = 64 * 1024
    retry: Retry | None = None
    concurrency: int | None = None


class Warm(Struct, frozen=True):
    """How a script in Python starts warm: `words` of its command come before it, the interpreter
    and its options. The modules of `preload` are imported before it starts."""

    words: int
    preload: tuple[str, ...] = ()


class CommandProgram(Program, kw_only=True, frozen=True):
    """A program that is a command line.

    `flags` tells whether params, the event type and the payload are appended as ``--name=value``.
    `warm` None is a process that is started from nothing.
    """

    command: tuple[Template, ...]
    flags: bool = True
    warm: Warm | None = None


class FunctionProgram(Program, kw_only=True, frozen=True):
    """A program that is a function in Python, called in living processes.

    `file` is the absolute path of its file and `function` its name there; `shown` is both as they
    are written. There are as many processes as `concurrency` tells, at most. One is replaced when
    it has run `max_tasks` tasks, or when it holds more than `max_memory` at the end of one; None is
    never.
    """

    file: str
    function: str
    shown: str
    concurrency: int
    max_tasks: int | None = None
    max_memory: int | None = None
