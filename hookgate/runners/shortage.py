"""What a machine may be short of when a program is to be started; it passes, other faults stay."""

from __future__ import annotations

import errno

_SHORTAGES = {
    errno.EMFILE,  # descriptors, of this process
    errno.ENFILE,  # and of the machine
    errno.EAGAIN,  # processes
    errno.ENOMEM,
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,  # what a file system becomes that has met an error
    errno.EIO,
}


def is_shortage(error: Exception) -> bool:
    """Whether the machine is at fault, and neither the program nor its task.

    A thread that cannot be started is a RuntimeError that says nothing else.
    """
    return isinstance(error, RuntimeError) or getattr(error, "errno", None) in _SHORTAGES
