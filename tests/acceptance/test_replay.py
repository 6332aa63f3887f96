"""`hookgate replay` as a person or a script calls it."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, gateway

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}}}
sources:
  shop:
    auth: {{type: signature, secret: "${{SHOP_SECRET}}", header: X-Signature}}
    event_type: {{header: X-Topic}}
    event_id: {{header: X-Id}}
    params: {{total: order.total, name: order.name}}
    rules:
      order:
        - {{name: large, condition: total > 100, program: act}}
        - {{condition: name == 'x', program: act}}
  open:
    auth: {{type: none}}
    rules: {{"*": [{{program: fail}}]}}
programs:
  act:
    command: [{sys.executable}, -c, "import sys; print(sys.argv[1:3])"]
    env: {{KEY: "${{KEY}}"}}
  fail: {{command: [{sys.executable}, -c, "import sys; sys.exit('went wrong')"]}}
"""
ENVIRON = {"SHOP_SECRET": "shop-canary", "KEY": "key-canary"}
ORDER = '{"order":{"total":250.00,"name":"-rf"}}'


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


def replay(
    rules: Path, payload: str, *options: str, stdin: str | None = None, **environ: str
) -> subprocess.CompletedProcess[str]:
    file = rules.parent / "payload.json"
    file.write_text(payload)
    given = str(file) if stdin is None else "-"
    return subprocess.run(
        [*HOOKGATE, "replay", given, "--rules", str(rules), *options],
        capture_output=True,
        check=False,
        text=True,
        input=stdin,
        env={"PATH": os.environ["PATH"], **environ},
    )


def document(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert result.stderr == ""
    return dict(json.loads(result.stdout))


SHOP = ("--source", "shop", "--header", "X-Topic: order")


ORDERED = f"""\
version: 1
sources:
  s:
    auth: {{type: none}}
    params: {{name: name}}
    rules:
      keyed: [{{program: act, key: name, priority: 7}}]
      burst: [{{program: act, debounce: {{key: "name + '!'", wait: 10s, max_wait: 1m}}}}]
      plain: [{{program: act}}]
programs:
  act: {{command: [{sys.executable}]}}
"""


def of(event_type: str, *options: str) -> tuple[str, ...]:
    return ("--event-type", event_type, *options)


def test_a_task_is_told_with_its_key_and_its_priority(rules: Path) -> None:
    rules.write_text(ORDERED)
    text = replay(rules, '{"name": "acme"}', *of("keyed")).stdout
    assert "after all tasks before it with the key 'acme'\n" in text
    assert "with priority 7\n" in text
    (task,) = document(replay(rules, '{"name": "acme"}', *of("keyed", "--format", "json")))["tasks"]
    assert (task["key"], task["priority"], task["remarks"]) == ("acme", 7, [])


def test_a_key_that_cannot_be_told_is_told_with_the_reason(rules: Path) -> None:
    rules.write_text(ORDERED)
    text = replay(rules, "{}", *of("keyed")).stdout
    assert "after all tasks before it with the key ''\n" in text
    assert "key: it is missing, not text, a number or a boolean; so it is run one after" in text
    text = replay(rules, "{}", *of("burst")).stdout
    assert "debounce.key: '+' cannot take None and '!' (name is missing?); so it runs at" in text


def test_a_task_that_waits_out_a_burst_is_told_with_it(rules: Path) -> None:
    rules.write_text(ORDERED)
    text = replay(rules, '{"name": "a"}', *of("burst")).stdout
    told = "when 10s have passed without another event with the key 'a!', after 60s at the latest\n"
    assert told in text
    (task,) = document(replay(rules, '{"name": "a"}', *of("burst", "--format", "json")))["tasks"]
    assert task["debounce"] == {"key": "a!", "wait_s": 10.0, "max_wait_s": 60.0}


def test_nothing_is_told_of_order_where_there_is_none(rules: Path) -> None:
    rules.write_text(ORDERED)
    text = replay(rules, '{"name": "a"}', *of("plain")).stdout
    assert not re.search("after all|priority|another event", text)
    (task,) = document(replay(rules, '{"name": "a"}', *of("plain", "--format", "json")))["tasks"]
    assert (task["key"], task["priority"], task["debounce"]) == (None, 0, None)


def test_the_document_has_every_step_of_the_decision(rules: Path) -> None:
    result = replay(rules, ORDER, *SHOP, "--header", "x-id: 7", "--format", "json")
    assert result.returncode == 0
    found = document(result)
    (task,) = found.pop("tasks")
    assert found == {
        "format_version": 1,
        "source": "shop",
        "event_type": "order",
        "event_id": "7",
        "auth": {
            "result": "skipped",
            "reason": "signature: a bare payload carries no credentials; --verify checks them",
        },
        "params": {"total": 250.0, "name": "-rf"},
        "rules": [
            {
                "line": 11,
                "name": "large",
                "condition": "total > 100",
                "result": "true",
                "reason": "250.00 > 100",
            },
            {
                "line": 12,
                "name": None,
                "condition": "name == 'x'",
                "result": "not reached",
                "reason": "an earlier rule held",
            },
        ],
        "outcome": "accepted",
        "reason": "1 task",
    }
    assert task["program"] == "act"
    assert task["argv"][3:] == [
        "--total=250.00",
        "--name=-rf",
        "--event_type=order",
        f"--raw_payload={ORDER}",
    ]
    assert task["env"]["KEY"] == "${KEY}"
    assert task["env"]["HOOKGATE_EVENT_ID"] == "7"


def test_it_needs_no_secrets_and_shows_none(rules: Path) -> None:
    assert replay(rules, ORDER, *SHOP).returncode == 0
    shown = replay(rules, ORDER, *SHOP, "--verify", **ENVIRON)
    assert "canary" not in shown.stdout + shown.stderr


def test_nothing_runs_without_being_asked(rules: Path) -> None:
    marker = rules.parent / "ran"
    rules.write_text(RULES.replace("print(sys.argv[1:3])", f"open('{marker}', 'w')"))
    result = replay(rules, ORDER, *SHOP)
    assert result.stdout.splitlines()[-1] == "nothing was run; add --run to run it"
    assert not marker.exists()


def test_run_runs_it_and_shows_output_and_exit_code(rules: Path) -> None:
    result = replay(rules, ORDER, *SHOP, "--run", **ENVIRON)
    assert result.returncode == 0
    assert "ran act: completed, exit 0" in result.stdout
    assert "output | ['--total=250.00', '--name=-rf']" in result.stdout


def test_a_program_that_fails_makes_the_replay_fail(rules: Path) -> None:
    result = replay(rules, "{}", "--source", "open", "--run", "--format", "json", **ENVIRON)
    assert result.returncode == 1
    (run,) = document(result)["runs"]
    assert (run["exit_code"], run["error"]) == (1, "exit 1: went wrong")


def test_run_refuses_a_file_whose_variables_are_not_set(rules: Path) -> None:
    result = replay(rules, ORDER, *SHOP, "--run")
    assert result.returncode == 1
    assert "KEY is not set" in result.stdout


@pytest.mark.parametrize(
    ("secret", "result", "code"), [("shop-canary", "passed", 0), ("x", "failed", 1)]
)
def test_verify_checks_the_credentials(rules: Path, secret: str, result: str, code: int) -> None:
    signature = hmac.new(secret.encode(), ORDER.encode(), hashlib.sha256).hexdigest()
    options = (*SHOP, "--header", f"X-Signature: {signature}", "--verify", "--format", "json")
    replayed = replay(rules, ORDER, *options, **ENVIRON)
    assert replayed.returncode == code
    assert document(replayed)["auth"]["result"] == result


def test_a_captured_delivery_brings_its_headers_and_is_verified(rules: Path) -> None:
    signature = hmac.new(b"shop-canary", ORDER.encode(), hashlib.sha256).hexdigest()
    capture = {
        "headers": {"X-Topic": "order", "X-Signature": signature},
        "body": ORDER,
        "source": "shop",
    }
    found = document(replay(rules, json.dumps(capture), "--format", "json", **ENVIRON))
    assert (found["auth"]["result"], found["outcome"]) == ("passed", "accepted")
    capture["body"] = ORDER + " "
    found = document(replay(rules, json.dumps(capture), "--format", "json", **ENVIRON))
    assert (found["auth"]["result"], found["outcome"]) == ("failed", "rejected")


def test_what_the_reading_api_gives_can_be_replayed(rules: Path) -> None:
    with gateway(rules, "--no-work", **ENVIRON) as served, served.client() as client:
        sent = client.post("/open?a=1", content=b'{"n":1.10}', headers={"x-event-type": "e"})
        stored = client.get(f"/api/deliveries/{sent.json()['delivery_id']}").text
    found = document(replay(rules, stored, "--format", "json"))
    assert (found["source"], found["event_type"], found["outcome"]) == ("open", "e", "accepted")
    assert found["tasks"][0]["argv"][-1] == '--raw_payload={"n":1.10}'


def test_the_event_type_can_be_given_and_the_payload_piped(rules: Path) -> None:
    result = replay(rules, "", "--source", "shop", "--event-type", "order", stdin=ORDER)
    assert result.returncode == 0
    assert "event     order                    from --event-type" in result.stdout


def test_a_payload_that_is_not_json_is_rejected_as_the_gateway_would(rules: Path) -> None:
    result = replay(rules, "{", *SHOP)
    assert result.returncode == 1
    assert "outcome   rejected: the body is not valid JSON" in result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ((), "which source is it for? --source is one of: shop, open"),
        (("--source", "shpo"), "there is no source 'shpo'; --source is one of: shop, open"),
        (("--source", "shop", "--header", "X"), "'X' should be --header 'Name: value'"),
        (("--source", "shop", "--query", "X"), "'X' should be --query 'name=value'"),
        (("--fromat", "json"), "No such option: --fromat"),
    ],
)
def test_a_wrong_call_says_what_is_right(
    rules: Path, options: tuple[str, ...], message: str
) -> None:
    result = replay(rules, "{}", *options)
    assert result.returncode == 2
    assert message in result.stderr


def test_a_file_that_is_not_there_is_the_environments_fault(rules: Path) -> None:
    command = [*HOOKGATE, "replay", "/nonexistent.json", "--rules", str(rules)]
    result = subprocess.run(command, capture_output=True, check=False, text=True)
    assert result.returncode == 3
    assert result.stderr == "hookgate: /nonexistent.json: No such file or directory\n"


def test_odd_characters_of_a_payload_reach_no_terminal(rules: Path) -> None:
    result = replay(rules, '{"order":{"total":1,"name":"\\u001b[31m\\ud800"}}', *SHOP)
    assert result.returncode == 0
    assert "\x1b" not in result.stdout
    assert "\\x1b[31m\\ud800" in result.stdout
