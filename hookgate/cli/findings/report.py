"""What was checked and what came of it: the record that every format is written from."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from hookgate.loading.load import Loaded
from hookgate.loading.problems import Problem, Severity


class Checked(Struct, frozen=True):
    """One rules file: the name it goes by, and what came of loading it."""

    file: str
    loaded: Loaded


class Report(Struct, frozen=True):
    """Every file of one check, in the order in which they were named.

    With `strict`, a warning makes the check fail as an error does.
    """

    files: tuple[Checked, ...]
    strict: bool = False

    @property
    def problems(self) -> Iterator[Problem]:
        """All findings, file by file."""
        return (problem for checked in self.files for problem in checked.loaded.problems)

    @property
    def errors(self) -> int:
        """How many findings are errors."""
        return sum(problem.severity is Severity.ERROR for problem in self.problems)

    @property
    def warnings(self) -> int:
        """How many findings are warnings."""
        return sum(problem.severity is Severity.WARNING for problem in self.problems)

    @property
    def valid(self) -> bool:
        """Whether every file can be used."""
        return all(checked.loaded.config is not None for checked in self.files)

    @property
    def passed(self) -> bool:
        """Whether the check is clean, as the exit code tells."""
        return self.valid and not (self.strict and self.warnings)

    def fails(self, problem: Problem) -> bool:
        """Whether a finding makes the check fail."""
        return self.strict or problem.severity is Severity.ERROR


def sentence(problem: Problem) -> str:
    """What is wrong and what may be right, without the place."""
    return f"{problem.message} ({problem.suggestion})" if problem.suggestion else problem.message
