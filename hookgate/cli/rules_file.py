"""Reading the rules file for a command, and showing what is wrong with it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import typer

from hookgate.cli.exits import ENVIRONMENT
from hookgate.loading.load import Loaded, load
from hookgate.loading.problems import Problem, Severity


def read_environment(env_file: Path | None) -> Mapping[str, str]:
    """The process's variables, with those of `env_file` under them."""
    if env_file is None:
        return os.environ
    from dotenv import dotenv_values

    if not env_file.is_file():
        fail(f"{env_file}: there is no such file")
    read = dotenv_values(env_file, interpolate=False)
    return {name: value for name, value in read.items() if value is not None} | os.environ


def read_rules(path: Path, environ: Mapping[str, str], *, environment: bool = True) -> Loaded:
    """Load a rules file; ends the command where it cannot be read at all."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    return load(
        raw.decode("utf-8", "surrogateescape"),
        str(path),
        str(path.absolute().parent),
        environ,
        environment=environment,
    )


def fail(reason: str) -> NoReturn:
    """End the command because of its surroundings."""
    typer.echo(f"hookgate: {reason}", err=True)
    raise typer.Exit(ENVIRONMENT)


def print_problems(problems: tuple[Problem, ...]) -> None:
    """Every finding on a line of its own, then their number."""
    for problem in problems:
        typer.echo(problem.as_line())
    if problems:
        typer.echo(f"\n{tally(problems)}")


def tally(problems: tuple[Problem, ...]) -> str:
    """How many errors and warnings there are, in words."""
    errors = sum(problem.severity is Severity.ERROR for problem in problems)
    parts = [_counted(errors, "error"), _counted(len(problems) - errors, "warning")]
    return ", ".join(part for part in parts if part)


def _counted(number: int, noun: str) -> str:
    return "" if number == 0 else f"{number} {noun}{'' if number == 1 else 's'}"
