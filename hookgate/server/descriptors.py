"""How many connections the process has descriptors for."""

from __future__ import annotations

import resource

from hookgate.core.config import Config
from hookgate.core.programs import CommandProgram, FunctionProgram
from hookgate.engine import journal

_OWN = 64
"""Descriptors for the store, the listener, the event loop and whatever is open for a moment."""

_PER_PROGRAM = 8
"""Descriptors while a program is started and runs: both ends of its pipes, a payload file."""

_PER_LIVING = 5
"""Descriptors of a process that functions are called in, also while it has nothing to do."""

_PER_TEMPLATE = 3
"""Descriptors of an interpreter from which a warm command begins."""


def for_programs(config: Config) -> int:
    """How many descriptors the programs need that run, or that are held ready, at most."""
    held = 0
    for program in config.programs.values():
        if isinstance(program, FunctionProgram):
            held += _PER_LIVING * program.concurrency
        elif isinstance(program, CommandProgram) and program.warm is not None:
            held += _PER_TEMPLATE
    return held + _PER_PROGRAM * config.server.concurrency


def connections_possible(wanted: int, programs: int) -> int:
    """How many of the connections `wanted` there are descriptors for beside those of `programs`.

    Without a descriptor neither a connection nor a program can begin, and 1,024 are what a process
    has by default: more are asked for where these are too few.
    """
    others = _OWN + programs
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if _is_enough(soft, wanted + others):
        return wanted
    granted = wanted + others if _is_enough(hard, wanted + others) else hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (granted, hard))
    return max(1, min(wanted, granted - others))


def connections_granted(wanted: int, programs: int) -> int:
    """The same; where they are fewer than `wanted`, the operator is told."""
    possible = connections_possible(wanted, programs)
    if possible < wanted:
        journal.fewer_connections(wanted, possible)
    return possible


def _is_enough(limit: int, wanted: int) -> bool:
    return limit == resource.RLIM_INFINITY or limit >= wanted
