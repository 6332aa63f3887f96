"""What a gateway and a process that calls a function tell each other.

A call is two lengths, what it is about as JSON, and the payload as JSON. The answer has a fixed
size. What the function printed goes through pipes, as that of any program does.
"""

from __future__ import annotations

import json
import math
import struct
from enum import IntEnum
from typing import Any, BinaryIO, NamedTuple

_LENGTHS = struct.Struct("!II")
_ANSWER = struct.Struct("!BBd")
ANSWER_SIZE = _ANSWER.size


class After(IntEnum):
    """What becomes of a process after an answer."""

    GOES_ON = 0
    ENDS = 1
    STALE = 2
    """It ends, and has not made the call: its files have changed since it read them."""


class Answer(NamedTuple):
    """How a call ended: `status` is that of a process which ends alike.

    `retry_after` is the wait in seconds that the function asked for.
    """

    after: After
    status: int = 0
    retry_after: float | None = None


class Told(NamedTuple):
    """A call as a process is told of it, see `core.calls.Call`."""

    about: dict[str, Any]
    variables: dict[str, str]
    payload: bytes


def call_frame(about: bytes, payload: bytes) -> bytes:
    """A call; `about` is the JSON of an object that has the other fields of `Told`."""
    return _LENGTHS.pack(len(about), len(payload)) + about + payload


def receive_call(calls: BinaryIO) -> Told | None:
    """The next call of a stream; None where there is none any more."""
    lengths = calls.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    about_size, payload_size = _LENGTHS.unpack(lengths)
    about, payload = calls.read(about_size), calls.read(payload_size)
    if len(about) < about_size or len(payload) < payload_size:
        return None
    return Told(payload=payload, **json.loads(about))


def answer_frame(answer: Answer) -> bytes:
    """An answer as bytes."""
    wait = math.nan if answer.retry_after is None else answer.retry_after
    return _ANSWER.pack(answer.after, answer.status, wait)


def read_answer(frame: bytes) -> Answer | None:
    """The other way round; None where that is not one answer."""
    try:
        after, status, wait = _ANSWER.unpack(frame)
        return Answer(After(after), status, None if math.isnan(wait) else wait)
    except (struct.error, ValueError):
        return None
