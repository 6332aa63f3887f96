"""Options that several commands have."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, overload

import typer


class OutputFormat(StrEnum):
    """How results are written."""

    TEXT = "text"
    JSON = "json"


EnvFile = Annotated[
    Path | None,
    typer.Option(
        "--env-file",
        help="Read variables from this file; those of the environment win.",
        metavar="FILE",
    ),
]
Format = Annotated[OutputFormat, typer.Option("--format", help="How to print the result.")]


@overload
def duration(text: str) -> float: ...


@overload
def duration(text: str | None) -> float | None: ...


def duration(text: str | None) -> float | None:
    """The seconds of a duration as rules files have it; ends the command for anything else."""
    if text is None:
        return None
    from hookgate.loading.units import seconds

    found = seconds(text)
    if found is None:
        raise typer.BadParameter(f"{text!r} is no duration such as 30s, 1h or 30d")
    return found
