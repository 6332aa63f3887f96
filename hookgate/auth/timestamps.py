"""When a delivery was signed, and whether that is near enough to now.

A window of time keeps a captured delivery from being sent again later.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from msgspec import Struct

from hookgate.auth.encodings import header_bytes, text_bytes
from hookgate.model import Delivery

Unit: TypeAlias = Literal["s", "ms", "iso8601"]

# Bounded, since what a sender would write is short; fullmatch, since `$` lets a newline pass.
_SECONDS = re.compile(rb"[0-9]{1,20}(\.[0-9]{1,20})?")
_MILLISECONDS = re.compile(rb"[0-9]{1,20}")
_ISO8601 = re.compile(
    rb"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}:[0-9]{2}"
    rb"(\.[0-9]{1,20})?(Z|[+-][0-9]{2}:?[0-9]{2})?"
)


class Timestamp(Struct, frozen=True):
    """Where a signature's timestamp is found and how far from now it may be.

    It is in a header of its own, or in the item of the signature header that has the label
    `field`, or in the body, where `path` reads it (None where it is not there; it must not raise).
    `tolerance` is in seconds; None allows any age. Without `past_only` it bounds the future as
    well. A time in ISO 8601 without an offset is UTC.
    """

    header: str | None = None
    field: str | None = None
    path: Callable[[bytes], str | None] | None = None
    unit: Unit = "s"
    tolerance: float | None = 300.0
    past_only: bool = False

    @property
    def name(self) -> str:
        """What the timestamp is called in a reason."""
        if self.header is not None:
            return self.header
        return "the timestamp in the body" if self.field is None else f"timestamp {self.field!r}"

    def find(self, delivery: Delivery, items: Sequence[str]) -> bytes | str:
        """The timestamp exactly as presented, or, as text, why there is none.

        `items` are the items of the signature header.
        """
        values = self._values(delivery, items)
        if len(values) > 1:
            return f"{self.name} appears more than once"
        return values[0] if values and values[0] else f"{self.name} is missing"

    def untimely(self, presented: bytes, now: float) -> str | None:
        """Why a timestamp is not acceptable at the time `now`, or None where it is.

        It must be a time whatever its age: else it could hold the beginning of a signed body, and
        what is left of that would pass as the body.
        """
        seconds = _seconds(presented, self.unit)
        if seconds is None:
            return f"{self.name} is malformed"
        if self.tolerance is None:
            return None
        age = now - seconds
        if age > self.tolerance:
            return f"{self.name} is {_more_than(age)} s old, {self._allowed}"
        if -age > self.tolerance and not self.past_only:
            return f"{self.name} is {_more_than(-age)} s in the future, {self._allowed}"
        return None

    @property
    def _allowed(self) -> str:
        return f"more than the {self.tolerance:g} s allowed"

    def _values(self, delivery: Delivery, items: Sequence[str]) -> list[bytes]:
        if self.header is not None:
            value = delivery.headers.get(self.header.lower())
            return [] if value is None else [header_bytes(value)]
        if self.field is not None:
            label = f"{self.field}="
            return [header_bytes(item[len(label) :]) for item in items if item.startswith(label)]
        text = None if self.path is None else self.path(delivery.body)
        return [] if text is None else [text_bytes(text)]


def _seconds(presented: bytes, unit: Unit) -> float | None:
    """Seconds since the epoch, or None for what is not plainly a time in that unit."""
    match unit:
        case "s":
            return float(presented) if _SECONDS.fullmatch(presented) else None
        case "ms":
            return int(presented) / 1000 if _MILLISECONDS.fullmatch(presented) else None
        case "iso8601":
            return _instant(presented) if _ISO8601.fullmatch(presented) else None


def _instant(presented: bytes) -> float | None:
    try:
        moment = datetime.fromisoformat(presented.decode("ascii"))
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _more_than(seconds: float) -> int:
    # Rounded up, so that 300.2 s does not read as 300 s "more than the 300 s allowed".
    return math.ceil(seconds)
