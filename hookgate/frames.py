"""What goes between processes of hookgate: pickled objects, each after its length.

The sockets are pairs that nobody else can reach, so what is unpickled was pickled by hookgate
itself.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Iterator
from typing import Any

_LENGTH = struct.Struct("!Q")


def frame(content: object) -> tuple[bytes, bytes]:
    """The bytes of one frame, in two parts so that the larger one need not be copied."""
    pickled = pickle.dumps(content, protocol=5)
    return _LENGTH.pack(len(pickled)), pickled


class FrameBuffer:
    """Puts frames together from bytes as they arrive."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def feed(self, received: bytes) -> Iterator[Any]:
        """Take what has arrived; the content of each frame that it completes."""
        self._bytes += received
        start = 0
        with memoryview(self._bytes) as held:
            while (end := _end_of_frame(held, start)) <= len(held):
                with held[start + _LENGTH.size : end] as pickled:
                    yield pickle.loads(pickled)  # noqa: S301 - see the module's docstring
                start = end
        del self._bytes[:start]


def _end_of_frame(held: memoryview, start: int) -> int:
    begin = start + _LENGTH.size
    if begin > len(held):
        return begin
    length: int = _LENGTH.unpack_from(held, start)[0]
    return begin + length
