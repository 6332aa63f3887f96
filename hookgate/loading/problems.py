"""What a mistake in the rules file looks like to whoever prints it."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Severity(StrEnum):
    """An error keeps the file from being used; a warning does not."""

    ERROR = "error"
    WARNING = "warning"


class Problem(Struct, frozen=True):
    """One mistake and its place.

    `line` and `column` count from 1, in characters; `length` is that of the token on its first
    line, for a caret. `suggestion` is a clause such as ``did you mean 'jira_issue'?``. No text of
    a problem holds a secret or a value that came from the environment.
    """

    file: str
    line: int
    column: int
    length: int
    code: str
    severity: Severity
    message: str
    suggestion: str | None = None

    def as_line(self) -> str:
        """The problem as one line: ``rules.yaml:31:22: HG204 error: ... (did you mean ...?)``."""
        hint = f" ({self.suggestion})" if self.suggestion else ""
        place = f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.code} {self.severity}: {self.message}{hint}"
