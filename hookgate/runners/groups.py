"""Signals to a process group, and the end of one.

The kernel gives no new process an id that a living or unreaped one has, as process or as group. So
the leader of a group is left a zombie until the last signal has been sent: every killpg comes
before the waitpid that frees the id, and no signal can reach a stranger.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress

_REAP_LOOKS = 500
_REAP_PAUSE = 0.01


def signal_group(group: int, number: signal.Signals) -> None:
    """Send a signal to all processes of a group that are left."""
    # macOS says EPERM of a group in which only the zombie is left.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def reap_group(leader: int) -> int | None:
    """Reap the leader of a killed group and return its status, and what it left to us.

    Orphans fall to the gateway where it is the first process of a container.
    """
    status = _reap(leader)
    reap_orphans(leader)
    return status


def reap_orphans(group: int) -> None:
    """Reap what a killed group left to us."""
    while _reap(-group) is not None:
        pass


def _reap(which: int) -> int | None:
    """Reap one killed child (see waitpid(2) for `which`); None where none is there to be reaped.

    One that the kernel does not end within five seconds is left to Popen, which looks again.
    """
    with suppress(ChildProcessError):
        for _ in range(_REAP_LOOKS):
            pid, status = os.waitpid(which, os.WNOHANG)
            if pid:
                return os.waitstatus_to_exitcode(status)
            time.sleep(_REAP_PAUSE)
    return None
