"""The code frame of a finding: the line it is in, and how far in and how wide its token is.

Widths are in cells, the columns of a terminal: a tab fills up to the next multiple of four, a wide
character (East Asian Width W or F, Unicode annex 11) takes two, a combining mark none, and what
cannot be printed is shown as its escape.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from msgspec import Struct

from hookgate.cli.findings.credentials import blanked
from hookgate.loading.problems import Problem

_LINE_END = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")
_TAB_STOP = 4
_CUT = "…"


class Frame(Struct, frozen=True):
    """A line as it is shown, cut where it is long; `indent` and `carets` are in cells."""

    line: int
    source: str
    indent: int
    carets: int


def shown_lines(text: str) -> list[str]:
    """The lines of a text as YAML counts them, without their ends and with credentials blanked."""
    return blanked(_LINE_END.split(text))


def frame_of(problem: Problem, lines: Sequence[str], width: int) -> Frame | None:
    """The frame of a finding in these lines, its source at most `width` (10 or more) cells wide.

    None where there is no token to point at: past the end of a line or of the file.
    """
    if not 1 <= problem.line <= len(lines):
        return None
    line = lines[problem.line - 1]
    start = problem.column - 1
    end = min(start + min(problem.length, width), len(line))
    if not line[start:end].strip():
        return None
    source, indent, carets = _cut(line, start, end, width)
    return Frame(problem.line, source, indent, carets)


def _cut(line: str, start: int, end: int, width: int) -> tuple[str, int, int]:
    """The part of the line around the token, how far in the token begins, and how wide it is."""
    # What is further away than `width` characters is hardly seen, and a line may be very long.
    left = max(0, start - width)
    near = line[left : end + width]
    shown = list(_shown(near))
    cells = list(accumulate(map(_width, shown), initial=0))
    start, end = start - left, end - left
    first, last = 0, len(shown)
    if len(near) < len(line) or cells[-1] > width:
        first, last = _window(cells, start, end, width - 2 * len(_CUT))
    before = _CUT if left + first > 0 else ""
    after = _CUT if left + last < len(line) else ""
    return (
        f"{before}{''.join(shown[first:last])}{after}",
        len(before) + cells[start] - cells[first],
        max(1, cells[min(end, last)] - cells[start]),
    )


def _window(cells: Sequence[int], start: int, end: int, room: int) -> tuple[int, int]:
    """Which characters to show: the token in the middle, unless an end of the line is near.

    `cells` says at which cell each character begins.
    """
    token = min(cells[end] - cells[start], room)
    before = max((room - token) // 2, room - (cells[-1] - cells[start]))
    first = bisect_left(cells, cells[start] - before)
    last = bisect_right(cells, cells[first] + room) - 1
    return first, last


def _shown(text: str) -> Iterator[str]:
    """Each character as it is printed."""
    cell = 0
    for character in text:
        if character == "\t":
            shown = " " * (_TAB_STOP - cell % _TAB_STOP)
        elif character.isprintable():
            shown = character
        else:
            shown = character.encode("unicode_escape").decode()
        cell += _width(shown)
        yield shown


def _width(text: str) -> int:
    return len(text) if text.isascii() else sum(map(_character_width, text))


def _character_width(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
