"""hookgate validate: every mistake in a rules file."""

from __future__ import annotations

import json
from pathlib import Path

import typer

from hookgate.cli.exits import FINDINGS, OK
from hookgate.cli.rules_file import print_problems, read_environment, read_rules
from hookgate.core.config import Config
from hookgate.loading.load import Loaded
from hookgate.loading.problems import Severity


def validate(path: Path, env_file: Path | None, *, environment: bool, as_json: bool) -> int:
    """Check a rules file and print what was found; the exit code."""
    loaded = read_rules(path, read_environment(env_file), environment=environment)
    if as_json:
        typer.echo(json.dumps(_document(loaded), indent=2))
    else:
        print_problems(loaded.problems)
        if loaded.config is not None:
            typer.echo(f"{path}: valid ({contents(loaded.config)})")
    return OK if loaded.config is not None else FINDINGS


def contents(config: Config) -> str:
    """What a rules file holds, counted."""
    rules = sum(len(rules) for source in config.sources.values() for rules in source.rules.values())
    counts = {"source": len(config.sources), "rule": rules, "program": len(config.programs)}
    return ", ".join(f"{count} {noun}{'' if count == 1 else 's'}" for noun, count in counts.items())


def _document(loaded: Loaded) -> dict[str, object]:
    errors = sum(problem.severity is Severity.ERROR for problem in loaded.problems)
    return {
        "format_version": 1,
        "valid": loaded.config is not None,
        "errors": errors,
        "warnings": len(loaded.problems) - errors,
        "findings": [
            {
                "file": problem.file,
                "line": problem.line,
                "column": problem.column,
                "length": problem.length,
                "code": problem.code,
                "severity": problem.severity.value,
                "message": problem.message,
                "suggestion": problem.suggestion,
            }
            for problem in loaded.problems
        ],
    }
