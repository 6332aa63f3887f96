"""What a program prints, kept within a bound: the head and the tail of it."""

from __future__ import annotations

_LONGEST_LINE = 200
"""How many characters of a program's last line go into an error."""


class HeadAndTail:
    """The first and the last bytes of a stream, `limit` bytes in all, however much is fed."""

    def __init__(self, limit: int) -> None:
        self._head_limit = limit // 2
        self._tail_limit = limit - self._head_limit
        self._head = bytearray()
        self._tail = bytearray()
        self._fed = 0

    def feed(self, chunk: bytes) -> None:
        """Take in the next bytes of the stream."""
        self._fed += len(chunk)
        room = self._head_limit - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        del self._tail[: max(0, len(self._tail) - self._tail_limit)]

    def text(self) -> str:
        """What was kept, as UTF-8, with a line in the gap that says how many bytes it lacks.

        Bytes that are not UTF-8 become U+FFFD; a character that the gap cuts through is left out.
        """
        if not self._left_out:
            return _decoded(self._head + self._tail)
        head, tail = _without_cut_end(self._head), _without_cut_start(self._tail)
        left_out = self._fed - len(head) - len(tail)
        return f"{_decoded(head)}\n… {left_out} bytes left out …\n{_decoded(tail)}"

    def last_line(self) -> str:
        """The last line that is not blank, fit to be shown; empty where there is none.

        It has no control characters and about 200 characters at most.
        """
        kept = _without_cut_start(self._tail) if self._left_out else self._head + self._tail
        lines = (line.strip() for line in reversed(_decoded(kept).splitlines()))
        return _shown(next(filter(None, lines), ""))

    @property
    def _left_out(self) -> int:
        return self._fed - len(self._head) - len(self._tail)


def _decoded(raw: bytes | bytearray) -> str:
    return raw.decode("utf-8", "replace")


def _without_cut_end(raw: bytearray) -> bytearray:
    """Drop a UTF-8 sequence at the end whose last bytes are missing."""
    for back in range(1, min(3, len(raw)) + 1):
        byte = raw[-back]
        if byte & 0xC0 != 0x80:
            return raw[:-back] if _sequence_length(byte) > back else raw
    return raw


def _without_cut_start(raw: bytearray) -> bytearray:
    """Drop the continuation bytes at the start, at most the three that a sequence may have."""
    start = 0
    while start < min(3, len(raw)) and raw[start] & 0xC0 == 0x80:
        start += 1
    return raw[start:]


def _sequence_length(first: int) -> int:
    """The bytes of a UTF-8 sequence by its first one (RFC 3629, 3)."""
    return 4 if first >= 0xF0 else 3 if first >= 0xE0 else 2 if first >= 0xC0 else 1


def _shown(line: str) -> str:
    plain = "".join(c if c.isprintable() else "�" for c in line.expandtabs(1))
    return plain if len(plain) <= _LONGEST_LINE else plain[: _LONGEST_LINE - 1] + "…"
