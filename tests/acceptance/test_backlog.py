"""A gateway whose programs hold is full, says so, and takes more when they go on."""

from __future__ import annotations

from pathlib import Path

import httpx

from tests.acceptance.gateway import ADMIN_TOKEN, gateway, polled

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}, concurrency: 1}}
store: {{url: "sqlite:hookgate.db", max_pending: {{tasks: 3}}}}
sources: {{s: {{auth: {{type: none}}, event_id: id, rules: {{"*": [{{program: hold}}]}}}}}}
programs:
  hold: {{command: [sh, -c, "until [ -e go ]; do sleep 0.02; done"], pass: none}}
"""


def test_a_full_gateway_turns_deliveries_away_until_its_programs_go_on(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with gateway(rules) as served:

        def send(event: int) -> httpx.Response:
            return httpx.post(f"{served.url}/s", json={"id": event})

        first = send(0).json()["task_id"]
        for task in polled(lambda: served.task(first)):
            if task["status"] == "running":
                break
        assert [send(event).status_code for event in (1, 2, 3, 4)] == [202, 202, 202, 503]
        assert send(4).headers["retry-after"] == "30"
        assert send(1).status_code == 200
        assert httpx.get(f"{served.url}/readyz").json() == {"status": "full"}

        (tmp_path / "go").touch()
        for answer in polled(lambda: send(4)):
            if answer.status_code == 202:
                break
            assert answer.status_code == 503
        assert served.ended_task(answer.json()["task_id"])["status"] == "completed"
        assert httpx.get(f"{served.url}/readyz").json() == {"status": "ready"}
    assert "store.max_pending.tasks" in served.log
