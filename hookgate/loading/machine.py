"""What is asked of the machine. A path that cannot even be asked about is no path."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path


def is_directory(path: str | Path) -> bool:
    """Whether there is a directory at a path."""
    with suppress(OSError):
        return Path(path).is_dir()
    return False


def is_file(path: str | Path) -> bool:
    """Whether there is a file at a path."""
    with suppress(OSError):
        return Path(path).is_file()
    return False


def may_execute(path: str | Path) -> bool:
    """Whether what is at a path may be run."""
    return os.access(path, os.X_OK)


def may_write(path: str | Path) -> bool:
    """Whether this process may write to a file, or make files in a directory."""
    return os.access(path, os.W_OK | os.X_OK if is_directory(path) else os.W_OK)


def processors() -> int:
    """How many processors this process may use, as far as that can be told."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def is_on_path(word: str, search_path: str) -> bool:
    """Whether a program of that name can be run from one of the directories."""
    return shutil.which(word, path=search_path) is not None
