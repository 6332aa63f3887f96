"""`hookgate validate` as a person or CI calls it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.gateway import HOOKGATE
from tests.rules import ROOT


def validate(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOOKGATE, "validate", *arguments],
        capture_output=True,
        check=False,
        text=True,
        env={"PATH": os.environ["PATH"], **environ},
    )


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    text = (ROOT / "rules.yaml").read_text()
    path.write_text(text.replace("program: hello_world ", "program: helo_world "))
    return path


def test_the_shipped_file_is_valid(tmp_path: Path) -> None:
    path = str(ROOT / "rules.yaml")
    result = validate(path, "--no-environment")
    assert result.returncode == 0
    assert result.stdout == f"{path}: valid (2 sources, 3 rules, 2 programs)\n"


def test_without_its_secrets_the_shipped_file_is_not_ready_to_serve() -> None:
    result = validate(str(ROOT / "rules.yaml"))
    assert result.returncode == 1
    assert result.stdout.count("HG301") == 3


def test_a_finding_is_a_line_with_place_code_and_a_hint(broken: Path) -> None:
    result = validate(str(broken), "--no-environment")
    assert result.returncode == 1
    line, _, count = result.stdout.splitlines()
    place = f"{broken}:19:20: HG204 error: "
    assert line == f"{place}the program 'helo_world' does not exist (did you mean 'hello_world'?)"
    assert count == "1 error"


def test_findings_as_json(broken: Path) -> None:
    result = validate(str(broken), "--no-environment", "--format", "json")
    assert result.returncode == 1
    assert json.loads(result.stdout) == {
        "format_version": 1,
        "valid": False,
        "errors": 1,
        "warnings": 0,
        "findings": [
            {
                "file": str(broken),
                "line": 19,
                "column": 20,
                "length": 10,
                "code": "HG204",
                "severity": "error",
                "message": "the program 'helo_world' does not exist",
                "suggestion": "did you mean 'hello_world'?",
            }
        ],
    }


def test_a_file_that_is_not_there_is_the_environments_fault() -> None:
    result = validate("/nonexistent.yaml")
    assert result.returncode == 3
    assert result.stderr == "hookgate: /nonexistent.yaml: No such file or directory\n"


def test_bytes_that_are_no_text_are_a_finding(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_bytes(b"version: 1\nsources: {\xff: {}}\n")
    result = validate(str(path))
    assert result.returncode == 1
    assert "rules.yaml:2:" in result.stdout
    assert result.stderr == ""
