"""What `serve` costs before the first delivery: its start, its memory, and its doing nothing.

The shipped rules file, started again and again: the time from the start of the process to the line
"listening". Then one gateway at rest with the process that writes for it: resident memory, the
part of it that is theirs alone or shared among them (PSS), and the share of one processor they use.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.servers import ROOT

TOKENS = ("HOOKGATE_ADMIN_TOKEN", "GITHUB_WEBHOOK_SECRET", "JIRA_WEBHOOK_TOKEN")
SETTLED = 2.0
"""Seconds after which a start is over and done with."""


@dataclass(frozen=True)
class Rest:
    """Milliseconds of each start; MiB and percent of a processor for both processes together."""

    starts_ms: tuple[float, ...]
    rss: float
    pss: float
    idle: float

    @property
    def start_ms(self) -> float:
        """The median of the starts."""
        return statistics.median(self.starts_ms)


def figures(starts: int = 15, seconds: float = 20.0) -> Rest:
    """Start it so often, then watch one for so long."""
    with tempfile.TemporaryDirectory() as directory:
        shutil.copy(ROOT / "rules.yaml", directory)
        shutil.copytree(ROOT / "handlers", Path(directory, "handlers"))
        times = []
        with _serve(directory):
            pass  # leaves the bytecode behind, which an installation has from the beginning
        for _ in range(starts):
            with _serve(directory) as (_, took):
                times.append(took * 1000)
        with _serve(directory) as (pid, _):
            time.sleep(SETTLED)
            pids = (pid, *_children(pid))
            before = sum(map(_ticks, pids))
            time.sleep(seconds)
            used = (sum(map(_ticks, pids)) - before) / os.sysconf("SC_CLK_TCK")
            rss, pss = (sum(_memory(each, name) for each in pids) for name in ("Rss", "Pss"))
    return Rest(tuple(times), rss, pss, 100 * used / seconds)


@contextmanager
def _serve(directory: str) -> Iterator[tuple[int, float]]:
    """A gateway of the shipped file; its process id, and after how many seconds it listened."""
    began = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "hookgate", "serve", "rules.yaml", "--port", "0"],
        cwd=directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=_environment(),
    ) as process:
        assert process.stdout is not None
        try:
            if not any(line.startswith("listening") for line in process.stdout):
                raise RuntimeError("serve did not start")
            yield process.pid, time.perf_counter() - began
        finally:
            process.terminate()


def _environment() -> dict[str, str]:
    """Ours, without what keeps bytecode from being written."""
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return own | {"PYTHONUNBUFFERED": "1"} | dict.fromkeys(TOKENS, "benchmark-token")


def _children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return [int(child) for task in tasks for child in (task / "children").read_text().split()]


def _ticks(pid: int) -> int:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def _memory(pid: int, name: str) -> float:
    """MiB of a process, by a line of its `smaps_rollup`."""
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    found = re.search(rf"^{name}: +(\d+) kB", rollup, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def main() -> None:
    """Print the figures."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--starts", type=int, default=15)
    options.add_argument("--seconds", type=float, default=20.0)
    found = figures(**vars(options.parse_args()))
    least, most = min(found.starts_ms), max(found.starts_ms)
    print(f"start to listening: median {found.start_ms:.0f} ms, {least:.0f} to {most:.0f} ms")
    print(f"memory at rest: {found.rss:.1f} MiB resident, {found.pss:.1f} MiB proportional")
    print(f"processor at rest: {found.idle:.2f} %")


if __name__ == "__main__":
    main()
