from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

import pytest

from hookgate.core.environment import Unrunnable
from hookgate.runners.executable import find_executable, why_not_started


def put(path: Path, mode: int = 0o755) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("#!/bin/sh\n")
    path.chmod(mode)
    return path


def test_a_word_is_looked_for_along_the_path_that_the_program_sees(tmp_path: Path) -> None:
    put(tmp_path / "first" / "other")
    deploy = put(tmp_path / "second" / "deploy")
    path = f"{tmp_path / 'first'}:{tmp_path / 'second'}"
    assert find_executable("deploy", {"PATH": path}, "/") == str(deploy)


def test_the_gateway_s_own_path_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path / "deploy")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_executable("deploy", {"PATH": "/bin"}, str(tmp_path)) == Unrunnable(
        "the command 'deploy' was not found on the PATH /bin"
    )


def test_without_a_path_the_system_s_default_is_searched() -> None:
    assert find_executable("sh", {}, "/") in ("/bin/sh", "/usr/bin/sh")


def test_a_file_that_is_not_executable_is_passed_over(tmp_path: Path) -> None:
    put(tmp_path / "first" / "deploy", 0o644)
    (tmp_path / "second" / "deploy").mkdir(parents=True)
    deploy = put(tmp_path / "third" / "deploy")
    path = ":".join(str(tmp_path / name) for name in ("first", "second", "third"))
    assert find_executable("deploy", {"PATH": path}, "/") == str(deploy)


def test_a_directory_on_the_path_that_cannot_be_looked_into_is_passed_over() -> None:
    path = f"/{'x' * 300}:/bin"
    assert find_executable("sh", {"PATH": path}, "/") == "/bin/sh"


def test_a_command_with_a_slash_is_relative_to_the_working_directory(tmp_path: Path) -> None:
    script = put(tmp_path / "bin" / "deploy.sh")
    assert find_executable("bin/deploy.sh", {"PATH": "/bin"}, str(tmp_path)) == str(script)


def test_python_is_the_one_on_the_path(tmp_path: Path) -> None:
    python = put(tmp_path / "python")
    assert find_executable("python", {"PATH": str(tmp_path)}, "/") == str(python)


def test_python_on_no_path_is_the_interpreter_that_runs_this(tmp_path: Path) -> None:
    assert find_executable("python", {"PATH": str(tmp_path)}, "/") == sys.executable


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("deploy", "the command 'deploy' was not found on the PATH {0}"),
        ("", "the command '' was not found on the PATH {0}"),
        ("./deploy", "the command './deploy' does not exist ({0}/deploy)"),
        ("./folder", "the command './folder' is a directory"),
        ("plain", "the command 'plain' is not executable ({0}/plain)"),
        ("./plain", "the command './plain' is not executable ({0}/plain)"),
        ("a\0b", "the command 'a\\x00b' was not found on the PATH {0}"),
    ],
)
def test_what_cannot_be_executed_is_told_in_plain_words(
    tmp_path: Path, word: str, reason: str
) -> None:
    (tmp_path / "folder").mkdir()
    put(tmp_path / "plain", 0o644)
    found = find_executable(word, {"PATH": str(tmp_path)}, str(tmp_path))
    assert found == Unrunnable(reason.format(tmp_path))


def test_a_missing_working_directory_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")
    assert find_executable("sh", {"PATH": "/bin"}, missing) == Unrunnable(
        f"the working directory {missing} is not a directory that exists"
    )


def test_an_error_without_words_of_our_own_keeps_those_of_the_system() -> None:
    error = OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    assert why_not_started("deploy", error) == (
        "the command 'deploy' could not be run: Resource temporarily unavailable"
    )
