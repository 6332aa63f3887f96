"""What the programs of a gateway under test have written."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """One line: `what` is "start", "end", "daemon" or "overlap".

    `event_id` is "KIND-ROUND-PROCESS-CONNECTION-NUMBER", where those of the kind "lined" have a key
    for each connection.
    """

    what: str
    task_id: str
    attempt: int
    process: int
    event_id: str


def read_journal(directory: Path) -> list[Entry]:
    """The entries in the order in which they were written."""
    try:
        text = (directory / "journal").read_text()
    except FileNotFoundError:
        return []
    return [_entry(line) for line in text.splitlines()]


def _entry(line: str) -> Entry:
    what, task_id, attempt, process, event_id = line.split()
    return Entry(what, task_id, int(attempt), int(process), event_id)
