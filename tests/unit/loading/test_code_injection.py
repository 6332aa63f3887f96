"""Which words of a command are code, so that no placeholder may stand in them."""

from __future__ import annotations

import json

import pytest

from hookgate.loading.load import load

RULES = """\
version: 1
sources:
  ci:
    auth: {{type: none}}
    params: {{x: x}}
    rules: {{a: [{{program: p}}]}}
programs:
  p: {{command: {command}}}
"""


def columns(command: list[str] | str) -> list[int]:
    """Where the findings are, counted from 0 within the command."""
    text = RULES.format(command=json.dumps(command))
    problems = load(text, "rules.yaml", "/srv", {"SHELL": "sh"}, environment=False).problems
    assert {problem.code for problem in problems} <= {"HG271"}
    return [problem.column - 1 - len("  p: {command: ") for problem in problems]


@pytest.mark.parametrize(
    "command",
    [
        ["sh", "-c", "{x}"],
        ["/bin/bash", "-lc", "{x}"],
        ["bash", "-o", "pipefail", "-c", "{x}"],
        ["zsh", "-e", "-c", "{x}"],
        ["sudo", "-u", "ci", "sh", "-c", "{x}"],
        ["python", "-Ic", "{x}"],
        ["python3.13", "-W", "error", "-c", "{x}"],
        ["perl", "-ne", "{x}"],
        ["ruby", "-e", "{x}"],
        ["node", "--eval", "{x}"],
        ["php", "-r", "{x}"],
        ["lua5.4", "-e", "{x}"],
        ["env", "A=1", "dash", "-c", "{x}"],
        "sh -c {x}",
        "sh -c 'echo {x}'",
    ],
)
def test_a_placeholder_in_code_is_found_where_it_stands(command: list[str] | str) -> None:
    assert columns(command) == [json.dumps(command).index("{x}")]


@pytest.mark.parametrize(
    "command",
    [
        ["sh", "run.sh", "-c", "{x}"],
        ["sh", "-c", "echo $1", "sh", "{x}"],
        ["./sh-like", "-c", "{x}"],
        ["python", "handler.py", "-c", "{x}"],
        ["python", "-m", "module", "{x}"],
        ["sh", "-c", "echo {{x}}"],
        ["grep", "-c", "{x}"],
        ["curl", "-e", "{x}"],
        ["sh", "-c"],
        ["sh", "{x}"],
        "sh -c 'echo $1' sh {x}",
    ],
)
def test_a_placeholder_that_stays_an_argument_is_none(command: list[str] | str) -> None:
    assert columns(command) == []


def test_every_placeholder_in_code_is_told() -> None:
    assert columns(["sh", "-c", "{x} {x}", "{x}"]) == [14, 18]
