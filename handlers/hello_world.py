"""Greets a push: the smallest handler there is."""

from __future__ import annotations

import argparse


def main() -> None:
    """Print what was pushed; arguments this handler does not know are left alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ref", default="")
    parser.add_argument("--repository", default="")
    parser.add_argument("--first_commit", default="")
    args, _ = parser.parse_known_args()
    print(f"Hello, World! {args.ref} of {args.repository} is at {args.first_commit}")


if __name__ == "__main__":
    main()
