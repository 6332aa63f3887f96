"""`hookgate explain` as a person or a script calls it."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from hookgate.loading.codes import Code
from hookgate.loading.explanations import explanation
from tests.acceptance.gateway import HOOKGATE

CODES = sorted(Code, key=lambda code: code.number)


def explain(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOOKGATE, "explain", *arguments],
        capture_output=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
        text=True,
    )


@pytest.mark.parametrize("spelling", ["HG204", "hg204"])
def test_a_code_is_explained_with_a_wrong_and_a_right_example(spelling: str) -> None:
    told = explanation("HG204")
    assert told is not None
    result = explain(spelling)
    assert (result.returncode, result.stderr) == (0, "")
    headline, _, rest = result.stdout.partition("\n\n")
    meaning, _, examples = rest.partition("\n\nWrong:\n\n")
    bad, _, good = examples.partition("\n\nRight:\n\n")
    assert headline == "HG204 error: a program that does not exist"
    assert meaning.split() == told.meaning.split()
    assert max(map(len, meaning.splitlines())) <= 80
    for shown, example in ((bad, told.bad), (good, told.good)):
        lines = [line.removeprefix("    ") for line in shown.rstrip("\n").split("\n")]
        assert lines == [line.rstrip() for line in example.rstrip().splitlines()]


def test_without_a_code_all_are_listed() -> None:
    result = explain()
    assert result.returncode == 0
    assert [line.split(maxsplit=2) for line in result.stdout.splitlines()] == [
        [code.number, code.severity, code.title] for code in CODES
    ]


def test_the_list_is_data_as_well() -> None:
    document = json.loads(explain("--format", "json").stdout)
    assert document.keys() == {"format_version", "codes"}
    assert document["format_version"] == 1
    assert [code["code"] for code in document["codes"]] == [code.number for code in CODES]
    for entry in document["codes"]:
        files = entry.pop("files")
        assert all(text in entry["bad"] + entry["good"] for text in files)
        assert entry.keys() == {"code", "title", "severity", "meaning", "bad", "good"}
        assert all(isinstance(value, str) and value for value in entry.values())


def test_one_code_as_data_is_a_list_of_one() -> None:
    document = json.loads(explain("hg231", "--format", "json").stdout)
    assert [(code["code"], code["severity"]) for code in document["codes"]] == [
        ("HG231", "warning")
    ]


@pytest.mark.parametrize(
    ("code", "hint"),
    [("HG2004", "did you mean 'HG204'?"), ("E501", "hookgate explain lists all")],
)
def test_a_code_that_does_not_exist_is_a_wrong_call(code: str, hint: str) -> None:
    result = explain(code)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == f"hookgate explain: there is no code {code}; {hint}\n"
