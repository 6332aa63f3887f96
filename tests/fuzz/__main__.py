"""The long mode: ``python -m tests.fuzz --cases 100000`` tries so many cases of each surface."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from tests.acceptance.gateway import gateway
from tests.fuzz import surfaces


def main() -> None:
    """Fuzz every surface, or those that are named, and say how it went."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz")
    parser.add_argument("--cases", type=int, default=20_000, metavar="N")
    parser.add_argument("--surface", action="append", metavar="NAME", help="one of those alone")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        rules = Path(directory, "rules.yaml")
        rules.write_text(surfaces.RULES)
        with gateway(rules, "--no-work") as served:
            runs = {
                "http": surfaces.http(served),
                "conditions": surfaces.conditions(),
                "paths": surfaces.paths(),
                "deliveries": surfaces.deliveries(),
            }
            for name in chosen.surface or runs:
                began = time.monotonic()
                runs[name](chosen.cases)
                took = time.monotonic() - began
                sys.stdout.write(f"{name}: {chosen.cases} cases in {took:.0f} s, nothing found\n")


if __name__ == "__main__":
    main()
