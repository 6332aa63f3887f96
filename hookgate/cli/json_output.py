"""Printing JSON, which may hold what a stranger has sent, where a terminal may read it."""

from __future__ import annotations

import json

from hookgate.cli.terminal import show
from hookgate.expr.values import json_text
from hookgate.model import JSON


def show_json(value: JSON) -> None:
    """Print a document of one line, every number as it was written."""
    show(escaped(json_text(value)))


def escaped(text: str) -> str:
    """JSON without line breaks whose characters can all be printed; it means the same.

    JSON itself lets through what a terminal obeys or reorders: DEL, the C1 controls, U+2028, marks
    of direction.
    """
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)
