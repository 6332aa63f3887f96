"""A machine that is short of something, as far as this process can tell."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


@contextmanager
def no_threads() -> Iterator[None]:
    """Let no thread be started."""

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with pytest.MonkeyPatch.context() as short:
        short.setattr(threading.Thread, "start", refuse)
        yield
