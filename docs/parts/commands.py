"""The command line: commands and options with what they say of themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from enum import Enum
from typing import Any, get_type_hints

import typer

from docs.parts.markdown import marked_up, table
from hookgate.cli.main import app


def commands() -> str:
    """Every command with its arguments."""
    rows = [
        (f"`hookgate {' '.join([name, *_arguments(command)])}`", marked_up(command.help or ""))
        for name, command in _commands().items()
    ]
    return table(("command", "does"), rows)


def options() -> str:
    """Every option; one that several commands share is in one row."""
    owners: dict[tuple[str, str], list[str]] = {}
    for name, command in _commands().items():
        hints = get_type_hints(inspect.unwrap(command.callback))
        for option in command.params:
            if option.param_type_name == "option":
                row = (_option(option, hints[option.name]), marked_up(option.help))
                owners.setdefault(row, []).append(f"`{name}`")
    rows = [(option, ", ".join(of), does) for (option, does), of in owners.items()]
    return table(("option", "of", "does"), rows)


def _commands() -> dict[str, Any]:
    return dict(_below(typer.main.get_command(app)))


def _below(group: Any, words: str = "") -> Iterator[tuple[str, Any]]:
    """The commands of a group, with the words that they are called by."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _below(command, f"{words}{name} ")
        else:
            yield f"{words}{name}", command


def _arguments(command: Any) -> list[str]:
    """The arguments; those that can be left out are in brackets already."""
    parameters = [found for found in command.params if found.param_type_name == "argument"]
    return [
        found.metavar or (found.name.upper() if found.required else f"[{found.name.upper()}]")
        for found in parameters
    ]


def _option(option: Any, kind: Any) -> str:
    """How an option is written: its names, and what its value can be."""
    names: list[str] = [*option.opts, *option.secondary_opts]
    value = option.metavar or _choices(kind)
    return ", ".join(f"`{name}`" for name in (*names[:-1], f"{names[-1]} {value}".rstrip()))


def _choices(kind: Any) -> str:
    """The values of an enumeration, for a table cell."""
    if isinstance(kind, type) and issubclass(kind, Enum):
        return "\\|".join(str(choice.value) for choice in kind)
    return ""
