"""hookgate validate: every mistake in rules files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from hookgate.cli.exits import FINDINGS, OK
from hookgate.cli.findings.formats import FindingsFormat, written
from hookgate.cli.findings.report import Checked, Report
from hookgate.cli.rules_file import (
    STDIN,
    STDIN_NAME,
    read_environment,
    read_piped_rules,
    read_rules,
    rules_files,
)
from hookgate.cli.terminal import show, width


def validate(
    paths: Sequence[Path],
    env_file: Path | None,
    *,
    environment: bool,
    strict: bool,
    output: FindingsFormat,
) -> int:
    """Check rules files and print what was found; the exit code."""
    environ = read_environment(env_file)
    checked = tuple(_check(path, environ, environment) for path in rules_files(paths))
    report = Report(checked, strict)
    text = written(report, output, width())
    if text:
        show(text)
    return OK if report.passed else FINDINGS


def _check(path: Path, environ: Mapping[str, str], environment: bool) -> Checked:
    if path == STDIN:
        return Checked(STDIN_NAME, read_piped_rules(environ, environment=environment))
    return Checked(str(path), read_rules(path, environ, environment=environment))
