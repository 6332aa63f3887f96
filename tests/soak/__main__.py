"""`python -m tests.soak --minutes 30`: nothing grows, nothing accepted is lost, every task ends.

SIGINT ends it early, with the verdict. Exit code 1 where something is wrong.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.soak.graph import draw
from tests.soak.run import Soak, soak
from tests.soak.samples import FIGURES

SHOWN = 10
"""Faults that are printed."""

TOLD = 30
"""Samples between two lines that tell how it goes."""

LEAST = 6
"""Samples without which there is no verdict."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Soak, print the verdict; the exit code."""
    wanted = _parser().parse_args(arguments)
    stop = threading.Event()
    before = signal.signal(signal.SIGINT, lambda *_: stop.set())
    try:
        with tempfile.TemporaryDirectory(prefix="hookgate-soak-") as directory:
            seen = soak(Path(directory), 60 * wanted.minutes, wanted.rate, stop, _tell)
    finally:
        signal.signal(signal.SIGINT, before)
    if len(seen.times) < LEAST:
        print("it was too short for a verdict")
        return 1
    faults = seen.faults()
    print(*_report(seen), *faults[:SHOWN], sep="\n")
    if wanted.png:
        draw(seen, wanted.png)
    return 1 if faults or not all(verdict.flat for verdict in seen.verdicts().values()) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0, help="how long")
    parser.add_argument("--rate", type=float, default=40.0, help="requests a second")
    parser.add_argument("--png", type=Path, metavar="FILE", help="draw the figures (matplotlib)")
    return parser


def _tell(seen: Soak) -> None:
    if len(seen.times) % TOLD == 0:
        now = (f"{name} {seen.figures[name][-1]:.1f}" for name in FIGURES)
        print(f"{seen.times[-1]:>6.0f} s  {', '.join(now)}", flush=True)


def _report(seen: Soak) -> Iterator[str]:
    answers = ", ".join(f"{n} x {status}" for status, n in sorted(seen.callers.answers.items()))
    yield (
        f"{seen.times[-1]:.0f} s, {seen.reloads} reloads, answers: {answers}; "
        f"{len(seen.callers.accepted)} tasks accepted, {len(seen.faults())} faults"
    )
    yield f"{'second half of the time':<30}  {'from':>8}  {'to':>8}  {'grew by':>8}  {'allowed':>8}"
    for name, verdict in seen.verdicts().items():
        label = f"{name} {FIGURES[name].unit}".strip()
        yield (
            f"{label:<30}  {verdict.first:>8.1f}  {verdict.last:>8.1f}  {verdict.growth:>8.1f}"
            f"  {verdict.bound:>8.1f}  {'flat' if verdict.flat else 'GROWS'}"
        )


if __name__ == "__main__":
    sys.exit(main())
