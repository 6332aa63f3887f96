"""`python -m tests.crash --rounds 200`: no answer is a lie, however often the gateway is killed.

Exit code 1 where a promise was broken.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.crash.checks import CHECKS, Evidence
from tests.crash.rounds import Ordeal, Round

SHOWN = 10
"""Findings of each kind that are printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rounds, print what happened and what was found; the exit code."""
    wanted = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="hookgate-crash-") as directory:
        ordeal = Ordeal(Path(directory), wanted.seed, wanted.workers, wanted.warm)
        print(f"{'round':>5}  {'end':<13} {'at':<10} {'took':>6}  answers  refused  starts  again")
        done = []
        for each in ordeal.rounds(wanted.rounds, wanted.seconds):
            done.append(each)
            print(_line(each), flush=True)
        evidence = ordeal.evidence()
    found = {name: list(check(evidence)) for name, check in CHECKS.items()}
    print(_summary(done, evidence, wanted.seed))
    print(", ".join(f"{len(faults)} {name}" for name, faults in found.items()))
    for faults in found.values():
        print(*faults[:SHOWN], sep="\n", end="\n" if faults else "")
    return 1 if any(found.values()) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how often to end a gateway")
    parser.add_argument("--seconds", type=float, default=3600.0, help="begin no round after these")
    parser.add_argument("--warm", action="store_true", help="have the program start warm")
    parser.add_argument("--workers", type=int, default=1, help="of each gateway; some are killed")
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10_000), help="makes the same choices again"
    )
    return parser


def _line(each: Round) -> str:
    return (
        f"{each.number:>5}  {each.end:<13} {each.moment:<10} {each.seconds:>5.1f}s"
        f"  {each.answers:>7}  {each.refused:>7}  {each.starts:>6}  {each.again:>5}"
    )


def _summary(done: Sequence[Round], evidence: Evidence, seed: int) -> str:
    starts = [entry for entry in evidence.journal if entry.what == "start"]
    again = sum(entry.attempt > 1 for entry in starts)
    return (
        f"{len(done)} rounds (seed {seed}): {len(evidence.answered)} answered 2xx, "
        f"{sum(each.refused for each in done)} refused, {len(evidence.stored)} tasks in the store, "
        f"{len(starts)} starts, {again} of them again"
    )


if __name__ == "__main__":
    sys.exit(main())
