"""Printing for people: colour on a terminal, none in a pipe or with NO_COLOR."""

from __future__ import annotations

import os

import typer


def show(text: str) -> None:
    """Print text; a lone surrogate, which no terminal can show, is printed as its escape."""
    safe = text.encode("utf-8", "backslashreplace").decode("utf-8")
    typer.echo(safe, color=False if os.environ.get("NO_COLOR") else None)


def good(text: str) -> str:
    """Text about something that holds."""
    return typer.style(text, fg=typer.colors.GREEN)


def bad(text: str) -> str:
    """Text about something that is wrong."""
    return typer.style(text, fg=typer.colors.RED)


def dim(text: str) -> str:
    """Text that steps back."""
    return typer.style(text, dim=True)


def printable(text: str) -> str:
    """One line in which every character that is not printable is escaped."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def shortened(text: str, width: int) -> str:
    """At most `width` characters."""
    return text if len(text) <= width else f"{text[: width - 1]}…"
