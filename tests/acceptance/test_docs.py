"""The documentation is complete, and what it shows is what happens."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from hookgate.cli.main import app
from hookgate.core.bodies import MAX_FORM_FIELDS
from hookgate.core.command_line import ARGUMENT_LIMIT, INHERITED
from hookgate.expr.conditions import BUILT_IN_NAMES
from hookgate.expr.functions import FUNCTIONS, MAX_TEXT
from hookgate.expr.patterns import MAX_PATTERN
from hookgate.expr.syntax import MAX_LENGTH, MAX_NESTING, MAX_PARTS
from hookgate.expr.values import MAX_DEPTH
from hookgate.loading import reader
from hookgate.loading.codes import Code
from hookgate.loading.load import load
from hookgate.loading.payload_schemas import MAX_FINDINGS
from hookgate.loading.presets import names, preset
from hookgate.loading.schema import SCHEMA_FILE
from hookgate.loading.sources import PRIVATE_HEADERS, PRIVATE_QUERY
from hookgate.server.answers import STATUS_OF
from hookgate.server.reads import MAX_PAGE
from hookgate.server.requests import MAX_QUERY_FIELDS
from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, gateway
from tests.rules import ROOT

README = ROOT / "README.md"
QUICKSTART = ROOT / "docs/quickstart.md"
RULES = ROOT / "docs/rules.md"
CONCEPTS = ROOT / "docs/concepts.md"
PAGES = (README, QUICKSTART, RULES, CONCEPTS)

Schema = dict[str, Any]
SCHEMA: Schema = json.loads(SCHEMA_FILE.read_text())

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED_FILE = re.compile(
    r"^`(?P<name>[\w.]+)`:\n\n```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"\]\((?!https?:)(?P<file>[^)#]*)(?:#(?P<anchor>[^)]*))?\)")


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a page in one language."""
    found = _FENCE.finditer(page.read_text())
    return [block["text"] for block in found if block["language"] == language]


def shown_output(page: Path, command: str) -> str:
    """What a page shows below ``$ command``."""
    texts = [block["text"] for block in _FENCE.finditer(page.read_text())]
    (found,) = [text for text in texts if text.startswith(f"$ {command}\n")]
    return found.removeprefix(f"$ {command}\n")


def printed(command: str, directory: Path) -> str:
    """What a command prints in that directory, where no variable of ours is set."""
    result = subprocess.run(
        [*HOOKGATE, *shlex.split(command)[1:]],
        capture_output=True,
        check=False,
        text=True,
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    assert result.stderr == ""
    return result.stdout


# --- nothing is missing ---------------------------------------------------------------------


def objects(value: object) -> Iterator[Schema]:
    """Every object anywhere in a JSON value."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


KEYS = [
    (name, definition)
    for schema in objects(SCHEMA)
    for name, definition in schema.get("properties", {}).items()
]


@pytest.mark.parametrize("key", sorted({name for name, _ in KEYS}))
def test_every_key_of_the_format_is_in_the_reference(key: str) -> None:
    assert f"`{key}`" in RULES.read_text()


def resolved(definition: Schema) -> Schema:
    """A definition with that which it refers to."""
    reference = definition.get("$ref", "").removeprefix("#/definitions/")
    return SCHEMA["definitions"][reference] | definition if reference else definition


def as_written(default: object) -> str:
    """A default as a rules file and the reference write it."""
    if default == {"header": "X-Event-Type"}:
        return "{header: X-Event-Type}"
    if default == ["POST"]:
        return "[POST]"
    return default if isinstance(default, str) else json.dumps(default)


@pytest.mark.parametrize(
    ("key", "default"),
    sorted(
        {
            (name, as_written(resolved(definition)["default"]))
            for name, definition in KEYS
            if resolved(definition).get("default", "") != ""
        }
    ),
)
def test_every_default_is_in_the_row_of_its_key(key: str, default: str) -> None:
    rows = re.findall(rf"^\| `{key}`.*$", RULES.read_text(), re.MULTILINE)
    assert any(f"| `{default}` |" in row for row in rows)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_conditions_is_in_the_reference(name: str) -> None:
    assert f"| `{name}({FUNCTIONS[name].signature})` |" in RULES.read_text()


@pytest.mark.parametrize("name", BUILT_IN_NAMES)
def test_every_name_that_conditions_have_is_in_the_reference(name: str) -> None:
    assert re.search(rf"\*\*Names\*\*[^*]*`{name}`", RULES.read_text())


@pytest.mark.parametrize("code", Code, ids=lambda code: code.number)
def test_every_code_is_in_the_table_of_findings(code: Code) -> None:
    assert f"| {code.number} | {code.title} |" in RULES.read_text()


@pytest.mark.parametrize("provider", names())
def test_every_preset_is_written_out_in_the_reference(provider: str) -> None:
    section = RULES.read_text().partition("### Providers")[2].partition("###")[0]
    assert f"provider: {provider}" in section
    for schema in objects({key: value for key, value in preset(provider).items() if key != "name"}):
        assert all(f"{key}:" in section for key in schema if key != "title")


def options() -> list[tuple[str, str]]:
    """Every command with every option."""
    root = typer.main.get_command(app)
    commands = {"hookgate": root, **getattr(root, "commands", {})}
    return [
        (name, option)
        for name, command in commands.items()
        for parameter in command.params
        for option in (*parameter.opts, *parameter.secondary_opts)
        if option.startswith("--")
    ]


@pytest.mark.parametrize(("command", "option"), options())
def test_every_option_of_every_command_is_in_the_table(command: str, option: str) -> None:
    rows = re.findall(r"^\| (`-.*) \| (.*) \| .* \|$", CONCEPTS.read_text(), re.MULTILINE)
    documented = [of for options, of in rows if re.search(rf"`{option}\b", options)]
    assert any(f"`{command}`" in of or of == "all three" for of in documented)


@pytest.mark.parametrize("status", sorted({200, 202, 404, 405, 408, 413, 503, *STATUS_OF.values()}))
def test_every_status_is_in_the_table(status: int) -> None:
    assert f"\n| {status} | " in CONCEPTS.read_text()


@pytest.mark.parametrize(
    "limit",
    [
        f"{MAX_DEPTH} levels",
        f"{MAX_FORM_FIELDS:,}",
        f"{MAX_QUERY_FIELDS}",
        f"{ARGUMENT_LIMIT:,} bytes",
        f"{MAX_LENGTH:,} characters, {MAX_PARTS} parts, {MAX_NESTING} levels",
        f"{MAX_PATTERN:,} characters",
        f"{MAX_TEXT:,} characters",
        f"{MAX_FINDINGS}",
        f"{MAX_PAGE}",
        f"{reader.MAX_DEPTH} levels",
    ],
)
def test_every_limit_is_in_the_table(limit: str) -> None:
    assert f"| {limit} |" in CONCEPTS.read_text()


def test_what_is_blanked_and_what_programs_inherit_is_listed() -> None:
    security = CONCEPTS.read_text().partition("## Security")[2].partition("\n## ")[0]
    listed = {name.lower() for name in re.findall(r"`([\w-]+)`", security)}
    assert {*PRIVATE_HEADERS, *PRIVATE_QUERY} <= listed
    assert {name.lower() for name in INHERITED} <= listed


# --- what is shown is so --------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_something_that_exists(page: Path) -> None:
    for link in _LINK.finditer(page.read_text()):
        target = page.parent / link["file"] if link["file"] else page
        assert target.is_file(), link[0]
        assert link["anchor"] is None or link["anchor"] in anchors(target), link[0]


@pytest.mark.parametrize(
    ("page", "example"),
    [
        pytest.param(page.name, block, id=f"{page.name}-{number}")
        for page in PAGES
        for number, block in enumerate(blocks(page, "yaml"))
    ],
)
def test_every_example_is_valid(page: str, example: str) -> None:
    """A part of a file is made whole; the programs of its rules may stand elsewhere."""
    whole = re.search("^version:", example, re.MULTILINE) is not None
    absent = [
        line
        for line in ("version: 1", "sources: {}", "programs: {}")
        if re.search(f"^{line.split()[0]}", example, re.MULTILINE) is None
    ]
    text = example if whole else "\n".join([*absent, example])
    loaded = load(text, page, str(ROOT), {}, environment=False)
    problems = [
        problem
        for problem in loaded.problems
        if whole or problem.code not in {Code.UNKNOWN_PROGRAM.number, Code.UNREADABLE_FILE.number}
    ]
    assert problems == []


def test_what_the_readme_says_of_a_broken_file_is_what_validate_prints(tmp_path: Path) -> None:
    text = (ROOT / "rules.yaml").read_text()
    for right, wrong in (
        ("program: jira_issue", "program: jira_isue"),
        ("issue_type == 'bug'", "isue_type == 'bug'"),
        ("timeout: 30s", "timeuot: 30s"),
    ):
        assert right in text
        text = text.replace(right, wrong)
    (tmp_path / "rules.yaml").write_text(text)
    shutil.copytree(ROOT / "handlers", tmp_path / "handlers")
    command = "hookgate validate rules.yaml"
    assert printed(command, tmp_path) == shown_output(README, command)


def test_what_the_readme_says_of_a_task_in_jira_is_what_replay_prints(tmp_path: Path) -> None:
    shutil.copy(ROOT / "rules.yaml", tmp_path)
    issue = {"key": "PROJ-123", "fields": {"issuetype": {"name": "task"}}}
    (tmp_path / "issue.json").write_text(json.dumps({"issue": issue}) + "\n")
    command = "hookgate replay issue.json --source jira --header 'X-Jira-Event-Type: issue_created'"
    assert printed(command, tmp_path) == shown_output(README, command)


@pytest.fixture(scope="module")
def quickstart(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the files of the quickstart."""
    directory = tmp_path_factory.mktemp("quickstart")
    for file in _NAMED_FILE.finditer(QUICKSTART.read_text()):
        (directory / file["name"]).write_text(file["text"])
    (directory / "deploy.sh").chmod(0o755)
    (secrets,) = [block for block in blocks(QUICKSTART, "sh") if "> .env" in block]
    subprocess.run(["sh", "-c", secrets], check=True, cwd=directory)
    return directory


@pytest.mark.parametrize(
    "command",
    [block.splitlines()[0].removeprefix("$ ") for block in blocks(QUICKSTART, "console")],
)
def test_the_output_in_the_quickstart_is_what_is_printed(command: str, quickstart: Path) -> None:
    output = printed(command, quickstart).replace(str(quickstart), "/srv/hookgate")
    assert output == shown_output(QUICKSTART, command)


@pytest.mark.skipif(
    shutil.which("curl") is None or shutil.which("openssl") is None,
    reason="the quickstart needs curl and openssl",
)
def test_the_signed_push_of_the_quickstart_is_accepted_and_run(quickstart: Path) -> None:
    (push,) = [block for block in blocks(QUICKSTART, "sh") if "X-Hub-Signature-256" in block]
    (read,) = [block for block in blocks(QUICKSTART, "json") if '"completed"' in block]
    options = ("--env-file", str(quickstart / ".env"))
    with gateway(quickstart / "rules.yaml", *options, HOOKGATE_ADMIN_TOKEN=ADMIN_TOKEN) as served:
        script = push.replace("http://127.0.0.1:12345", served.url)
        first, again = (json.loads(answer_of(script, quickstart)) for _ in range(2))
        task = served.ended_task(first["task_id"])
    assert (first["status"], again["status"]) == ("pending", "duplicate")
    assert task["status"] == "completed"
    assert f'"output":{json.dumps(task["output"])}' in read


def answer_of(script: str, directory: Path) -> str:
    """What a shell script prints."""
    result = subprocess.run(
        ["sh", "-c", script], capture_output=True, check=True, text=True, cwd=directory
    )
    return result.stdout
