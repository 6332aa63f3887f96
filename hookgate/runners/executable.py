"""Which file a command word means, and in plain words why a command could not be started."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from hookgate.core.environment import Unrunnable


def find_executable(word: str, env: Mapping[str, str], working_dir: str) -> str | Unrunnable:
    """The file to execute for the command word of a program that sees `env`.

    As execvp(3) has it: a word with a slash is a path, relative to `working_dir`; any other is
    looked for along the PATH of `env`. `python` on no such PATH is the interpreter that runs this.
    """
    if not os.path.isdir(working_dir):  # noqa: PTH112 - see _is_file
        return Unrunnable(f"the working directory {working_dir} is not a directory that exists")
    found = list(_candidates(word, env, working_dir))
    for candidate in found:
        if _is_file(candidate) and os.access(candidate, os.X_OK):
            return str(candidate)
    if word == "python":
        return sys.executable
    return Unrunnable(_why_not_found(word, env, found))


def why_not_started(word: str, error: OSError | ValueError) -> str:
    """One line of plain words for the exception that starting a command raised.

    A ValueError is what the subprocess module says of text that no command line can carry.
    """
    if not isinstance(error, OSError):
        return f"the command {word!r} cannot be given its arguments or variables: {error}"
    if error.errno in _REASONS:
        return f"the command {word!r} {_REASONS[error.errno]}"
    return f"the command {word!r} could not be run: {error.strerror or error}"


_REASONS = {
    errno.ENOENT: "could not be run: the interpreter that its first line names does not exist",
    errno.ENOEXEC: "is in no format that this system can run "
    "(a script needs a first line such as #!/bin/sh)",
    errno.E2BIG: "has more arguments and variables than the operating system's limit allows",
}


def _candidates(word: str, env: Mapping[str, str], working_dir: str) -> Iterator[Path]:
    if "/" in word:
        yield Path(working_dir, word)
    elif word:
        for directory in _search_path(env).split(os.pathsep):
            yield Path(working_dir, directory, word)


def _search_path(env: Mapping[str, str]) -> str:
    return env.get("PATH", os.defpath)


def _why_not_found(word: str, env: Mapping[str, str], candidates: list[Path]) -> str:
    for candidate in candidates:
        if _is_file(candidate):
            return f"the command {word!r} is not executable ({candidate})"
    if "/" not in word:
        return f"the command {word!r} was not found on the PATH {_search_path(env)}"
    if os.path.isdir(candidates[0]):  # noqa: PTH112 - see _is_file
        return f"the command {word!r} is a directory"
    return f"the command {word!r} does not exist ({candidates[0]})"


def _is_file(path: Path) -> bool:
    # Path.is_file raises for a directory on the PATH that this user may not look into.
    return os.path.isfile(path)  # noqa: PTH113
