"""What the recorder has written."""

from __future__ import annotations

import json
import re
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
    """An answer of status 2xx was about to leave, the last part of it."""


class Record(NamedTuple):
    """One thing that was done. `data` is what was written or told, or a file's name.

    A name is what comes after that of the store: "" is the store, "/" its directory. `place` is
    where something was written, or the length to which a file was cut, or the connection to which
    something was told.
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
    return list(_whole_answers(_records(path.read_bytes())))


def _records(written: bytes) -> Iterator[Record]:
    at = 0
    while at < len(written):
        what, process, inode, place, size = _HEADER.unpack_from(written, at)
        at += _HEADER.size
        yield Record(What(what), process, inode, place, written[at : at + size])
        at += size


def _whole_answers(records: Iterator[Record]) -> Iterator[Record]:
    """The records with each answer in one piece, where its last part was; 2xx alone."""
    begun: dict[tuple[int, int], bytes] = {}
    for record in records:
        if record.what is not What.TOLD:
            yield record
            continue
        connection = record.process, record.place
        if record.data.startswith(b"HTTP/1.1 "):
            begun[connection] = b""
        if connection not in begun:
            continue  # the descriptor is another connection's by now, or a program's
        begun[connection] += record.data
        if _is_whole(begun[connection]):
            whole = begun.pop(connection)
            if whole.startswith(b"HTTP/1.1 2"):
                yield record._replace(data=whole)


def _is_whole(answer: bytes) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
    return length is not None and len(body) >= int(length[1])


def answer_of(told: Record) -> dict[str, Any]:
    """What an answer says."""
    _, _, body = told.data.partition(b"\r\n\r\n")
    return dict(json.loads(body))
