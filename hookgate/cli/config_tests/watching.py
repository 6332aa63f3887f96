"""Running again whenever a file changes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import closing
from pathlib import Path
from typing import NoReturn, TypeAlias

import typer
from watchfiles import watch

from hookgate.cli.stamps import Stamp, stamps

CHECK_AGAIN = 500
"""Milliseconds after which files are looked at though the system told of no change.

So a change between two watches is seen, and one on a file system that tells of none.
"""

SETTLING = 100
"""Milliseconds that a change may take: an editor writes more than once."""

_Files: TypeAlias = Callable[[], Iterable[Path]]


def run_on_changes(run: _Files, listed: _Files) -> NoReturn:
    """Run, and again whenever a file that the run came from is not what it was.

    `run` gives the files that it read, or would have read if they were there. `listed` gives those
    that a run reads because of where they are, so that a new one counts. An interrupt ends it.
    """
    read: set[Path] = set()
    while True:
        found = set(listed())
        before = stamps(read | found)  # what changes while it is being read has changed
        read = set(run())
        now = stamps(read | found)
        known = {file: before.get(file, stamp) for file, stamp in now.items()}
        typer.echo("watching for changes", err=True)
        _wait(known, read, listed)


def _wait(known: Mapping[Path, Stamp], read: set[Path], listed: _Files) -> None:
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
            if stamps(read.union(listed())) != known:
                return
