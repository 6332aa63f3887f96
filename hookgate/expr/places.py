"""Where the parts of a condition stand in its text, in characters.

Python's parser counts lines, and within them bytes of UTF-8.
"""

from __future__ import annotations

import ast
import re

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


class Places:
    """Turns places in `text` after its first `skipped` characters into offsets into all of it."""

    __slots__ = ("_ascii", "_line_starts", "text")

    def __init__(self, text: str, skipped: int) -> None:
        self.text = text
        self._ascii = text.isascii()
        breaks = _LINE_BREAK.finditer(text, skipped)
        self._line_starts = [skipped, *(match.end() for match in breaks)]

    def span(self, node: ast.expr) -> tuple[int, int]:
        """The offsets of a node's first character and of the one after its last."""
        start = self._byte_offset(node.lineno, node.col_offset)
        if node.end_lineno is None or node.end_col_offset is None:
            return start, start
        return start, self._byte_offset(node.end_lineno, node.end_col_offset)

    def source(self, node: ast.expr) -> str:
        """A node as it is written."""
        start, end = self.span(node)
        return self.text[start:end]

    def character_offset(self, line: int | None, column: int | None) -> int:
        """The offset of a place that a SyntaxError names; lines and columns count from 1.

        Column 0 is how it names the end of the text.
        """
        if not line or not column or line > len(self._line_starts):
            return len(self.text)
        return min(self._line_starts[line - 1] + column - 1, len(self.text))

    def _byte_offset(self, line: int, column: int) -> int:
        start = self._line_starts[line - 1]
        if self._ascii:
            return start + column
        rest = self.text[start : start + column].encode()[:column]
        return start + len(rest.decode())
