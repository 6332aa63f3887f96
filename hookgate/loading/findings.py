"""Where the stages of loading put the problems they find."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from functools import lru_cache

from hookgate.loading.codes import Code
from hookgate.loading.nodes import Span
from hookgate.loading.problems import Problem, Severity

_LINE_END = re.compile(r"[\r\n\x85\u2028\u2029]")


class Findings:
    """Collects problems of one file.

    `file` is its name in the problems and `text` what it holds. With `environment` False,
    problems that lie in the environment are left out.
    """

    def __init__(self, file: str, text: str, environment: bool = True) -> None:
        self._file = file
        self._text = text
        self._environment = environment
        self._problems: set[Problem] = set()

    def add(self, code: Code, place: Span, message: str, suggestion: str | None = None) -> None:
        """Note a problem; the same one at the same place is noted once."""
        if code.environmental and not self._environment:
            return
        self._problems.add(
            Problem(
                self._file,
                place.line,
                place.column,
                self._length(place),
                code.number,
                code.severity,
                message,
                suggestion,
            )
        )

    def take_back(self, code: Code, line: int) -> bool:
        """Drop the problems of a code on a line; whether there were any."""
        dropped = {p for p in self._problems if (p.code, p.line) == (code.number, line)}
        self._problems -= dropped
        return bool(dropped)

    @property
    def fatal(self) -> bool:
        """Whether an error is among them."""
        return any(problem.severity is Severity.ERROR for problem in self._problems)

    @property
    def misshapen(self) -> bool:
        """Whether one of them is about the shape of the file, so that a part of it was not used."""
        return any(problem.code.startswith("HG1") for problem in self._problems)

    def sorted(self) -> tuple[Problem, ...]:
        """All problems, from the top of the file to its end."""
        return tuple(sorted(self._problems, key=lambda p: (p.line, p.column, p.code, p.message)))

    def _length(self, place: Span) -> int:
        line_end = _LINE_END.search(self._text, place.start)
        end = min(place.end, line_end.start() if line_end else len(self._text))
        return max(1, end - place.start)


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """A suggestion, where one of the known names is near."""
    return _nearest(name, tuple(known))


@lru_cache  # one wrong name is often written many times, beside many known ones
def _nearest(name: str, known: tuple[str, ...]) -> str | None:
    spellings = {spelling.lower(): spelling for spelling in known}
    near = difflib.get_close_matches(name.lower(), spellings, n=1)
    return f"did you mean {quoted(spellings[near[0]])}?" if near else None


def quoted(text: str) -> str:
    """Text in single quotes, on one line and of bounded length."""
    shown = text if len(text) <= 60 else f"{text[:57]}..."
    return "'" + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in shown) + "'"


def listed(names: Iterable[str]) -> str:
    """Names as ``a, b and c``."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
