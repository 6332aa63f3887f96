"""What a template process is asked for, and whether it is the right one to ask."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping

from hookgate.core.environment import INHERITED
from hookgate.runners.started import Invocation
from hookgate.runners.warm.inside import told

_READ_AT_START = ("PYTHON", "LC_", "LD_", "MALLOC_", "GLIBC_", "LANGUAGE", *INHERITED)
"""How variables begin that an interpreter or the C library reads when it starts."""


def start_request(invocation: Invocation) -> bytes:
    """Asks for a fork."""
    argv = _joined(invocation.argv)
    env = _joined(f"{name}={value}" for name, value in invocation.env.items())
    cwd = os.fsencode(invocation.working_dir)
    head = told.REQUEST.pack(told.START, len(argv), len(env), len(cwd), 0)
    return b"".join((head, argv, env, cwd))


def _joined(items: Iterable[str]) -> bytes:
    return b"\0".join(map(os.fsencode, items))


def _size(invocation: Invocation) -> int:
    """About as many bytes as the kernel would count."""
    words = sum(len(word) for word in invocation.argv)
    return words + sum(len(name) + len(value) for name, value in invocation.env.items())


def read_at_start(env: Mapping[str, str]) -> dict[str, str]:
    """The variables that an interpreter is started anew for."""
    return {name: value for name, value in env.items() if name.startswith(_READ_AT_START)}


def can_be_asked(invocation: Invocation) -> bool:
    """Whether the system would take it: it says best why not, when a process is started."""
    small = _size(invocation) < os.sysconf("SC_ARG_MAX")
    return small and all(name and "=" not in name for name in invocation.env)
