"""`hookgate init` and `hookgate schema` as a person calls them, and what the shell completes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from hookgate.cli.init import choices, init
from hookgate.loading.codes import Code
from hookgate.loading.load import Loaded, load
from hookgate.loading.schema import SCHEMA_FILE
from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, gateway
from tests.rules import ROOT


def hookgate(directory: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOOKGATE, *arguments],
        capture_output=True,
        check=False,
        text=True,
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), **environ},
    )


def made(directory: Path, *sources: str) -> Loaded:
    """What init writes, loaded without the environment."""
    assert init(directory, sources) == 0
    text = (directory / "rules.yaml").read_text()
    return load(text, "rules.yaml", str(directory), {}, environment=False)


def contents(directory: Path) -> dict[str, bytes]:
    """Every file of a directory."""
    return {
        str(path.relative_to(directory)): path.read_bytes()
        for path in directory.rglob("*")
        if path.is_file()
    }


FILES = {
    "rules.yaml",
    "rules.schema.json",
    "rules_test.yaml",
    "handlers/show.py",
    ".env.example",
    ".gitignore",
}


# --- what is written ------------------------------------------------------------------------


def test_init_writes_its_files_and_says_the_three_next_commands(tmp_path: Path) -> None:
    result = hookgate(tmp_path, "init")
    assert (result.returncode, result.stderr) == (0, "")
    assert set(contents(tmp_path)) == FILES
    wrote, _, _, *steps = result.stdout.splitlines()
    assert wrote.startswith("wrote ")
    assert set(wrote.removeprefix("wrote ").split(", ")) == FILES
    assert [step.partition("#")[0].strip() for step in steps] == [
        "cp .env.example .env",
        "hookgate test",
        "hookgate serve --env-file .env",
    ]


def test_another_directory_is_made_and_the_next_command_goes_there(tmp_path: Path) -> None:
    result = hookgate(tmp_path, "init", "a b/gateway")
    assert set(contents(tmp_path / "a b/gateway")) == FILES
    assert "  cd 'a b/gateway' && cp .env.example .env " in result.stdout


@pytest.mark.parametrize("source", choices())
def test_what_is_written_for_a_source_is_valid(tmp_path: Path, source: str) -> None:
    """Of some providers a delivery can be replayed, whatever is written; that is a warning."""
    loaded = made(tmp_path, source)
    assert {problem.code for problem in loaded.problems} <= {Code.REPLAYABLE.number}
    assert loaded.config is not None
    assert list(loaded.config.sources) == [source]


def test_the_tests_that_are_written_for_all_sources_pass(tmp_path: Path) -> None:
    options = [part for source in choices() for part in ("--source", source)]
    assert hookgate(tmp_path, "init", *options).returncode == 0
    result = hookgate(tmp_path, "test")
    assert (result.returncode, result.stderr) == (0, ""), result.stdout


def test_a_source_that_is_named_twice_is_written_once(tmp_path: Path) -> None:
    loaded = made(tmp_path, "token", "token")
    assert loaded.config is not None
    assert list(loaded.config.sources) == ["token"]


def test_the_example_of_the_environment_names_every_variable_and_holds_no_value(
    tmp_path: Path,
) -> None:
    loaded = made(tmp_path, "github", "token")
    assert loaded.config is not None
    lines = [
        line
        for line in (tmp_path / ".env.example").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert all(line.endswith("=") for line in lines)
    assert tuple(sorted(line.removesuffix("=") for line in lines)) == loaded.config.unset


def test_an_editor_finds_the_schema_that_is_written(tmp_path: Path) -> None:
    made(tmp_path)
    modeline = (tmp_path / "rules.yaml").read_text().splitlines()[0]
    assert modeline == "# yaml-language-server: $schema=rules.schema.json"
    assert (tmp_path / "rules.schema.json").read_bytes() == SCHEMA_FILE.read_bytes()


def test_what_is_written_serves_and_its_program_runs(tmp_path: Path) -> None:
    made(tmp_path)
    secrets = {"HOOKGATE_ADMIN_TOKEN": ADMIN_TOKEN, "TOKEN_WEBHOOK_TOKEN": "canary"}
    with gateway(tmp_path / "rules.yaml", **secrets) as served:
        answer = httpx.post(
            f"{served.url}/token",
            json={"deployment": {"environment": "production"}},
            headers={"X-Webhook-Token": "canary", "X-Event-Type": "deployed"},
        )
        task = served.ended_task(answer.json()["task_id"])
    assert task["output"] == "deployed from token, 43 bytes\n--environment=production\n"


def test_the_program_that_is_written_takes_any_arguments(tmp_path: Path) -> None:
    made(tmp_path)
    command = [sys.executable, "handlers/show.py", "stray", "--unknown", "--raw_payload=x"]
    result = subprocess.run(
        command, capture_output=True, check=True, text=True, cwd=tmp_path, input="body"
    )
    assert result.stdout == "unknown from nobody, 4 bytes\nstray\n--unknown\n"


# --- what is there already ------------------------------------------------------------------


def test_files_that_are_there_are_all_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "handlers").mkdir()
    (tmp_path / "handlers/show.py").write_text("mine")
    (tmp_path / "rules.yaml").write_text("mine")
    before = contents(tmp_path)
    result = hookgate(tmp_path, "init")
    assert (result.returncode, result.stdout) == (1, "")
    there = "already there: rules.yaml, handlers/show.py"
    assert result.stderr == f"hookgate init: nothing written; {there}\n"
    assert contents(tmp_path) == before


def test_a_link_that_leads_nowhere_is_there_and_not_written_through(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").symlink_to("elsewhere")
    result = hookgate(tmp_path, "init")
    assert result.returncode == 1
    assert result.stderr == "hookgate init: nothing written; already there: rules.yaml\n"
    assert contents(tmp_path) == {}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("*.log", "*.log\n.env\nhookgate.db*\n"),
        (".env\n", ".env\nhookgate.db*\n"),
        (".env\nhookgate.db*\n", ".env\nhookgate.db*\n"),
    ],
)
def test_a_gitignore_that_is_there_keeps_its_lines(tmp_path: Path, before: str, after: str) -> None:
    (tmp_path / ".gitignore").write_text(before)
    made(tmp_path)
    assert (tmp_path / ".gitignore").read_text() == after


def test_a_source_that_is_not_known_is_misuse(tmp_path: Path) -> None:
    result = hookgate(tmp_path, "init", "--source", "gthub")
    assert (result.returncode, result.stdout) == (2, "")
    hint = "did you mean 'github'?"
    assert result.stderr == f"hookgate init: there is no source 'gthub'; {hint}\n"
    assert contents(tmp_path) == {}


def test_a_directory_that_cannot_be_made_is_the_environments_fault(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    result = hookgate(tmp_path, "init", "file/below")
    assert (result.returncode, result.stdout) == (3, "")
    assert result.stderr.startswith("hookgate: file/below")


# --- the schema -----------------------------------------------------------------------------


def test_schema_prints_the_schema_as_it_is_used(tmp_path: Path) -> None:
    result = hookgate(tmp_path, "schema")
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout == SCHEMA_FILE.read_text()
    assert json.loads(result.stdout)["$schema"] == "http://json-schema.org/draft-07/schema#"


# --- completion -----------------------------------------------------------------------------


def completed(directory: Path, line: str) -> list[str]:
    """What bash would be offered at the end of a command line."""
    words = line.split(" ")
    result = hookgate(
        directory,
        _HOOKGATE_COMPLETE="complete_bash",
        COMP_WORDS=line,
        COMP_CWORD=str(len(words) - 1),
    )
    assert result.stderr == ""
    return result.stdout.split()


RULES = """\
version: 1
sources:
  jira: {auth: {type: none}, rules: {}}
  jenkins: {auth: {type: none}, rules: {}, tpyo: 1}
  github: {provider: github}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "other.yaml").write_text("sources: {other: {}}")
    (tmp_path / "torn.yaml").write_text("sources: {other")
    return tmp_path


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("replay --source ", ["jira", "jenkins", "github"]),
        ("replay --source j", ["jira", "jenkins"]),
        ("replay --rules other.yaml --source ", ["other"]),
        ("replay --rules torn.yaml --source ", []),
        ("replay --rules absent.yaml --source ", []),
        ("replay --rules . --source ", []),
        ("send j", ["jira", "jenkins"]),
        ("send --rules other.yaml ", ["other"]),
        ("init --source gen", ["generic"]),
        ("init --source tok", ["token"]),
        ("valid", ["validate"]),
    ],
)
def test_the_shell_completes_names_of_the_rules_file(
    rules: Path, line: str, offered: list[str]
) -> None:
    assert completed(rules, f"hookgate {line}") == offered
