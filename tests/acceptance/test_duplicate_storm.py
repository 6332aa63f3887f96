"""A sender that sends one event again and again, from everywhere at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

import httpx

from tests.acceptance.gateway import ADMIN_TOKEN, Gateway

COPIES, CONNECTIONS = 1000, 64

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}}}
store: sqlite:hookgate.db
sources:
  s:
    auth: {{type: none}}
    event_id: {{header: X-Event-Id}}
    rules: {{"*": [{{program: note}}]}}
programs: {{note: {{command: [sh, -c, "echo ran >> journal"]}}}}
"""


async def storm(url: str) -> list[tuple[int, str, str]]:
    """The status, outcome and task of each answer."""
    left = iter(range(COPIES))

    async def send(client: httpx.AsyncClient) -> list[tuple[int, str, str]]:
        answers = [await client.post("/s", json={}, headers={"x-event-id": "e1"}) for _ in left]
        return [
            (each.status_code, each.json()["status"], each.json()["task_id"]) for each in answers
        ]

    limits = httpx.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
    async with httpx.AsyncClient(base_url=url, limits=limits, timeout=30) as client:
        sent = await asyncio.gather(*(send(client) for _ in range(CONNECTIONS)))
    return [answer for answers in sent for answer in answers]


def test_a_thousand_copies_of_one_event_run_once(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with Gateway(rules) as served:
        answers = asyncio.run(storm(served.url))
        (task_id,) = {task_id for _, _, task_id in answers}
        assert served.ended_task(task_id)["status"] == "completed"
        with served.client() as client:
            metrics = client.get("/metrics").text
            (task,) = client.get("/api/tasks").json()["tasks"]
    assert task["task_id"] == task_id
    assert Counter(outcome for _, outcome, _ in answers)["duplicate"] == COPIES - 1
    assert f'outcome="duplicate",source="s"}} {COPIES - 1}.0' in metrics
    assert (tmp_path / "journal").read_text() == "ran\n"
