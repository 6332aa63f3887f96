"""What a stranger has sent cannot steer the terminal of whoever looks at it."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway

EVIL = "a\r\n\x1b[2Jb\x07\x7f\x80\x85\x9b31m\x9d\u2028\u2029\u202e\u2066\u200fz\U000e0001"
RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}}}
store: sqlite:hookgate.db
sources:
  s:
    auth: {{type: none}}
    event_type: type
    event_id: id
    params: {{said: said}}
    respond: {{body: "{{said}}"}}
    rules: {{"*": [{{program: say}}]}}
programs:
  say: {{command: [sh, -c, "echo $0; echo $0 >&2; exit 3", "{{said}}"], pass: none}}
"""
PAYLOAD = json.dumps({"type": EVIL, "id": EVIL, "said": EVIL}, ensure_ascii=False)


def printed(rules: Path, *command: str) -> str:
    """What a command prints, on either of its outputs."""
    result = subprocess.run(
        [*HOOKGATE, *command],
        capture_output=True,
        check=False,
        cwd=rules.parent,
        env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1"},
    )
    assert b"Traceback" not in result.stderr
    return (result.stdout + result.stderr).decode()


def is_harmless(text: str) -> bool:
    return all(character.isprintable() for line in text.split("\n") for character in line)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    (tmp_path / "payload.json").write_text(PAYLOAD, encoding="utf-8")
    return path


def test_no_command_prints_what_a_terminal_obeys(rules: Path) -> None:
    shown = {}
    for form in (["--format", "json"], []):
        shown["replay", *form] = printed(rules, "replay", "payload.json", "--source", "s", *form)
    with Gateway(rules) as served:
        to = ["--to", f"{served.url}/s"]
        for form in (["--format", "json"], []):
            shown["send", *form] = printed(rules, "send", "s", "payload.json", *to, *form)
        with served.client() as client:
            task_id = client.get("/api/tasks").json()["tasks"][0]["task_id"]
        served.ended_task(task_id)
        for form in (["--format", "json"], []):
            shown["show", *form] = printed(rules, "tasks", "show", task_id, *form)
            shown["list", *form] = printed(rules, "tasks", "list", *form)
    shown["serve",] = served.log
    assert {name for name, text in shown.items() if not is_harmless(text)} == set()
    task = json.loads(shown["show", "--format", "json"])["task"]
    assert task["params"] == {"said": EVIL}
    told = {name for name, text in shown.items() if "\\x9b" in text or "\\u009b" in text}
    assert told >= {name for name in shown if name != ("list",)}  # whose columns are narrow
