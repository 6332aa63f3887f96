"""The files that come with hookgate do what the README says."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway, gateway, github_signature
from tests.rules import ROOT

SECRETS = {
    "HOOKGATE_ADMIN_TOKEN": ADMIN_TOKEN,
    "GITHUB_WEBHOOK_SECRET": "github-canary",
    "JIRA_WEBHOOK_TOKEN": "jira-canary",
}
BUG = {
    "issue": {
        "key": "PROJ-123",
        "fields": {"issuetype": {"name": "bug"}, "priority": {"name": "High"}},
    }
}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example, so that its store and log file do not land in the checkout."""
    directory = tmp_path_factory.mktemp("example")
    shutil.copy(ROOT / "rules.yaml", directory)
    shutil.copytree(ROOT / "handlers", directory / "handlers")
    return directory


@pytest.fixture(scope="module")
def served(example: Path) -> Iterator[Gateway]:
    with gateway(example / "rules.yaml", **SECRETS) as started:
        yield started


def post_jira(served: Gateway, path: str, event_type: str, body: object) -> httpx.Response:
    return httpx.post(
        served.url + path,
        json=body,
        headers={"X-Webhook-Token": "jira-canary", "X-Jira-Event-Type": event_type},
    )


@pytest.mark.parametrize("path", ["/api/webhooks/jira", "/jira"])
def test_a_bug_created_in_jira_is_answered_202_and_run(
    served: Gateway, example: Path, path: str
) -> None:
    answer = post_jira(served, path, "issue_created", BUG)
    assert answer.status_code == 202
    body = answer.json()
    assert body["status"] == "pending"
    assert body["message"] == "Task created for jira:issue_created"
    task = served.ended_task(body["task_id"])
    assert (task["status"], task["exit_code"]) == ("completed", 0)
    assert task["output"].startswith("issue_created: PROJ-123 is a bug of priority High\n")
    assert "PROJ-123 (bug, High)" in (example / "handlers/jira_issue.log").read_text()


def test_an_update_in_jira_is_run_whatever_its_type(served: Gateway) -> None:
    answer = post_jira(served, "/jira", "issue_updated", {"issue": {"key": "PROJ-1"}})
    task = served.ended_task(answer.json()["task_id"])
    assert "PROJ-1 is a  of priority Medium" in task["output"]


def test_another_type_of_issue_is_ignored(served: Gateway) -> None:
    other = {"issue": {"key": "PROJ-2", "fields": {"issuetype": {"name": "task"}}}}
    answer = post_jira(served, "/jira", "issue_created", other)
    assert answer.status_code == 200
    assert answer.json()["status"] == "ignored"
    assert answer.json()["message"] == "no rule of issue_created held"


def push() -> bytes:
    return (ROOT / "tests/deliveries/github_push.json").read_bytes()


def post_push(served: Gateway, signature: str, event_id: str) -> httpx.Response:
    headers = {
        "Content-Type": "application/json",
        "X-GitHub-Event": "push",
        "X-GitHub-Delivery": event_id,
        "X-Hub-Signature-256": signature,
    }
    return httpx.post(f"{served.url}/github", content=push(), headers=headers)


def test_a_signed_push_greets_and_its_redelivery_runs_nothing(served: Gateway) -> None:
    signature = github_signature("github-canary", push())
    first = post_push(served, signature, "72d3162e")
    assert first.status_code == 202
    task = served.ended_task(first.json()["task_id"])
    assert task["output"].startswith("Hello, World! refs/heads/main of octo-org/hello is at ")
    again = post_push(served, signature, "72d3162e")
    assert again.status_code == 200
    assert again.json()["status"] == "duplicate"
    assert again.json()["tasks"][0]["task_id"] == first.json()["task_id"]
    assert again.json()["tasks"][0]["status"] == "completed"


def test_a_push_signed_with_another_secret_is_turned_away(served: Gateway) -> None:
    answer = post_push(served, github_signature("wrong", push()), "72d3162f")
    assert answer.status_code == 401
    assert answer.json() == {"status": "rejected", "message": "missing or wrong credentials"}


def test_the_banner_names_address_routes_auth_and_store(served: Gateway) -> None:
    assert "2 sources, 3 rules, 2 programs" in served.banner
    assert "store sqlite:hookgate.db (0 pending)" in served.banner
    assert "POST /github   /api/webhooks/github   signature   push" in served.banner
    assert f"listening on {served.url}" in served.banner
    assert "canary" not in served.banner


def replayed(example: Path, payload: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*HOOKGATE, "replay", str(payload), "--rules", str(example / "rules.yaml"), *options]
    return subprocess.run(command, capture_output=True, check=False, text=True)


def test_replay_explains_a_push_as_the_gateway_would_decide_it(example: Path) -> None:
    payload = ROOT / "tests/deliveries/github_push.json"
    options = ("--source", "github", "--event-type", "push", "--format", "json")
    result = replayed(example, payload, *options)
    found = json.loads(result.stdout)
    assert (result.returncode, found["format_version"], found["outcome"]) == (0, 1, "accepted")
    assert found["auth"]["result"] == "skipped"
    assert found["params"]["repository"] == "octo-org/hello"
    assert [rule["result"] for rule in found["rules"]] == ["true"]
    assert found["tasks"][0]["argv"][:3] == [
        "python",
        "handlers/hello_world.py",
        "--ref=refs/heads/main",
    ]


SHARED = ROOT.parent / "shared/payloads"


@pytest.mark.skipif(not SHARED.is_dir(), reason="the collection of real payloads is not here")
@pytest.mark.parametrize(
    "payload", sorted(SHARED.glob("*/*.json")), ids=lambda path: f"{path.parent.name}/{path.name}"
)
def test_real_payloads_of_many_senders_replay(example: Path, payload: Path) -> None:
    for source, event_type in (("github", "push"), ("jira", "issue_created")):
        result = replayed(example, payload, "--source", source, "--event-type", event_type)
        assert (result.returncode, result.stderr) == (0, "")
        assert "outcome   " in result.stdout
