"""Functions in Python behind a real `hookgate serve`."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway, gateway, polled

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}}}
store: sqlite:hookgate.db
sources:
  jira:
    auth: {{type: token, token: "${{TOKEN}}"}}
    params: {{key: issue.key}}
    rules:
      note: [{{program: note}}]
      ask: [{{program: ask}}]
programs:
  note: {{python: "jobs.py:note", env: {{SECRET: "${{TOKEN}}"}}}}
  ask: {{python: "jobs.py:ask", run_async: false, exit_status: {{3: 422}}}}
"""

JOBS = """\
import os
from hookgate import RetryLater

def note(event, key):
    if event.attempt == 1:
        raise RetryLater("not yet", after=0)
    print("noted", key, event.headers["x-webhook-token"], os.environ["SECRET"] != "")
    return {"pid": os.getpid()}

async def ask(key):
    if key == "BAD":
        raise SystemExit(3)
    return {"hello": key, "pid": os.getpid()}
"""
TOKEN = "token-canary"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "jobs.py").write_text(JOBS)
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def post(served: Gateway, event_type: str, key: str) -> httpx.Response:
    headers = {"x-webhook-token": TOKEN, "x-event-type": event_type}
    return httpx.post(f"{served.url}/jira", json={"issue": {"key": key}}, headers=headers)


def test_a_function_is_called_answers_and_is_changed_without_a_restart(rules: Path) -> None:
    with gateway(rules, TOKEN=TOKEN) as served:
        task = served.ended_task(post(served, "note", "A-1").json()["task_id"])
        assert [each["exit_code"] for each in task["attempts"]] == [75, 0]
        printed = task["attempts"][-1]["output"].splitlines()
        assert printed[0] == "noted A-1 [redacted] True"

        asked, refused = post(served, "ask", "A-2"), post(served, "ask", "BAD")
        assert (asked.status_code, refused.status_code) == (200, 422)
        assert json.loads(asked.json()["output"])["hello"] == "A-2"

        (rules.parent / "jobs.py").write_text(JOBS.replace('"hello"', '"good day"'))
        assert json.loads(post(served, "ask", "A-3").json()["output"])["good day"] == "A-3"

        processes = [json.loads(printed[1])["pid"], json.loads(asked.json()["output"])["pid"]]
        served.kill()
    for _ in polled(lambda: None):
        if not any(Path(f"/proc/{process}").exists() for process in processes):
            break


def test_a_replay_names_the_function_and_calls_it(rules: Path) -> None:
    (rules.parent / "event.json").write_text('{"issue": {"key": "A-1"}}')
    command = [*HOOKGATE, "replay", "event.json", "--event-type", "ask", "--run"]
    done = subprocess.run(
        command,
        capture_output=True,
        check=True,
        text=True,
        cwd=rules.parent,
        env={"PATH": os.environ["PATH"], "TOKEN": TOKEN},
        timeout=30,
    )
    assert "          python jobs.py:ask\n" in done.stdout
    assert f"in {rules.parent} for at most 300s\n" in done.stdout
    assert 'output | {"hello": "A-1"' in done.stdout
