"""The parts of a request that a command line gives."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from hookgate.cli.rules_file import fail


def read_payload_file(payload: str) -> bytes:
    """What a file holds, or standard input for ``-``; ends the command where there is none."""
    if payload == "-":
        return sys.stdin.buffer.read()
    try:
        return Path(payload).read_bytes()
    except OSError as error:
        fail(f"{payload}: {error.strerror}")


def named_values(texts: Iterable[str], separator: str) -> dict[str, str] | str:
    """The values by name, or the first text that has no name before the separator."""
    found = {}
    for text in texts:
        name, separated, value = text.partition(separator)
        if not separated or not name.strip():
            return text
        found[name.strip()] = value.strip()
    return found
