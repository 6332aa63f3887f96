"""What goes between the gateway and its writing process: `Write`s one way, `Answers` the other.

Each frame is a pickled object after its length. The channel is a socket pair that nobody else can
reach, so what is unpickled was pickled by hookgate itself.
"""

from __future__ import annotations

import pickle
import struct
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeAlias

Write: TypeAlias = tuple[Callable[..., Any], tuple[Any, ...]]
"""A verb of `writes` and its arguments after the connection."""


class Answers(NamedTuple):
    """What came of the oldest writes that had no answer yet: a result each, or its fault.

    `due` is when a claim may next hand out a task: minus infinity is now, infinity when something
    has changed. None where nothing was committed.
    """

    results: list[object]
    due: float | None


_LENGTH = struct.Struct("!Q")


def frame(content: list[Write] | Answers) -> tuple[bytes, bytes]:
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
