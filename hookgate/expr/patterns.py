"""Regular expressions and globs that take linear time and bounded memory.

Both run on RE2 (https://github.com/google/re2/wiki/Syntax), which has no backtracking. It is
imported when the first pattern is compiled, since few rules files hold one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from hookgate.errors import EvaluationError

MAX_PATTERN = 4_000
"""The longest pattern, in characters; a pattern may come from a payload."""

_MAX_MEMORY = 512 * 1024  # bytes an expression; re2 itself keeps at most 128 of them
_MAX_WORK = 50_000_000  # instructions x bytes: a quarter of a second where RE2 is at its slowest


class BadPattern(ValueError):  # noqa: N818 - it names the state of affairs
    """The pattern cannot be compiled; the message says why, in RE2's words where it is RE2's."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A compiled pattern. `whole` tells whether it must match the whole text."""

    text: str
    whole: bool
    _expression: Any = field(repr=False, compare=False)

    def __repr__(self) -> str:
        return repr(self.text)

    def found_in(self, text: str) -> bool:
        """Whether the text matches. Raises `EvaluationError` if that could take too long."""
        raw = _utf8(text)
        if self._expression.programsize * len(raw) > _MAX_WORK:
            raise EvaluationError(f"a text of {len(text)} characters is too long for this pattern")
        match = self._expression.fullmatch(raw) if self.whole else self._expression.search(raw)
        return match is not None


@lru_cache(maxsize=64)
def compile_expression(text: str) -> Pattern:
    """A regular expression in RE2's syntax that is searched for; ``$`` is the very end of a text.

    Raises `BadPattern`, also for a backspace, which is what ``'\\b'`` without an ``r`` makes.
    """
    _check_length(text)
    if "\b" in text:
        raise BadPattern(r"it holds a backspace character (a word boundary is r'\b', with the r)")
    return Pattern(text, False, _compile(text))


@lru_cache(maxsize=64)
def compile_glob(text: str) -> Pattern:
    """A case-sensitive pattern for a whole text: ``*``, ``?``, ``[abc]``, ``[a-z]``, ``[!abc]``.

    As in Python's `fnmatch`, ``*`` matches any characters, ``/`` and line breaks too, and a ``[``
    that is never closed stands for itself. Raises `BadPattern`.
    """
    _check_length(text)
    return Pattern(text, True, _compile("(?s)" + "".join(_glob_pieces(text))))


COMPILERS: dict[str, Callable[[str], Pattern]] = {
    "glob": compile_glob,
    "matches": compile_expression,
}
"""How the second argument of a function is compiled, by the function's name."""


def _check_length(text: str) -> None:
    if len(text) > MAX_PATTERN:
        raise BadPattern(f"it is longer than {MAX_PATTERN:,} characters")


def _compile(expression: str) -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.never_capture = True
    options.max_mem = _MAX_MEMORY
    try:
        return re2.compile(_utf8(expression), options)
    except re2.error as fault:
        raise BadPattern(_reason(fault)) from None


def _reason(fault: Exception) -> str:
    reason = fault.args[0]
    return reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)


def _utf8(text: str) -> bytes:
    """UTF-8; a lone surrogate, which JSON can hold and UTF-8 cannot, becomes U+FFFD."""
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode("utf-8")


def _glob_pieces(glob: str) -> list[str]:
    import re2

    pieces: list[str] = []
    position = 0
    while position < len(glob):
        character = glob[position]
        end = _class_end(glob, position) if character == "[" else None
        if end is not None:
            pieces.append(_class(glob[position + 1 : end]))
            position = end
        elif character in "*?":
            pieces.append(".*" if character == "*" else ".")
        else:
            pieces.append(re2.escape(character))
        position += 1
    return pieces


def _class_end(glob: str, opening: int) -> int | None:
    """Where the bracket closes; one that comes first in the class belongs to it."""
    first = opening + 2 if glob.startswith("[!", opening) else opening + 1
    end = glob.find("]", first + 1)
    return None if end == -1 else end


def _class(content: str) -> str:
    members = content.removeprefix("!")
    escaped = "".join("\\" + member if member in r"\[]^" else member for member in members)
    return f"[{'^' if content != members else ''}{escaped}]"
