"""How the exit of a child process is learnt without reaping it and without polling."""

from __future__ import annotations

import os
import select
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


@contextmanager
def exit_watch(pid: int) -> Iterator[int]:
    """A descriptor that becomes readable when the child `pid` has exited, which stays a zombie.

    On Linux that is a pidfd (pidfd_open(2)). Where the system has none, or a sandbox forbids it, a
    thread waits and closes a pipe.
    """
    try:
        watch = os.pidfd_open(pid)
    except (AttributeError, OSError):
        watch = _pipe_closed_on_exit(pid)
    try:
        yield watch
    finally:
        os.close(watch)


def _pipe_closed_on_exit(pid: int) -> int:
    watch, exited = os.pipe()

    def close_on_exit() -> None:
        try:
            _wait_unreaped(pid)
        finally:
            os.close(exited)

    threading.Thread(target=close_on_exit, name=f"exit of {pid}", daemon=True).start()
    return watch


if sys.platform == "darwin":

    def _wait_unreaped(pid: int) -> None:
        """Block until the child exits. An exit before the call is an event too (with ESRCH)."""
        exits = select.kevent(pid, select.KQ_FILTER_PROC, select.KQ_EV_ADD, select.KQ_NOTE_EXIT)
        queue = select.kqueue()
        try:
            queue.control([exits], 1)
        finally:
            queue.close()

else:

    def _wait_unreaped(pid: int) -> None:
        """Block until the child exits; one that is gone altogether has exited too."""
        with suppress(ChildProcessError):
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
