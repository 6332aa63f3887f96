"""Plain text as Markdown."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_CODE = re.compile(
    r"\$\$?\{[^}]*\}?|\{[^}]*\}|--[a-z][\w=-]*"  # ${NAME}, {param}, --option
    r"|(?<![\w/:])/[\w/.]+\w"  # /a/path
    r"|\b\w+(?:\.\w+)*_(?:\*|\w+)(?:: (?:true|false))?"  # snake_case: true, HOOKGATE_*
)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in lines).replace("| --- ", "|---")


def marked_up(text: str) -> str:
    """A plain sentence of the schema, with what looks like code marked as such."""
    pieces = []
    end = 0
    for code in _CODE.finditer(text):
        pieces += [_escaped(text[end : code.start()]), f"`{code[0]}`"]
        end = code.end()
    return "".join([*pieces, _escaped(text[end:])])


def _escaped(text: str) -> str:
    return re.sub(r"([*|<])", r"\\\1", text)
