"""`hookgate validate` as a person or CI calls it."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import yaml

from hookgate.loading.codes import Code
from tests.acceptance.gateway import HOOKGATE
from tests.rules import ROOT

FINDINGS = Path(__file__).parent / "findings"
FILES = ("broken.yaml", "warned.yaml", "clean.yaml")


def validate(
    *arguments: str, cwd: Path = FINDINGS, stdin: bytes = b"", **environ: str
) -> subprocess.CompletedProcess[str]:
    result = subprocess.run(
        [*HOOKGATE, "validate", *arguments],
        capture_output=True,
        check=False,
        cwd=cwd,
        env={"PATH": os.environ["PATH"], **environ},
        input=stdin,
    )
    return subprocess.CompletedProcess(
        result.args, result.returncode, result.stdout.decode(), result.stderr.decode()
    )


def checked(*arguments: str) -> subprocess.CompletedProcess[str]:
    return validate(*arguments, "--no-environment")


# --- formats ----------------------------------------------------------------------------------


@pytest.mark.parametrize("output", ["text", "json", "github", "junit"])
def test_a_format_writes_the_findings_of_several_files_exactly_so(output: str) -> None:
    result = checked(*FILES, "--format", output)
    assert result.stdout == (FINDINGS / f"{output}.out").read_text("utf-8")
    assert (result.returncode, result.stderr) == (1, "")


@pytest.fixture(scope="module")
def sarif() -> dict[str, Any]:
    return dict(json.loads(checked(*FILES, "--format", "sarif").stdout))


def test_sarif_holds_the_findings_exactly_so(sarif: dict[str, Any]) -> None:
    (run,) = sarif["runs"]
    results = [{**result, "ruleIndex": "any"} for result in run["results"]]
    assert results == json.loads((FINDINGS / "sarif.out").read_text("utf-8"))


def test_sarif_is_shaped_as_the_standard_says(sarif: dict[str, Any]) -> None:
    """The schema beside the fixtures is a reduced one, written from the OASIS standard.

    It knows each object that is written, the properties that are used with their types and bounds,
    and which of them the standard requires; every other property is refused.
    """
    schema = json.loads((FINDINGS / "sarif.schema.json").read_text("utf-8"))
    jsonschema.Draft7Validator(schema).validate(sarif)


def test_sarif_explains_every_code_and_results_point_to_their_own(sarif: dict[str, Any]) -> None:
    (run,) = sarif["runs"]
    rules = run["tool"]["driver"]["rules"]
    codes = sorted(Code, key=lambda code: code.number)
    assert [rule["id"] for rule in rules] == [code.number for code in codes]
    for rule, code in zip(rules, codes, strict=True):
        assert rule["shortDescription"]["text"] == code.title
        assert rule["defaultConfiguration"]["level"] == code.severity
        assert rule["help"]["text"]
        assert "```yaml" in rule["help"]["markdown"]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]


def test_sarif_names_files_from_the_working_directory_as_uris(tmp_path: Path) -> None:
    here, there = tmp_path / "a directory", tmp_path / "there"
    for directory in (here, there):
        directory.mkdir()
        shutil.copy(FINDINGS / "warned.yaml", directory / "rules ü.yaml")
    files = ("rules ü.yaml", str(here / "rules ü.yaml"), "../there/rules ü.yaml")
    result = validate(*files, "--no-environment", "--format", "sarif", cwd=here)
    (run,) = json.loads(result.stdout)["runs"]
    artifacts = [
        result["locations"][0]["physicalLocation"]["artifactLocation"] for result in run["results"]
    ]
    relative = {"uri": "rules%20%C3%BC.yaml", "uriBaseId": "%SRCROOT%"}
    assert artifacts == [relative, relative, {"uri": f"{there.as_uri()}/rules%20%C3%BC.yaml"}]


def test_a_workflow_command_escapes_what_would_end_it(tmp_path: Path) -> None:
    shutil.copy(FINDINGS / "warned.yaml", tmp_path / "a,b:c%\n.yaml")
    result = validate("a,b:c%\n.yaml", "--no-environment", "--format", "github", cwd=tmp_path)
    (line,) = result.stdout.splitlines()
    properties, _, message = line.removeprefix("::warning ").partition("::")
    assert properties == "file=a%2Cb%3Ac%25%0A.yaml,line=9,col=11,endColumn=12,title=HG231"
    assert message == "this rule is never reached: line 8 always holds, match is 'first'"


def test_junit_is_xml_whatever_is_in_a_name(tmp_path: Path) -> None:
    shutil.copy(FINDINGS / "broken.yaml", tmp_path / '<&"\x01\n>.yaml')
    result = validate('<&"\x01\n>.yaml', "--no-environment", "--format", "junit", cwd=tmp_path)
    (suite,) = ET.fromstring(result.stdout)  # noqa: S314 - our own output
    assert suite.get("name") == '<&"\\x01\\n>.yaml'
    assert len(suite.findall("testcase/failure")) == int(suite.get("failures", ""))


def test_in_a_strict_check_junit_fails_warnings_too() -> None:
    def kinds(*options: str) -> list[str]:
        document = checked("warned.yaml", "--format", "junit", *options).stdout
        return [child.tag for child in ET.fromstring(document).iter() if child.text]  # noqa: S314 - ours

    assert "skipped" in kinds()
    assert "failure" in kinds("--strict")


def test_a_clean_file_has_no_annotations() -> None:
    result = checked("clean.yaml", "--format", "github")
    assert (result.returncode, result.stdout) == (0, "")


# --- text -------------------------------------------------------------------------------------


def test_the_shipped_file_is_valid() -> None:
    path = str(ROOT / "rules.yaml")
    result = checked(path)
    assert result.returncode == 0
    assert result.stdout == f"{path}: valid (2 sources, 3 rules, 2 programs)\n"


def test_without_its_secrets_the_shipped_file_is_not_ready_to_serve() -> None:
    result = validate(str(ROOT / "rules.yaml"))
    assert result.returncode == 1
    assert result.stdout.count(": HG301 error: ") == 3


def test_variables_come_from_the_environment_and_from_a_file(tmp_path: Path) -> None:
    env_file = tmp_path / "secrets"
    env_file.write_text("JIRA_TOKEN=canary\n")
    program = tmp_path / "open.sh"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o700)
    shutil.copy(FINDINGS / "clean.yaml", tmp_path / "rules.yaml")
    assert "JIRA_TOKEN is not set" in validate(cwd=tmp_path).stdout
    for result in (
        validate("--env-file", str(env_file), cwd=tmp_path),
        validate(cwd=tmp_path, JIRA_TOKEN="canary"),
    ):
        assert (result.returncode, "canary" in result.stdout) == (0, False)


def test_a_credential_in_the_file_is_not_printed(tmp_path: Path) -> None:
    text = (FINDINGS / "warned.yaml").read_text().replace('"${JIRA_TOKEN}"}', "canary, colour: 1}")
    (tmp_path / "rules.yaml").write_text(text)
    for output in ("text", "junit", "json", "github"):
        result = validate("--format", output, cwd=tmp_path)
        assert "colour" in result.stdout
        assert "canary" not in result.stdout


def on_terminal(columns: int, environ: Mapping[str, str]) -> str:
    """What is printed on a terminal of so many columns."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (25, columns))
    command = [*HOOKGATE, "validate", "broken.yaml", "--no-environment"]
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm", **environ}
    with subprocess.Popen(command, stdout=theirs, cwd=FINDINGS, env=environ) as process:
        os.close(theirs)
        printed = b""
        while chunk := _read(ours):
            printed += chunk
    os.close(ours)
    assert process.returncode == 1
    return printed.decode().replace("\r\n", "\n")


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux answers so when the other end is closed
        return b""


def test_a_terminal_gets_colours_and_lines_of_its_width() -> None:
    printed = on_terminal(72, {})
    assert "\x1b[31merror\x1b[0m: there is no name 'knid'" in printed
    assert "\x1b[33mwarning\x1b[0m: " in printed
    assert "\x1b[31m^^^^\x1b[0m did you mean 'kind'?" in printed
    plain = re.sub(r"\x1b\[\d*m", "", printed)
    (long,) = [line for line in plain.splitlines() if line.startswith("16 | ")]
    assert "…" in long
    assert len(long) <= 72


def test_no_color_is_honoured() -> None:
    assert "\x1b" not in on_terminal(120, {"NO_COLOR": "1"})
    assert "\x1b" in on_terminal(120, {"NO_COLOR": ""})


def test_an_output_that_is_not_unicode_gets_escapes() -> None:
    result = validate("broken.yaml", "--no-environment", PYTHONIOENCODING="ascii")
    assert (result.returncode, result.stderr) == (1, "")
    assert "program: \\u958b\\u304f}" in result.stdout


# --- what is checked --------------------------------------------------------------------------


def test_without_a_path_it_is_the_rules_file_of_this_directory(tmp_path: Path) -> None:
    shutil.copy(FINDINGS / "clean.yaml", tmp_path / "rules.yaml")
    result = validate("--no-environment", cwd=tmp_path)
    assert result.stdout == "rules.yaml: valid (1 source, 1 rule, 1 program)\n"


def test_standard_input_is_read_for_a_dash() -> None:
    result = validate("-", "--no-environment", stdin=(FINDINGS / "warned.yaml").read_bytes())
    assert result.returncode == 0
    assert result.stdout.startswith("<stdin>:9:11: HG231 warning: ")
    assert "<stdin>: valid (" in result.stdout


def test_a_directory_stands_for_the_rules_files_in_it(tmp_path: Path) -> None:
    files = {
        "b.yml": "version: 1 # of hookgate\nsuorces: {}\n",
        "a.yaml": "sources: {\n",
        "c.yaml": "\ufeff'version': 1\n",
        "compose.yaml": 'version: "3"\nservices: {}\n',
        "nested.yaml": "spec:\n  sources: []\n  version: 1\n",
        "ci.yml": "version: 12\n",
        "a_test.yaml": "rules: a.yaml\ntests: []\n",
        "rules.json": "version: 1\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "below.yaml").mkdir()
    (tmp_path / "below.yaml" / "rules.yaml").write_text("sources: {}\n")
    result = validate(".", "--format", "junit", cwd=tmp_path)
    names = [suite.get("name") for suite in ET.fromstring(result.stdout)]  # noqa: S314 - ours
    assert names == ["a.yaml", "b.yml", "c.yaml"]


def test_a_file_that_is_named_twice_is_checked_once(tmp_path: Path) -> None:
    shutil.copy(FINDINGS / "clean.yaml", tmp_path / "rules.yaml")
    result = validate("rules.yaml", ".", "rules.yaml", "--no-environment", cwd=tmp_path)
    assert result.stdout.count("valid") == 1


# --- exit codes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("clean.yaml",), 0),
        (("clean.yaml", "--strict"), 0),
        (("warned.yaml",), 0),
        (("warned.yaml", "--strict"), 1),
        (("clean.yaml", "broken.yaml"), 1),
        (("clean.yaml", "--format", "xml"), 2),
        (("clean.yaml", "--sttrict"), 2),
        (("clean.yaml", "nowhere.yaml"), 3),
        (("clean.yaml", "--env-file", "nowhere"), 3),
    ],
)
def test_the_exit_code_tells_what_came_of_it(arguments: tuple[str, ...], code: int) -> None:
    assert checked(*arguments).returncode == code


def test_a_strict_check_says_why_a_valid_file_fails() -> None:
    summary = checked("warned.yaml", "--strict").stdout.splitlines()[-1]
    assert summary.startswith("1 warning in 1 file; --strict refuses warnings   ")


def test_what_cannot_be_read_is_the_environments_fault(tmp_path: Path) -> None:
    result = validate("/nonexistent.yaml")
    assert result.stderr == "hookgate: /nonexistent.yaml: No such file or directory\n"
    (tmp_path / "values.yaml").write_text("a: 1\n")
    result = validate(str(tmp_path))
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr == f"hookgate: {tmp_path}: there is no rules file in it\n"


def test_bytes_that_are_no_text_are_a_finding(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_bytes(b"version: 1\nsources: {\xff: {}}\n")
    result = validate(cwd=tmp_path)
    assert (result.returncode, result.stderr) == (1, "")
    assert "2 | sources: {\\udcff: {}}\n  |           ^^^^^^\n" in result.stdout


# --- the same elsewhere -----------------------------------------------------------------------


@pytest.mark.parametrize("command", [("serve",), ("replay", "clean.yaml", "--rules")])
def test_serve_and_replay_refuse_a_file_with_the_same_words(command: tuple[str, ...]) -> None:
    result = subprocess.run(
        [*HOOKGATE, *command, "broken.yaml"],
        capture_output=True,
        check=False,
        cwd=FINDINGS,
        env={"PATH": os.environ["PATH"], "JIRA_TOKEN": "t"},
        text=True,
    )
    assert result.returncode == 1
    frame = (
        "10 |         - {name: \"名前は日本語です\", condition: kind == '日本', program: 開く}\n"
    )
    assert frame in result.stdout
    assert re.search(
        r"\n\d+ errors, \d+ warnings? in 1 file   hookgate explain HG211", result.stdout
    )


@pytest.fixture
def installed(tmp_path: Path) -> dict[str, str]:
    """Variables with which `hookgate` is a command, and installed where the action puts it."""
    command = tmp_path / "hookgate/bin/hookgate"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m hookgate "$@"\n')
    command.chmod(0o700)
    return {"PATH": f"{command.parent}:{os.environ['PATH']}", "RUNNER_TEMP": str(tmp_path)}


def test_the_pre_commit_entry_checks_the_files_it_is_given(installed: dict[str, str]) -> None:
    """Keys as in pre-commit's documentation, "Creating new hooks"; id, name, entry and language
    are required there."""
    (entry,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text())
    assert {"id", "name", "entry", "language"} <= entry.keys()
    assert (entry["id"], entry["language"]) == ("hookgate-validate", "python")
    assert [
        name
        for name in ("rules.yaml", "a/rules.yml", "myrules.yaml", "rules.yaml.j2")
        if re.search(entry["files"], name)
    ] == ["rules.yaml", "a/rules.yml"]
    for files, code in ((["clean.yaml"], 0), (["clean.yaml", "broken.yaml"], 1)):
        command = [*entry["entry"].split(), *files]
        result = subprocess.run(
            command, capture_output=True, check=False, cwd=FINDINGS, env=installed
        )
        assert result.returncode == code


@pytest.fixture(scope="module")
def action() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "action.yml").read_text()))


def test_the_action_has_the_keys_of_a_composite_action(action: dict[str, Any]) -> None:
    """As in GitHub's "Metadata syntax": name, description and runs; in runs, using and steps; each
    step uses an action or runs a script in a named shell."""
    assert action.keys() == {"name", "description", "inputs", "runs"}
    assert action["runs"]["using"] == "composite"
    assert all(entry["description"] for entry in action["inputs"].values())
    for step in action["runs"]["steps"]:
        assert "uses" in step or {"run", "shell"} <= step.keys()
    used = re.findall(r"\$\{\{ (\S+) \}\}", (ROOT / "action.yml").read_text())
    assert used == ["steps.python.outputs.python-path", "inputs.files", "inputs.strict"]
    assert action["inputs"].keys() == {"files", "strict"}


@pytest.mark.parametrize(
    ("files", "strict", "code", "annotations"),
    [
        ("clean.yaml", "true", 0, 0),
        ("clean.yaml\nwarned.yaml\n", "false", 0, 1),
        ("  clean.yaml warned.yaml", "true", 1, 1),
        ("--strict", "false", 3, 0),
    ],
)
def test_the_action_annotates_and_fails_as_its_inputs_say(
    action: dict[str, Any],
    installed: dict[str, str],
    files: str,
    strict: str,
    code: int,
    annotations: int,
) -> None:
    step = action["runs"]["steps"][-1]
    result = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        capture_output=True,
        check=False,
        cwd=FINDINGS,
        env={**installed, "FILES": files, "STRICT": strict},
        text=True,
    )
    assert result.returncode == code
    assert result.stdout.count("::warning file=warned.yaml") == annotations


UNSET_URL = """\
version: 1
sources:
  own:
    public_url: "${UNSET_URL}"
    auth: {type: twilio, secret: "${UNSET_SECRET}"}
    rules: {"*": [{program: note}]}
programs: {note: {command: ["true"]}}
"""


def test_a_public_url_that_is_not_known_here_is_set_all_the_same(tmp_path: Path) -> None:
    file = tmp_path / "rules.yaml"
    file.write_text(UNSET_URL)
    result = validate(str(file), "--no-environment")
    assert (result.returncode, result.stdout.count("HG")) == (0, 0), result.stdout
    assert validate(str(file)).stdout.count("HG224") == 0
