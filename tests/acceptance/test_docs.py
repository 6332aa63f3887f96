"""The documentation is complete, and what it shows is what happens."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docs.generate import regenerated
from hookgate.auth.forms import MAX_FORM_FIELDS
from hookgate.core.config import ServerSettings
from hookgate.core.environment import ARGUMENT_LIMIT, INHERITED
from hookgate.core.handshakes import MAX_UNSIGNED_BODY, MAX_VALUE
from hookgate.core.rate_limit import MAX_BUCKETS
from hookgate.expr.conditions import BUILT_IN_NAMES
from hookgate.expr.functions import FUNCTIONS, MAX_TEXT
from hookgate.expr.patterns import MAX_PATTERN
from hookgate.expr.syntax import MAX_LENGTH, MAX_NESTING, MAX_PARTS
from hookgate.expr.values import MAX_DEPTH, MAX_VALUES
from hookgate.loading import reader
from hookgate.loading.codes import Code
from hookgate.loading.load import load
from hookgate.loading.payload_schemas import MAX_FINDINGS
from hookgate.loading.presets import preset
from hookgate.loading.schema import SCHEMA_FILE
from hookgate.loading.sources import PRIVATE_HEADERS, PRIVATE_QUERY
from hookgate.server.answers import STATUS_OF
from hookgate.server.framing import MAX_FIELDS
from hookgate.server.protocol import CALLER_SECONDS, MAX_HEAD, MAX_PIPELINED
from hookgate.server.reads import MAX_PAGE
from hookgate.server.requests import MAX_QUERY_FIELDS
from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, gateway
from tests.rules import ROOT

README = ROOT / "README.md"
QUICKSTART = ROOT / "docs/quickstart.md"
RULES = ROOT / "docs/rules.md"
CONCEPTS = ROOT / "docs/concepts.md"
FINDINGS = ROOT / "docs/findings.md"
PAGES = (README, *sorted((ROOT / "docs").glob("*.md")))

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


# --- nothing is missing ---------------------------------------------------------------------


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_generated_parts_of_a_page_are_those_that_make_docs_writes(page: Path) -> None:
    assert regenerated(page.read_text()) == page.read_text()


def objects(value: object) -> Iterator[Schema]:
    """Every object anywhere in a JSON value."""
    if isinstance(value, dict):
        yield value
        for item in value.values():
            yield from objects(item)
    elif isinstance(value, list):
        for item in value:
            yield from objects(item)


@pytest.mark.parametrize(
    "key", sorted({name for schema in objects(SCHEMA) for name in schema.get("properties", {})})
)
def test_every_key_of_the_format_has_a_row_in_the_reference(key: str) -> None:
    if key != "type":  # written out in a table of its own
        assert re.search(rf"^\| `(\w+\.)*{key}` \|", RULES.read_text(), re.MULTILINE)


@pytest.mark.parametrize("auth", SCHEMA["definitions"]["auth_type"]["enum"])
def test_every_type_of_auth_is_in_the_reference(auth: str) -> None:
    assert f"\n| `{auth}` | " in RULES.read_text()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_conditions_is_in_the_reference(name: str) -> None:
    assert f"| `{name}({FUNCTIONS[name].signature})` |" in RULES.read_text()


@pytest.mark.parametrize("name", BUILT_IN_NAMES)
def test_every_name_that_conditions_have_is_in_the_reference(name: str) -> None:
    assert re.search(rf"\*\*Names\*\*[^*]*`{name}`", RULES.read_text())


NOT_SHOWN = {Code.NO_LIBRARY.number}
"""The library is there when the tests run."""


@pytest.mark.parametrize("code", sorted({code.number for code in Code} - NOT_SHOWN))
def test_every_code_has_a_section_that_shows_it_printed(code: str) -> None:
    section = FINDINGS.read_text().partition(f"\n### {code}\n")[2].partition("\n### ")[0]
    assert re.search(rf"^rules\.yaml:\d+:\d+: {code} ", section, re.MULTILINE)


def test_what_a_preset_stands_for_is_what_the_reference_says() -> None:
    text = RULES.read_text().partition("`provider: github`, for one, stands for")[2]
    written = yaml.safe_load(text.partition("```yaml\n")[2].partition("```")[0])["sources"][
        "github"
    ]
    assert written["auth"].pop("secret") == "${GITHUB_WEBHOOK_SECRET}"
    assert {key: preset("github")[key] for key in written if key != "rules"} == {
        key: value for key, value in written.items() if key != "rules"
    }


@pytest.mark.parametrize(
    "status", sorted({200, 202, 404, 405, 408, 413, 429, 431, 501, 503, *STATUS_OF.values()})
)
def test_every_status_is_in_the_table(status: int) -> None:
    assert f"\n| {status} | " in CONCEPTS.read_text()


@pytest.mark.parametrize(
    "limit",
    [
        f"{MAX_HEAD // 1024} KiB, {MAX_FIELDS} fields",
        f"{CALLER_SECONDS:g} s",
        f"{MAX_PIPELINED}",
        f"`server.max_connections`, {ServerSettings().max_connections:,}",
        f"{MAX_DEPTH} levels",
        f"{MAX_VALUES:,}",
        f"`server.max_bodies`, {ServerSettings().max_bodies // 2**20} MiB",
        f"{MAX_FORM_FIELDS:,}",
        f"{MAX_QUERY_FIELDS}",
        f"{MAX_VALUE:,} characters",
        f"{MAX_UNSIGNED_BODY // 1024} KiB",
        f"{MAX_BUCKETS:,}",
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


ELSEWHERE = {
    code.number
    for code in (Code.UNKNOWN_PROGRAM, Code.UNREADABLE_FILE, Code.TEST_SOURCE, Code.TEST_EXPECTS)
}
"""What is found in a part of a file since the other parts are not there."""


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
        if page != FINDINGS  # wrong on purpose
        for number, block in enumerate(blocks(page, "yaml"))
    ],
)
def test_every_example_is_valid(page: str, example: str) -> None:
    """A part of a file is made whole; what it refers to may stand elsewhere."""
    whole = re.search("^version:", example, re.MULTILINE) is not None
    absent = [
        line
        for line in ("version: 1", "sources: {}", "programs: {}")
        if re.search(f"^{line.split()[0]}", example, re.MULTILINE) is None
    ]
    text = example if whole else "\n".join([*absent, example])
    loaded = load(text, page, str(ROOT), {}, environment=False)
    problems = [problem for problem in loaded.problems if whole or problem.code not in ELSEWHERE]
    assert problems == []


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


def test_the_send_of_the_quickstart_prints_what_the_page_shows(quickstart: Path) -> None:
    (command,) = [block for block in blocks(QUICKSTART, "sh") if "hookgate send" in block]
    (shown,) = [block for block in blocks(QUICKSTART, "") if block.startswith("sent ")]
    options = ("--env-file", str(quickstart / ".env"))
    with gateway(quickstart / "rules.yaml", *options) as served:
        words = f"{shlex.join(HOOKGATE)} send {command.strip().partition('hookgate send ')[2]}"
        printed = answer_of(f"{words} --to {served.url}", quickstart)
        printed = printed.replace(served.url, "http://127.0.0.1:12345")
    assert without_ids(printed) == without_ids(shown)


def without_ids(text: str) -> str:
    """The text with every id blanked out."""
    return re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "ID", text)


def answer_of(script: str, directory: Path) -> str:
    """What a shell script prints."""
    result = subprocess.run(
        ["sh", "-c", script], capture_output=True, check=True, text=True, cwd=directory
    )
    return result.stdout
