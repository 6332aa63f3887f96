"""A table for people: columns as wide as they need, the last as wide as the line lets it be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from hookgate.cli.terminal import dim, shortened

_GAP = 2
_WIDEST = 24
"""The most that a column before the last may take."""

_LEAST = 10
"""The least that is left to the last column, however narrow the line."""

Style = Callable[[str], str]


def table(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    style: Callable[[int, str], Style] | None = None,
) -> Iterator[str]:
    """The lines of a table of at most `width` cells, unless it is very narrow.

    `style` gives the colour of a cell by its column and its text.
    """
    widths = [
        min(_WIDEST, max(len(row[column]) for row in (head, *rows)))
        for column in range(len(head) - 1)
    ]
    last = max(_LEAST, width - sum(widths) - _GAP * len(widths))
    yield dim(_line(head, [*widths, last], None))
    for row in rows:
        yield _line(row, [*widths, last], style)


def _line(
    cells: Sequence[str], widths: Sequence[int], style: Callable[[int, str], Style] | None
) -> str:
    shown = []
    for column, (cell, width) in enumerate(zip(cells, widths, strict=True)):
        text = shortened(cell, width)
        padding = "" if column == len(cells) - 1 else " " * (width - len(text))
        shown.append((text if style is None else style(column, cell)(text)) + padding)
    return (" " * _GAP).join(shown).rstrip()
