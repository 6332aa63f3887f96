"""A sender that sends one event again and again, from everywhere at once."""

from __future__ import annotations

import asyncio
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

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


REQUEST = (
    b"POST /s HTTP/1.1\r\nHost: gateway\r\nContent-Type: application/json\r\n"
    b"X-Event-Id: e1\r\nContent-Length: 2\r\n\r\n{}"
)


async def storm(port: int) -> list[dict[str, Any]]:
    """The document of each answer; httpx would take more of the machine than the gateway does."""
    left = iter(range(COPIES))

    async def send() -> list[dict[str, Any]]:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        answers = []
        for _ in left:
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(re.findall(rb"content-length: (\d+)", head)[0])
            answers.append(json.loads(await reader.readexactly(length)))
        writer.close()
        return answers

    async with asyncio.timeout(60):
        sent = await asyncio.gather(*(send() for _ in range(CONNECTIONS)))
    return [answer for answers in sent for answer in answers]


def test_a_thousand_copies_of_one_event_run_once(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with Gateway(rules) as served:
        answers = asyncio.run(storm(int(served.url.rpartition(":")[2])))
        (task_id,) = {answer["task_id"] for answer in answers}
        assert served.ended_task(task_id)["status"] == "completed"
        with served.client() as client:
            metrics = client.get("/metrics").text
            (task,) = client.get("/api/tasks").json()["tasks"]
    assert task["task_id"] == task_id
    assert Counter(answer["status"] for answer in answers)["duplicate"] == COPIES - 1
    assert f'outcome="duplicate",source="s"}} {COPIES - 1}.0' in metrics
    assert (tmp_path / "journal").read_text() == "ran\n"
