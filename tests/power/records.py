"""What the recorder has written."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

_HEADER = struct.Struct("=BIQQI")


class What(Enum):
    """What was done; as in recorder.c."""

    OPENED = ord("o")
    WRITTEN = ord("w")
    CUT = ord("c")
    """A file was made so long; of the end, what is beyond is gone."""
    SYNCING = ord("s")
    SYNCED = ord("S")
    REMOVED = ord("r")
    TOLD = ord("t")
    """An answer of status 2xx was about to leave."""


class Record(NamedTuple):
    """One thing that was done. `data` is what was written or told, or a file's name.

    A name is what comes after that of the store: "" is the store, "/" its directory. `place` is
    where something was written, or the length to which a file was cut.
    """

    what: What
    process: int
    inode: int
    place: int
    data: bytes

    @property
    def name(self) -> str:
        """The file that was opened or removed."""
        return self.data.decode()


def read_records(path: Path) -> list[Record]:
    """The records in the order in which they were written."""
    return list(_records(path.read_bytes()))


def _records(written: bytes) -> Iterator[Record]:
    at = 0
    while at < len(written):
        what, process, inode, place, size = _HEADER.unpack_from(written, at)
        at += _HEADER.size
        yield Record(What(what), process, inode, place, written[at : at + size])
        at += size


def answer_of(told: Record) -> dict[str, Any]:
    """What an answer says; empty where it says nothing about a delivery."""
    _, _, body = told.data.partition(b"\r\n\r\n")
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}
