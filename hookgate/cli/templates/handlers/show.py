"""Shows what it was given: a start for a program of your own."""

from __future__ import annotations

import argparse
import os
import sys


def main() -> None:
    """Print the event type, the params and the size of the body."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--event_type", default="unknown")
    parser.add_argument("--raw_payload")  # also on standard input, whatever its size
    args, params = parser.parse_known_args()
    body = sys.stdin.buffer.read()
    source = os.environ.get("HOOKGATE_SOURCE", "nobody")
    print(f"{args.event_type} from {source}, {len(body)} bytes")
    for param in params:
        print(param)


if __name__ == "__main__":
    main()
