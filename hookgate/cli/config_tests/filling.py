"""Writing back what cases left open: `hookgate test --update`."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from hookgate.cli.config_tests.running import CaseResult, Results
from hookgate.engine.config_tests.comparing import Nothing, actual_at
from hookgate.engine.config_tests.updating import fill_blanks
from hookgate.loading.cases import Blank
from hookgate.model import JSON

_MARK = "\ufeff"


def fill_files(results: Results) -> list[Path]:
    """Fill in every blank whose value is known; the files that changed."""
    by_file: dict[str, list[CaseResult]] = {}
    for suite in results.suites:
        for result in suite.cases:
            by_file.setdefault(result.case.file, []).append(result)
    return [Path(file) for file, found in by_file.items() if _fill(Path(file), found)]


def _fill(file: Path, results: Iterable[CaseResult]) -> bool:
    """Fill in the blanks of one file; whether that changed anything."""
    old = file.read_bytes().decode("utf-8")
    text = old.removeprefix(_MARK)
    new = old[: len(old) - len(text)] + fill_blanks(text, _values(results))
    if new == old:
        return False
    _replace(file, new.encode("utf-8"))
    return True


def _values(results: Iterable[CaseResult]) -> Iterator[tuple[Blank, JSON]]:
    for result in results:
        if result.outcome is None:
            continue
        for blank in result.case.blanks:
            value = actual_at(result.outcome, blank.path)
            if not isinstance(value, Nothing):
                yield blank, value


def _replace(file: Path, content: bytes) -> None:
    """Put the content in place whole: an interrupted run leaves the old file."""
    target = Path(os.path.realpath(file))
    descriptor, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    Path(temporary).chmod(target.stat().st_mode)
    Path(temporary).replace(target)
