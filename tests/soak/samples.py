"""What a gateway uses and how it does, at one moment."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.acceptance.gateway import Gateway
from tests.crash.moments import writing_processes
from tests.soak.verdict import Bound

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that is looked at. `grown` is how much it may grow by."""

    unit: str
    grown: Bound


FIGURES = {
    "memory of the gateway": Figure("MiB", Bound(8.0)),
    "memory of the writing process": Figure("MiB", Bound(8.0)),
    "descriptors": Figure("", Bound(16.0)),
    "threads": Figure("", Bound(4.0)),
    "processes": Figure("", Bound(8.0)),
    "database and its log": Figure("MiB", Bound(4.0, share=0.15)),
    "pending tasks": Figure("", Bound(50.0)),
    "answers, median": Figure("ms", Bound(20.0)),
}
"""Memory is the proportional set size. Descriptors and threads are those of the gateway and of the
process that writes together, a few for each program that runs; processes are all that descend from
the gateway."""


def sample(gateway: Gateway, store: Path, latencies: Sequence[float]) -> dict[str, float]:
    """The `FIGURES` now; `latencies` are those of the answers since the last sample, in seconds."""
    pid = gateway.process.pid
    writing = writing_processes(gateway)
    ours = [pid, *writing]
    return {
        "memory of the gateway": _memory(pid),
        "memory of the writing process": sum(map(_memory, writing)),
        "descriptors": sum(_entries(process, "fd") for process in ours),
        "threads": sum(_entries(process, "task") for process in ours),
        "processes": 1 + sum(1 for _ in _descendants(pid)),
        "database and its log": sum(_size(f"{store}{end}") for end in ("", "-wal")) / MIB,
        "pending tasks": _pending(store),
        "answers, median": median(latencies) * 1000 if latencies else 0.0,
    }


def _memory(process: int) -> float:
    with suppress(OSError):
        for line in Path(f"/proc/{process}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


def _entries(process: int, of: str) -> int:
    try:
        return len(os.listdir(f"/proc/{process}/{of}"))  # noqa: PTH208 - the number alone
    except OSError:
        return 0


def _descendants(process: int) -> Iterator[int]:
    for child in _children(process):
        yield child
        yield from _descendants(child)


def _children(process: int) -> list[int]:
    """Those of each of its threads, as far as it has not ended meanwhile."""
    children: list[int] = []
    with suppress(OSError):
        for thread in Path(f"/proc/{process}/task").glob("*/children"):
            children += map(int, thread.read_text().split())
    return children


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _pending(store: Path) -> int:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=30)) as reading:
        found = reading.execute("SELECT count(*) FROM tasks WHERE status = 'pending'").fetchone()
    return int(found[0])
