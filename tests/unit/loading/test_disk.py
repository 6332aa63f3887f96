"""What the file says about the disk, held against the disk."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hookgate.loading.load import load

EMPTY = "version: 1\nsources: {}\nprograms: {}\n"
LONG = "x" * 5000

as_a_user = pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")


def findings(text: str, directory: Path) -> list[tuple[int, int, str]]:
    problems = load(text, "rules.yaml", str(directory), {"PATH": str(directory)}).problems
    return [(problem.line, problem.column, problem.code) for problem in problems]


def test_a_store_that_does_not_exist_yet_is_none_of_its_business(tmp_path: Path) -> None:
    assert findings(EMPTY, tmp_path) == []
    assert findings(EMPTY + "store: {url: 'sqlite:new.db'}\n", tmp_path) == []


def test_a_store_in_a_file_is_told_where_its_url_stands(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert findings(EMPTY + "store: sqlite:file/new.db\n", tmp_path) == [(4, 8, "HG305")]


def test_the_default_store_is_looked_at_as_well(tmp_path: Path) -> None:
    (tmp_path / "hookgate.db").mkdir()
    assert findings(EMPTY, tmp_path) == [(1, 1, "HG308")]


@as_a_user
def test_a_store_in_a_directory_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert findings(EMPTY, tmp_path) == [(1, 1, "HG308")]


@as_a_user
def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "hookgate.db").touch(0o400)
    assert findings(EMPTY, tmp_path) == [(1, 1, "HG308")]


def test_a_store_whose_variable_is_not_set_is_told_as_that_alone(tmp_path: Path) -> None:
    assert findings(EMPTY + "store: sqlite:${WHERE}/a.db\n", tmp_path) == [(4, 8, "HG301")]


def test_what_is_filled_in_is_not_told(tmp_path: Path) -> None:
    text = EMPTY + "store: sqlite:${PATH}/canary/a.db\n"
    loaded = load(text, "rules.yaml", str(tmp_path), {"PATH": "/hidden"})
    assert "hidden" not in repr(loaded.problems)
    assert [problem.code for problem in loaded.problems] == ["HG305"]


@pytest.mark.parametrize(
    ("program", "code"),
    [
        (f"{{command: [python], working_dir: {LONG}}}", "HG305"),
        (f"{{command: [./{LONG}]}}", "HG306"),
        (f"{{command: [{LONG}]}}", "HG306"),
    ],
)
def test_a_path_that_is_none_is_not_there(program: str, code: str, tmp_path: Path) -> None:
    text = f"version: 1\nsources: {{}}\nprograms: {{p: {program}}}\n"
    assert [found[2] for found in findings(text, tmp_path)] == [code]


def test_a_store_at_a_path_that_is_none_cannot_be_written(tmp_path: Path) -> None:
    assert [code for _, _, code in findings(EMPTY + f"store: sqlite:{LONG}/a\n", tmp_path)] == [
        "HG305"
    ]


def test_a_command_is_looked_for_along_the_path_and_must_be_executable(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.touch(0o644)
    text = (
        "version: 1\nsources: {}\nprograms:\n  a: {command: program}\n  b: {command: ./program}\n"
    )
    assert findings(text, tmp_path) == [(4, 16, "HG306"), (5, 16, "HG306")]
    program.chmod(0o755)
    assert findings(text, tmp_path) == []
