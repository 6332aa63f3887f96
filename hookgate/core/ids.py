"""Time-ordered identifiers: UUID version 7 (RFC 9562, 5.7)."""

from __future__ import annotations

_FRACTIONS = 1 << 12
"""Steps of a millisecond that rand_a carries (RFC 9562, 6.2, method 3)."""


def ticks(now: float) -> int:
    """A time (seconds since the epoch) in the 4096ths of a millisecond that an id counts in."""
    return int(now * 1000 * _FRACTIONS)


def uuid7(tick: int, random_bits: int) -> str:
    """The id of a tick; `random_bits` are 62 random bits."""
    milliseconds, fraction = divmod(tick, _FRACTIONS)
    high = milliseconds << 16 | 0x7000 | fraction
    text = "%016x%016x" % (high, 0x8 << 60 | random_bits)  # noqa: UP031 - twice as fast
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
