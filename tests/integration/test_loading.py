"""Rules files, good and bad: every file of tests/config is loaded and its findings compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookgate.loading.codes import Code
from hookgate.loading.load import Loaded, load

CONFIG = Path(__file__).parent.parent / "config"
ENVIRON = {"PATH": "/usr/bin:/bin", "TOKEN": "t0ken", "EMPTY": "", "WORD": "w0rd value"}


def load_file(path: Path, environment: bool = True) -> Loaded:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    return load(text, path.name, str(path.parent), ENVIRON, environment)


def findings(loaded: Loaded) -> str:
    return "".join(f"{problem.as_line()}\n" for problem in loaded.problems)


def named(folder: str) -> list[Path]:
    return sorted((CONFIG / folder).glob("*.yaml"))


FAULTY = [*named("err"), *named("warn")]


@pytest.mark.parametrize("path", named("ok"), ids=lambda path: path.stem)
def test_a_good_file_compiles_without_a_finding(path: Path) -> None:
    loaded = load_file(path)
    assert findings(loaded) == ""
    assert loaded.config is not None


@pytest.mark.parametrize("path", named("warn"), ids=lambda path: path.stem)
def test_a_doubtful_file_compiles_with_exactly_its_warnings(path: Path) -> None:
    loaded = load_file(path)
    assert findings(loaded) == path.with_suffix(".out").read_text("utf-8")
    assert loaded.config is not None


@pytest.mark.parametrize("path", named("err"), ids=lambda path: path.stem)
def test_a_bad_file_gives_exactly_its_findings(path: Path) -> None:
    loaded = load_file(path)
    assert findings(loaded) == path.with_suffix(".out").read_text("utf-8")
    assert loaded.config is None


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_without_the_environment_only_its_findings_go(path: Path) -> None:
    with_it = [p for p in load_file(path).problems if not p.code.startswith("HG3")]
    assert list(load_file(path, environment=False).problems) == with_it


@pytest.mark.parametrize("path", FAULTY, ids=lambda path: path.stem)
def test_every_place_is_in_the_file(path: Path) -> None:
    loaded = load_file(path)
    lines = loaded.text.split("\n")
    for problem in loaded.problems:
        line = lines[problem.line - 1]
        assert 1 <= problem.column <= len(line) + 1
        assert problem.column + problem.length <= len(line) + 2


def test_every_code_is_seen_in_some_file() -> None:
    told = "".join(path.read_text("utf-8") for path in CONFIG.glob("*/*.out"))
    # Whether a library is installed is no matter of files.
    codes = [code.number for code in Code if code is not Code.NO_LIBRARY]
    assert [code for code in codes if f" {code} " not in told] == []


def test_no_two_kinds_of_mistake_have_the_same_code() -> None:
    assert len({code.number for code in Code}) == len(Code)


def test_a_file_without_findings_of_its_own_has_no_output_beside_it() -> None:
    outputs = {path.with_suffix(".yaml") for path in CONFIG.glob("*/*.out")}
    assert outputs == set(FAULTY)
