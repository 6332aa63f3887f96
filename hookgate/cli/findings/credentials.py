"""Keeping credentials that stand in a rules file out of what is printed of it.

This works on the text alone, since lines are also printed of a file that is no YAML. A value is
taken for a credential by the name of its key; ``${NAME}`` is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

_NAME = r"""["']?[\w.-]*(?:token|secret|username|password)["']?\s*:"""
_DASHES = re.compile(r"\s*(?:-\s+)*")
_KEY_OF_LINE = re.compile(rf"{_DASHES.pattern}(?={_NAME})", re.IGNORECASE)
_KEY_IN_BRACES = re.compile(
    rf"""[{{,]\s*{_NAME}\s*(?P<value>"(?:[^"\\]|\\.)*"?|'[^']*'?|\[[^]]*\]?|[^,}}]*)""",
    re.IGNORECASE,
)
_IN_URL = re.compile(r"://[^\s:/@]*:(?P<value>[^\s@/]+)@")
_PIECE = re.compile(r"\$\{(?:[A-Za-z_][A-Za-z0-9_]*|file:[^}]*)\}|[^\s\"'\[\],{}]")


def blanked(lines: Iterable[str]) -> list[str]:
    """The lines with each character of a credential replaced by an asterisk.

    Blanks, quotes, brackets and references stay, so everything stands where it stood.
    """
    shown = []
    key_column = None  # of the credential that the line before it belongs to
    for line in lines:
        if key_column is not None and _continues(line, key_column):
            shown.append(_starred(line, _dashes(line), len(line)))
            continue
        key = _KEY_OF_LINE.match(line)
        key_column = None if key is None else key.end()
        shown.append(_blanked_within(line) if key is None else _starred_value(line, key.end()))
    return shown


def _continues(line: str, key_column: int) -> bool:
    """Whether a line belongs to the value of the key that began in this column above it."""
    text = line.lstrip()
    indent = len(line) - len(text)
    return not text or indent > key_column or (indent == key_column and text.startswith("-"))


def _starred_value(line: str, key_column: int) -> str:
    return _starred(line, line.index(":", key_column) + 1, len(line))


def _dashes(line: str) -> int:
    """How far in the text begins: after the blanks, and after the dashes of items."""
    found = _DASHES.match(line)
    return 0 if found is None else found.end()


def _blanked_within(line: str) -> str:
    for pattern in (_KEY_IN_BRACES, _IN_URL):
        for found in pattern.finditer(line):
            line = _starred(line, *found.span("value"))
    return line


def _starred(line: str, start: int, end: int) -> str:
    def star(piece: re.Match[str]) -> str:
        return piece[0] if len(piece[0]) > 1 else "*"

    return line[:start] + _PIECE.sub(star, line[start:end]) + line[end:]
