"""Starting processes of hookgate's own."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

FOR_THE_GATEWAY = {signal.SIGHUP, signal.SIGINT, signal.SIGTERM}
"""Signals that a terminal or a supervisor sends to the gateway and all its processes."""


def python_module(name: str) -> list[str]:
    """The words that run a module of ours, with `module_environment`.

    It imports the very modules that this process has, and nothing that happens to lie in the
    working directory.
    """
    return [sys.executable, "-P", "-m", name]


def module_environment() -> Mapping[str, str]:
    """Our environment, with our own search path in it."""
    search_path = os.pathsep.join(entry or str(os.getcwd()) for entry in sys.path)  # noqa: PTH109
    return os.environ | {"PYTHONPATH": search_path}


@contextmanager
def blocked(signals: set[signal.Signals]) -> Iterator[None]:
    """What is blocked here stays blocked in the processes that are started meanwhile."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
