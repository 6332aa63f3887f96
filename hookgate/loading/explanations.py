"""What each code means: the same text for `hookgate explain`, the documentation and editors.

Each code has a file of data in `explanations/`, with an example that gives this finding and one
that gives none. Tests load both.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from hookgate.loading.codes import Code
from hookgate.loading.problems import Severity

_FOLDER = Path(__file__).with_name("explanations")


class Explanation(Struct, frozen=True):
    """A code explained.

    `meaning` has two paragraphs: what is wrong, and why that matters. `bad` and `good` are whole
    rules files, and `files` is what the examples need beside them, as name and text.
    """

    code: str
    title: str
    severity: Severity
    meaning: str
    bad: str
    good: str
    files: Mapping[str, str] = field(default_factory=dict)


def all_codes() -> tuple[str, ...]:
    """Every code, in order."""
    return tuple(sorted(code.number for code in Code))


def explanation(code: str) -> Explanation | None:
    """The explanation of a code such as ``HG204``; None where there is no such code."""
    known = next((member for member in Code if member.number == code), None)
    if known is None:
        return None
    told = _read(code)
    return Explanation(
        code=code,
        title=known.title,
        severity=known.severity,
        meaning=f"{told['meaning']}\n\n{told['why']}",
        bad=told["bad"],
        good=told["good"],
        files=told.get("files", {}),
    )


def _read(code: str) -> dict[str, Any]:
    import yaml

    read: dict[str, Any] = yaml.safe_load((_FOLDER / f"{code}.yaml").read_text("utf-8"))
    return read
