"""Printing for people: colour on a terminal, none in a pipe or with NO_COLOR."""

from __future__ import annotations

import os
import re
import shutil
import sys

import typer

_LEAST_WIDTH = 40
PIPE_WIDTH = 120
_STYLE = re.compile(r"\x1b\[\d+m")


def show(text: str) -> None:
    """Print text; what the encoding of the output has no place for is printed as its escape."""
    encoding = sys.stdout.encoding
    safe = text.encode(encoding, "backslashreplace").decode(encoding)
    typer.echo(safe, color=False if os.environ.get("NO_COLOR") else None)


def good(text: str) -> str:
    """Text about something that holds."""
    return typer.style(text, fg=typer.colors.GREEN)


def bad(text: str) -> str:
    """Text about something that is wrong."""
    return typer.style(text, fg=typer.colors.RED)


def doubtful(text: str) -> str:
    """Text about something that may be wrong."""
    return typer.style(text, fg=typer.colors.YELLOW)


def dim(text: str) -> str:
    """Text that steps back."""
    return typer.style(text, dim=True)


def plain(text: str) -> str:
    """Text without the colours given to it here."""
    return _STYLE.sub("", text)


def width() -> int:
    """How many cells a line may take: those of the terminal, a fixed number in a pipe."""
    if not sys.stdout.isatty():
        return PIPE_WIDTH
    return max(_LEAST_WIDTH, shutil.get_terminal_size().columns)


def printable(text: str) -> str:
    """One line in which every character that is not printable is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, width: int) -> str:
    """At most `width` characters."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
