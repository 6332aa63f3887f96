"""`python -m tests.power --rounds 50`: what was answered is there after the power was cut.

Exit code 1 where something was lost or damaged, 3 where there is no C compiler to make the recorder
with.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from tests.power.recorder import build, compiler
from tests.power.rounds import Ordeal, Round
from tests.power.syncs import syncs_under_load

SHOWN = 10
"""Findings of a round that are printed."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the rounds, print what happened and what was found; the exit code."""
    wanted = _parser().parse_args(arguments)
    if compiler() is None:
        print("not run: the recorder is written in C, and there is no C compiler (cc, gcc)")
        return 3
    with tempfile.TemporaryDirectory(prefix="hookgate-power-") as directory:
        recorder = build(Path(directory))
        ordeal = Ordeal(Path(directory), wanted.seed, recorder)
        print(f"{'round':>5}  answers  syncs  cuts  looked for  found")
        done = []
        for each in ordeal.rounds(wanted.rounds):
            done.append(each)
            print(*_lines(each), sep="\n", flush=True)
        print(_summary(done, wanted.seed))
        for connections in (1, 64) if wanted.seconds else ():
            print(syncs_under_load(Path(directory), recorder, connections, wanted.seconds))
    return 1 if any(each.found for each in done) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.power", description=__doc__)
    parser.add_argument("--rounds", type=int, default=20, help="how many gateways to record")
    parser.add_argument(
        "--seconds",
        type=float,
        default=4.0,
        help="how long to count the syncs under load, at 1 and at 64 connections; 0: not at all",
    )
    parser.add_argument(
        "--seed", type=int, default=random.randrange(10_000), help="makes the same choices again"
    )
    return parser


def _lines(each: Round) -> list[str]:
    figures = (
        f"{each.number:>5}  {each.answers:>7}  {each.syncs:>5}  {each.moments.total():>4}"
        f"  {each.looked_for:>10}  {len(each.found):>5}"
    )
    return [figures, *each.found[:SHOWN]]


def _summary(done: Sequence[Round], seed: int) -> str:
    moments = sum((each.moments for each in done), Counter[str]())
    return (
        f"{len(done)} rounds (seed {seed}): {sum(each.answers for each in done)} answered 2xx, "
        f"{moments.total()} power cuts ("
        + ", ".join(f"{number} at {name}" for name, number in sorted(moments.items()))
        + f"), {sum(each.looked_for for each in done)} times looked for what was promised, "
        f"{sum(len(each.found) for each in done)} findings"
    )


if __name__ == "__main__":
    sys.exit(main())
