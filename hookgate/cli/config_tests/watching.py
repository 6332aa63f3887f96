"""Running again whenever a file changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NoReturn, TypeAlias

import typer
from watchfiles import watch

CHECK_AGAIN = 500
"""Milliseconds after which files are looked at though the system told of no change.

So a change between two watches is seen, and one on a file system that tells of none.
"""

SETTLING = 100
"""Milliseconds that a change may take: an editor writes more than once."""

_Stamp: TypeAlias = "tuple[int, int, int] | None"
_Files: TypeAlias = Callable[[], Iterable[Path]]


def run_on_changes(run: _Files, listed: _Files) -> NoReturn:
    """Run, and again whenever a file that the run came from is not what it was.

    `run` gives the files that it read, or would have read if they were there. `listed` gives those
    that a run reads because of where they are, so that a new one counts. An interrupt ends it.
    """
    read: set[Path] = set()
    while True:
        found = set(listed())
        before = _stamps(read | found)  # what changes while it is being read has changed
        read = set(run())
        known = {file: before[file] if file in before else _stamp(file) for file in read | found}
        typer.echo("watching for changes", err=True)
        _wait(known, read, listed)


def _wait(known: Mapping[Path, _Stamp], read: set[Path], listed: _Files) -> None:
    """Wait until a file is not as it is known, or gone, or new."""
    directories = {path.parent for path in known if path.parent.is_dir()}
    changes = watch(
        *directories,
        watch_filter=None,
        recursive=False,
        debounce=SETTLING,
        rust_timeout=CHECK_AGAIN,
        yield_on_timeout=True,
    )
    with closing(changes):
        for _ in changes:
            if _stamps(read.union(listed())) != known:
                return


def _stamps(files: Iterable[Path]) -> dict[Path, _Stamp]:
    return {file: _stamp(file) for file in files}


def _stamp(file: Path) -> _Stamp:
    """What changes with a file; None for one that is not there."""
    try:
        status = file.stat()
    except OSError:
        return None
    return status.st_ino, status.st_mtime_ns, status.st_size
