"""Telling whether a file is another than it was, without reading it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

Stamp: TypeAlias = "tuple[int, int, int] | None"
"""What changes with a file; None stands for one that is not there."""


def stamps(files: Iterable[Path]) -> dict[Path, Stamp]:
    """The stamp of each file; a symbolic link has that of what it leads to."""
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> Stamp:
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
