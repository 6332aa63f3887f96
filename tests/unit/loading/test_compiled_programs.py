"""Programs as a runner uses them."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.core.programs import CommandProgram
from hookgate.core.retry import UNASKED, Retry
from hookgate.core.templates import fill, fill_for_show
from hookgate.loading.load import load
from tests.rules import compiled

ENVIRON = {"WORDS": "two words", "QUOTE": 'it\'s "{a}"', "EMPTY": ""}


def program(keys: str) -> CommandProgram:
    """A program `p` with these keys, in flow style."""
    text = f"version: 1\nsources: {{}}\nprograms: {{p: {{{keys}}}}}\n"
    found = compiled(text, ENVIRON).programs["p"]
    assert isinstance(found, CommandProgram)
    return found


def argv(command: str) -> list[str]:
    return [fill(word, {"a": "a b", "n": 3}) for word in program(f"command: {command}").command]


def test_what_is_not_written_has_its_default() -> None:
    found = program("command: [x]")
    assert found == CommandProgram(name="p", command=found.command, working_dir="/srv/hookgate")


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("[python, x.py]", ["python", "x.py"]),
        ("[x, 8000, 1.50, -3]", ["x", "8000", "1.50", "-3"]),
        ("python x.py", ["python", "x.py"]),
        ("""'x "a b" c\\ d'""", ["x", "a b", "c d"]),
        ("'x # y'", ["x", "#", "y"]),
        ("'x --name={a} {n}'", ["x", "--name=a b", "3"]),
        ("[x, 'y {a}', '{{a}}']", ["x", "y a b", "{a}"]),
        ("'x ${WORDS}'", ["x", "two words"]),
        ("'x \"<${WORDS}>\" ${EMPTY}'", ["x", "<two words>", ""]),
        ("'x ${QUOTE}'", ["x", 'it\'s "{a}"']),
        ("'x ${NONE:-a b}'", ["x", "a b"]),
        ("'x $${WORDS}'", ["x", "${WORDS}"]),
        ('["${WORDS}"]', ["two words"]),
    ],
)
def test_a_command_is_split_before_anything_is_filled_in(command: str, words: list[str]) -> None:
    assert argv(command) == words


def test_what_came_from_the_environment_is_shown_as_it_was_written() -> None:
    found = program("command: 'x --key=${WORDS} {a}', env: {KEY: '${WORDS}', N: 1.10}")
    assert [fill_for_show(word, {"a": 1}) for word in found.command] == ["x", "--key=${WORDS}", "1"]
    assert fill(found.env["KEY"], {}) == "two words"
    assert fill_for_show(found.env["KEY"], {}) == "${WORDS}"
    assert fill(found.env["N"], {}) == "1.10"
    assert "two words" not in repr(found)


def test_every_key_is_used() -> None:
    found = program(
        "command: [x], params: [a, b], pass: none, working_dir: ../jobs, timeout: 1m,"
        " run_async: false, exit_status: {0: 204, 3: 422}, max_output: 1KiB, concurrency: 2,"
        " retry: {attempts: 3, backoff: fixed, initial: 1m, max: 2m, jitter: 0, on: [1, 2]}"
    )
    assert found == CommandProgram(
        name="p",
        command=found.command,
        working_dir="/srv/jobs",
        flags=False,
        params=("a", "b"),
        timeout=60.0,
        run_async=False,
        exit_status={0: 204, 3: 422},
        max_output=1024,
        concurrency=2,
        retry=Retry(3, "fixed", 60.0, 120.0, 0.0, frozenset({1, 2})),
    )


def test_a_retry_that_says_how_often_has_the_other_defaults_of_one_that_is_asked_for() -> None:
    assert program("command: [x], retry: {attempts: 5}").retry == UNASKED


def test_no_params_is_not_all_params() -> None:
    assert program("command: [x], params: []").params == ()


def test_an_absolute_working_directory_stays() -> None:
    assert program("command: [x], working_dir: /opt").working_dir == "/opt"


@given(st.lists(st.text(st.characters(min_codepoint=32, max_codepoint=126)), min_size=1))
def test_words_that_are_quoted_come_out_as_they_were(words: list[str]) -> None:
    escaped = [word.replace("{", "(").replace("$", "S") or "x" for word in words]
    assert argv(json.dumps(shlex.join(escaped))) == escaped


# --- whether the command is there -----------------------------------------------------------


def codes(command: str, directory: Path, path: str) -> list[str]:
    text = f"version: 1\nsources: {{}}\nprograms: {{p: {{{command}}}}}\n"
    loaded = load(text, "rules.yaml", str(directory), {"PATH": path, "ME": "script"})
    return [problem.code for problem in loaded.problems]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    for name in ("script", "bin/tool"):
        (tmp_path / name).write_text("#!/bin/sh\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    (tmp_path / "plain.txt").write_text("", "utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "keys",
    [
        "command: [./script]",
        "command: ./script --now",
        "command: ['./${ME}']",
        "command: [tool]",
        "command: [../script], working_dir: bin",
        "command: [python]",
        "command: [elsewhere], env: {PATH: '{a}'}",
    ],
)
def test_a_command_that_is_there_or_not_known_yet_is_no_finding(keys: str, directory: Path) -> None:
    assert codes(keys, directory, str(directory / "bin")) == []


@pytest.mark.parametrize(
    "keys",
    [
        "command: [./missing]",
        "command: [./plain.txt]",
        "command: [script]",
        "command: [./bin]",
        "command: [script], working_dir: bin",
        "command: [tool], env: {PATH: /nowhere}",
    ],
)
def test_a_command_that_is_not_there_is_a_finding(keys: str, directory: Path) -> None:
    assert codes(keys, directory, str(directory / "bin")) == ["HG306"]


def test_a_working_directory_that_is_not_there_is_one_finding(directory: Path) -> None:
    assert codes("command: [./x], working_dir: none", directory, "") == ["HG305"]
    assert codes("command: [./x], working_dir: script", directory, "") == ["HG305"]
