"""How a process that outlives its tasks ends with the gateway, however the gateway ends.

The gateway holds one end of a pipe that nobody else has, and never writes to it. The kernel closes
that end when the gateway is gone, also after kill -9. On Linux it then kills the process group at
the other end by itself, whatever that is busy with (F_SETSIG of fcntl(2)). Elsewhere a thread
waits for the end of the pipe, and gets its turn when the interpreter gives it one.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import threading

_BY_THE_KERNEL = hasattr(fcntl, "F_SETSIG")


def hold_to(lifeline: int) -> None:
    """Have our process group killed when the other end of the pipe is closed."""
    os.set_inheritable(lifeline, False)
    if _BY_THE_KERNEL:
        hold_group_to(lifeline, os.getpgrp())
        closed_before, _, _ = select.select([lifeline], [], [], 0)
        if closed_before:
            _kill_group()
    else:
        threading.Thread(target=_watch, args=(lifeline,), name="lifeline", daemon=True).start()


def hold_group_to(lifeline: int, group: int) -> None:
    """Have a group killed for as long as one in it has the end of the pipe open; Linux alone."""
    fcntl.fcntl(lifeline, fcntl.F_SETOWN, -group)
    fcntl.fcntl(lifeline, fcntl.F_SETSIG, signal.SIGKILL)
    flags = fcntl.fcntl(lifeline, fcntl.F_GETFL)
    fcntl.fcntl(lifeline, fcntl.F_SETFL, flags | os.O_ASYNC)


def _watch(lifeline: int) -> None:
    os.read(lifeline, 1)
    _kill_group()


def _kill_group() -> None:
    os.killpg(0, signal.SIGKILL)
