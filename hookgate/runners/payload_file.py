"""The file that a program may read its payload from, and what becomes of those left behind.

Each attempt has a directory of its own (mode 0700) with one file in it (0600), removed when the
attempt ends. A gateway that was killed leaves its directories behind. Which they are is told by a
lock: an attempt holds a shared flock(2) on its directory before the payload is written, and the
kernel lets go of it however the gateway ends. A process id in the name would not tell: in a
container the dead gateway and its successor both have the id 1.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "hookgate-payload-"
_NAME = "payload"


@contextmanager
def payload_place(scratch: str) -> Iterator[Path]:
    """The path of a payload file for one attempt, in a new directory below `scratch`.

    `write_payload` makes the file. At the end the directory goes with all that is in it. Raises
    OSError where the directory cannot be made.
    """
    directory = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=scratch))
    try:
        held = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(held, fcntl.LOCK_SH)
            yield directory / _NAME
        finally:
            os.close(held)
    finally:
        _remove(directory)


def write_payload(place: Path, payload: bytes) -> None:
    """Write the file, readable by this user alone. Raises OSError, e.g. where the disk is full."""
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(payload)


def _remove(directory: Path) -> None:
    try:
        (directory / _NAME).unlink(missing_ok=True)
        directory.rmdir()
    except OSError:  # the program put something beside it; rmtree alone would need a descriptor
        shutil.rmtree(directory, ignore_errors=True)


def remove_left_behind(scratch: str) -> None:
    """Remove the directories in `scratch` whose gateway is dead.

    Only real directories that belong to this user are touched, never what a symbolic link points
    to; whatever cannot be opened or removed stays.
    """
    for directory in Path(scratch).glob(f"{_PREFIX}*"):
        with suppress(OSError):
            _remove_if_left_behind(directory)


def _remove_if_left_behind(directory: Path) -> None:
    looked_at = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        if os.fstat(looked_at).st_uid != os.geteuid():
            return
        fcntl.flock(looked_at, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # One without a payload may be so new that it is not locked yet; it holds nothing private.
        if any(directory.iterdir()):
            shutil.rmtree(directory)
    finally:
        os.close(looked_at)
