"""Notes a Jira issue in a log file and prints what it was given."""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path

LOG_FILE = Path(__file__).with_suffix(".log")


def main() -> None:
    """Read the arguments, note the issue, print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--issue_key", required=True)
    parser.add_argument("--issue_type", default="")
    parser.add_argument("--priority", default="Medium")
    parser.add_argument("--event_type", required=True)
    parser.add_argument("--raw_payload", default="{}")
    parser.add_argument("--raw_payload_file", type=Path)
    args = parser.parse_args()

    raw = args.raw_payload_file.read_text() if args.raw_payload_file else args.raw_payload
    payload = json.loads(raw)

    logging.basicConfig(filename=LOG_FILE, format="%(asctime)s %(message)s", level=logging.INFO)
    logging.info("%s %s (%s, %s)", args.event_type, args.issue_key, args.issue_type, args.priority)
    print(f"{args.event_type}: {args.issue_key} is a {args.issue_type} of priority {args.priority}")
    print(f"the payload has the fields {', '.join(sorted(payload))}")


if __name__ == "__main__":
    main()
