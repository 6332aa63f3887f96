"""Reading rules files for a command, and showing what is wrong with one."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NoReturn

from hookgate.cli.exits import Failed
from hookgate.cli.terminal import show, width
from hookgate.loading.load import Loaded, load

STDIN = Path("-")
"""What a command line calls its standard input."""

STDIN_NAME = "<stdin>"
"""What findings call it."""

_MARK = re.compile(
    rb"""^(?:\xef\xbb\xbf)?["']?(?:sources["']?\s*:|version["']?\s*:\s*1\s*(?:#|$))""",
    re.MULTILINE,
)


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
    return _load(_bytes(path), str(path), path.absolute().parent, environ, environment)


def read_piped_rules(environ: Mapping[str, str], *, environment: bool = True) -> Loaded:
    """Load a rules file from standard input; its paths start from the working directory."""
    return _load(sys.stdin.buffer.read(), STDIN_NAME, Path.cwd(), environ, environment)


def rules_files(paths: Iterable[Path]) -> list[Path]:
    """The rules files that are meant: each file itself, and those directly in each directory.

    Of a directory these are the ``*.yaml`` and ``*.yml`` files with a line that begins with
    ``sources:`` or is ``version: 1``. One such line is enough, so that a slip in the other, or in
    the YAML, does not take a file out of the check. Ends the command where a directory has none.
    """
    return list(dict.fromkeys(file for path in paths for file in _rules_files(path)))


def fail(reason: str) -> NoReturn:
    """End the command because of its surroundings."""
    raise Failed(reason)


def print_problems(loaded: Loaded) -> None:
    """Every finding of a rules file with its place, then their number; nothing for a clean one."""
    from hookgate.cli.findings.as_text import problems_text
    from hookgate.cli.findings.report import Checked, Report

    if loaded.problems:
        show(problems_text(Report((Checked(loaded.problems[0].file, loaded),)), width()))


def _load(
    raw: bytes, file: str, directory: Path, environ: Mapping[str, str], environment: bool
) -> Loaded:
    text = raw.decode("utf-8", "surrogateescape")
    return load(text, file, str(directory), environ, environment=environment)


def _rules_files(path: Path) -> Iterator[Path]:
    if path == STDIN or not path.is_dir():
        yield path
        return
    files = sorted(file for file in path.iterdir() if file.suffix in (".yaml", ".yml"))
    found = [file for file in files if file.is_file() and _MARK.search(_bytes(file))]
    if not found:
        fail(f"{path}: there is no rules file in it")
    yield from found


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        fail(f"{path}: {error.strerror}")
