"""A rules file and the tests for it: those in it, and those in ``*_test.yaml`` files beside it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from hookgate.cli.rules_file import fail, read_rules
from hookgate.loading.cases import Case
from hookgate.loading.load import Loaded
from hookgate.loading.nodes import Node
from hookgate.loading.problems import Severity
from hookgate.loading.tests import head_of, load_tests

_SUFFIXES = (".yaml", ".yml")
_MARK = "_test"
_DEFAULT_RULES = "rules.yaml"


class Suite(Struct, frozen=True):
    """What is tested together.

    `tests` are the files of tests, each loaded; `cases` is everything that they and, where it is
    asked for, the rules file itself hold. `watched` are the files that all of it comes from.
    """

    rules: Path
    loaded: Loaded
    tests: Mapping[Path, Loaded]
    cases: tuple[Case, ...]

    @property
    def files(self) -> tuple[Loaded, ...]:
        """Everything that was loaded."""
        return (self.loaded, *self.tests.values())

    @property
    def usable(self) -> bool:
        """Whether no file has an error."""
        problems = (problem for loaded in self.files for problem in loaded.problems)
        return not any(problem.severity is Severity.ERROR for problem in problems)

    @property
    def watched(self) -> frozenset[Path]:
        """The files that all of it comes from, whether they are there or not."""
        bodies = (Path(path) for case in self.cases for path in case.paths)
        return frozenset({self.rules, *self.tests, *bodies})


def load_suite(path: Path, environ: Mapping[str, str]) -> Suite:
    """Load the suite of a rules file, or of a single file of tests.

    What depends on the machine is left out: tests need neither secrets nor programs. Ends the
    command where a file cannot be read at all.
    """
    if _is_of_tests(path):
        rules = _rules_of(path)
        loaded = read_rules(rules, environ, environment=False)
        return _suite(rules, loaded, [path], own=())
    return suite_of(path, read_rules(path, environ, environment=False))


def suite_of(path: Path, loaded: Loaded) -> Suite:
    """The suite of the rules file at `path`, which is loaded already."""
    return _suite(path, loaded, sorted(_tests_beside(path)), own=loaded.cases)


def possible_tests(directory: Path) -> Iterator[Path]:
    """The files in a directory whose name is that of a file of tests."""
    files = directory.iterdir() if directory.is_dir() else ()
    yield from (file for file in files if _is_of_tests(file) and file.is_file())


def _suite(rules: Path, loaded: Loaded, files: list[Path], own: tuple[Case, ...]) -> Suite:
    tree = loaded.tree
    tests = {} if tree is None else {file: _load(file, tree) for file in files}
    cases = own + tuple(case for found in tests.values() for case in found.cases)
    return Suite(rules, loaded, tests, cases)


def _load(file: Path, rules: Node) -> Loaded:
    found = load_tests(_text(file), str(file), str(file.absolute().parent), rules)
    return Loaded(None, found.problems, found.text, found.cases)


def _is_of_tests(path: Path) -> bool:
    return path.suffix in _SUFFIXES and path.stem.endswith(_MARK)


def _tests_beside(rules: Path) -> Iterator[Path]:
    """The files of tests in the same directory that are about this rules file."""
    for file in possible_tests(rules.parent):
        if _same(_rules_of(file), rules):
            head = head_of(_text(file))
            if head.plausible or file.stem == rules.stem + _MARK:
                yield file


def _rules_of(tests: Path) -> Path:
    """The rules file that a file of tests is about."""
    named = head_of(_text(tests)).rules
    if named is not None:
        return tests.parent / named
    stem = tests.stem.removesuffix(_MARK)
    namesakes = (tests.with_name(stem + suffix) for suffix in _SUFFIXES)
    return next((path for path in namesakes if path.is_file()), tests.with_name(_DEFAULT_RULES))


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError as error:
        fail(f"{path}: {error.strerror}")
