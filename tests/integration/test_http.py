"""The HTTP surface, with a real store and real programs, in process."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest

from hookgate.engine.gateway import Gateway
from hookgate.runners.programs import ProgramRunner
from hookgate.server import answers
from hookgate.server.app import build_app
from hookgate.stores.sqlite.store import SqliteStore
from tests.acceptance.gateway import github_signature
from tests.rules import compiled

pytestmark = pytest.mark.anyio

ADMIN = {"authorization": "Bearer admin-canary"}
TOKEN = {"x-webhook-token": "token-canary"}

RULES = """
version: 1
server: {max_body: 1KiB, body_timeout: 200ms, wait_timeout: 5s, trusted_proxies: [127.0.0.1]}
store: sqlite:hookgate.db
sources:
  crm:
    auth: {type: token, token: token-canary}
    event_id: {header: X-Id}
    params: {title: title, id: {path: id, required: true}}
    payload_schema: {typed: typed.json}
    rules:
      note: [{program: say}]
      wait: [{program: say_and_wait}]
      coded: [{program: coded}]
      slow: [{program: slow}]
      missing: [{program: missing}]
      never: [{condition: title == 'x', program: say}]
      typed: [{program: say}]
  github:
    provider: github
    auth: {secret: github-canary}
    rules: {push: [{program: say}]}
  basic:
    auth: {type: basic, username: user, password: password-canary}
    rules: {"*": [{program: say}]}
  lan:
    auth: {type: ip, allowed_ips: [10.0.0.0/8]}
    rules: {"*": [{program: say}]}
  pull:
    auth: {type: none}
    methods: [GET, PUT]
    rules: {"*": [{program: say}]}
  calls:
    provider: twilio
    auth: {secret: "12345"}
    public_url: https://hooks.example.com/api/webhooks/calls
    methods: [GET, POST]
    params: {said: {query: SpeechResult}}
    rules: {ringing: [{program: say}]}
  polite:
    auth: {type: none}
    params: {title: title}
    respond: {status: 201, headers: {X-Title: "{title}"}, body: "[accepted] {title}"}
    rules: {"*": [{program: say}]}
  echo:
    auth: {type: none}
    params: {title: title}
    respond: output
    rules: {"*": [{program: say_and_wait}]}
programs:
  say: &say {command: ["PYTHON", -c, "import sys; print(sys.argv[1])"]}
  say_and_wait: {command: ["PYTHON", -c, "import sys; print(sys.argv[1])"], run_async: false}
  coded:
    command: ["PYTHON", -c, "import sys; sys.exit('no such issue')"]
    run_async: false
    exit_status: {1: 422}
  slow: {command: ["PYTHON", -c, "import time; time.sleep(60)"], run_async: false, timeout: 100ms}
  missing: {command: [/nonexistent/program], run_async: false}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    schema = {"type": "object", "required": ["title"]}
    (tmp_path / "typed.json").write_text(json.dumps(schema))
    config = compiled(dedent(RULES).replace("PYTHON", sys.executable), directory=tmp_path)
    gateway = Gateway(config, SqliteStore(config.store.path), ProgramRunner({"PATH": "/usr/bin"}))
    async with gateway:
        transport = httpx.ASGITransport(build_app(gateway, "admin-canary"))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as opened:
            yield opened


async def post(
    client: httpx.AsyncClient,
    event_type: str,
    body: Any,
    headers: Mapping[str, str] = TOKEN,
    source: str = "crm",
) -> httpx.Response:
    return await client.post(
        f"/{source}", json=body, headers={**headers, "x-event-type": event_type}
    )


async def ended(client: httpx.AsyncClient, task_id: str) -> dict[str, Any]:
    async with asyncio.timeout(20):
        while True:
            found = (await client.get(f"/api/tasks/{task_id}", headers=ADMIN)).json()
            if found["status"] in ("completed", "failed"):
                return dict(found)
            await asyncio.sleep(0.01)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("CallStatus=ringing&SpeechResult=it%27s%20%2ame*&x=1&x=2", 202),
        ("CallStatus=ringing&SpeechResult=it%27s+%2ame*&x=1&x=2", 401),
        ("CallStatus=ringing&SpeechResult=it%27s%20%2ame*&x=2", 401),
        ("CallStatus=ringing", 401),
        ("", 401),
    ],
)
async def test_a_query_is_verified_as_it_stands_in_the_url(
    client: httpx.AsyncClient, query: str, status: int
) -> None:
    signed = "https://hooks.example.com/api/webhooks/calls?CallStatus=ringing"
    signed += "&SpeechResult=it%27s%20%2ame*&x=1&x=2"
    digest = hmac.digest(b"12345", signed.encode(), "sha1")
    url = httpx.URL("http://gateway/calls", query=query.encode())
    headers = {"x-twilio-signature": base64.b64encode(digest).decode()}
    answer = await client.get(url, headers=headers)
    assert answer.status_code == status
    if status == 202:
        task = await ended(client, answer.json()["task_id"])
        assert task["params"] == {"said": "it's *me*"}


async def test_what_is_accepted_is_answered_202_and_runs(client: httpx.AsyncClient) -> None:
    answer = await post(client, "note", {"id": 1, "title": "hello"})
    assert answer.status_code == 202
    body = answer.json()
    assert body == {
        "task_id": body["task_id"],
        "status": "pending",
        "message": "Task created for crm:note",
        "delivery_id": body["delivery_id"],
        "tasks": [
            {
                "task_id": body["task_id"],
                "program": "say",
                "rule": "note[0]",
                "status": "pending",
            }
        ],
    }
    task = await ended(client, body["task_id"])
    assert (task["status"], task["output"]) == ("completed", "--title=hello\n")


async def test_a_program_that_is_waited_for_answers_with_its_output(
    client: httpx.AsyncClient,
) -> None:
    answer = await post(client, "wait", {"id": 1, "title": "now"})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["exit_code"]) == ("completed", 0)
    assert (found["output"], found["error"]) == ("--title=now\n", None)


async def test_an_exit_code_can_stand_for_a_status(client: httpx.AsyncClient) -> None:
    answer = await post(client, "coded", {"id": 1})
    assert answer.status_code == 422
    assert answer.json()["error"] == "exit 1: no such issue"


@pytest.mark.parametrize(
    ("event_type", "error"),
    [("slow", "timed out after 0.1s"), ("missing", "/nonexistent/program")],
)
async def test_a_program_that_fails_is_answered_500_with_the_reason(
    client: httpx.AsyncClient, event_type: str, error: str
) -> None:
    answer = await post(client, event_type, {"id": 1})
    assert answer.status_code == 500
    assert answer.json()["status"] == "failed"
    assert answer.json()["exit_code"] is None
    assert error in answer.json()["error"]


async def test_what_no_rule_wants_is_ignored_and_recorded(client: httpx.AsyncClient) -> None:
    answer = await post(client, "never", {"id": 1, "title": "y"})
    assert answer.status_code == 200
    found = answer.json()
    assert (found["status"], found["message"]) == ("ignored", "no rule of never held")
    stored = await client.get(f"/api/deliveries/{found['delivery_id']}", headers=ADMIN)
    assert stored.json()["trace"]["rules"][0]["reason"] == "'y' == 'x'"


async def test_the_same_event_again_is_a_duplicate_with_the_first_tasks(
    client: httpx.AsyncClient,
) -> None:
    headers = TOKEN | {"x-id": "evt-1"}
    first = (await post(client, "note", {"id": 1}, headers)).json()
    again = await post(client, "note", {"id": 1}, headers)
    assert again.status_code == 200
    assert again.json()["status"] == "duplicate"
    assert again.json()["delivery_id"] == first["delivery_id"]
    assert [task["task_id"] for task in again.json()["tasks"]] == [first["task_id"]]
    listed = (await client.get("/api/tasks", headers=ADMIN)).json()["tasks"]
    assert len(listed) == 1


async def test_a_storm_of_one_event_runs_once(client: httpx.AsyncClient) -> None:
    headers = TOKEN | {"x-id": "storm"}
    answers = await asyncio.gather(*(post(client, "note", {"id": 1}, headers) for _ in range(50)))
    assert sorted(answer.status_code for answer in answers) == [200] * 49 + [202]


@pytest.mark.parametrize(
    ("headers", "content", "status"),
    [
        ({}, b'{"id":1}', 401),
        ({"x-webhook-token": ""}, b'{"id":1}', 401),
        ({"x-webhook-token": "token-canar\xe9"}, b'{"id":1}', 401),
        (TOKEN, b"{", 400),
        (TOKEN, b'{"id":NaN}', 400),
        (TOKEN, b"[" * 1000, 400),
        (TOKEN, b'{"id":1' + b" " * 1024 + b"}", 413),
        (TOKEN | {"content-type": "application/xml"}, b"<id/>", 415),
        (TOKEN | {"content-encoding": "gzip"}, b"\x1f\x8b", 415),
        (TOKEN, b'{"title":"no id"}', 422),
    ],
)
async def test_bad_input_is_answered_by_its_kind(
    client: httpx.AsyncClient, headers: dict[str, str], content: bytes, status: int
) -> None:
    raw = [(k.encode(), v.encode("latin-1")) for k, v in headers.items()]
    answer = await client.post("/crm", content=content, headers=[*raw, (b"x-event-type", b"note")])
    assert answer.status_code == status
    assert answer.json()["status"] == "rejected"
    assert "canary" not in answer.text


async def test_a_payload_that_does_not_fit_its_schema_is_answered_with_the_findings(
    client: httpx.AsyncClient,
) -> None:
    answer = await post(client, "typed", {"id": 1})
    assert answer.status_code == 422
    assert "'title' is a required property" in answer.json()["message"]


async def test_unknown_sources_and_methods_are_told_apart(client: httpx.AsyncClient) -> None:
    assert (await client.post("/nobody")).status_code == 404
    assert (await client.post("/api/webhooks/nobody")).status_code == 404
    wrong = await client.get("/crm")
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "POST")
    assert (await client.post("/a/b/c")).status_code == 404


async def test_a_source_may_take_other_methods(client: httpx.AsyncClient) -> None:
    assert (await client.get("/pull?a=1")).status_code == 202
    assert (await client.put("/pull", json={})).status_code == 202
    refused = await client.post("/pull", json={})
    assert (refused.status_code, refused.headers["allow"]) == (405, "GET, PUT")


async def test_a_body_that_trickles_is_cut_off(client: httpx.AsyncClient) -> None:
    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)

    answer = await client.post("/crm", content=trickle(), headers=TOKEN)
    assert answer.status_code == 408


async def test_a_long_body_is_cut_off_while_it_streams(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        while True:
            sent += 512
            yield b"x" * 512

    answer = await client.post("/crm", content=endless(), headers=TOKEN)
    assert answer.status_code == 413
    assert sent <= 2048 + answers.LISTEN_BYTES


async def test_signatures_cover_the_raw_bytes(client: httpx.AsyncClient) -> None:
    body = b'{ "ref":  "refs/heads/main" }'
    headers = {"x-github-event": "push", "x-hub-signature-256": ""}
    headers["x-hub-signature-256"] = github_signature("github-canary", body)
    assert (await client.post("/github", content=body, headers=headers)).status_code == 202
    altered = body.replace(b"  ", b" ")
    assert (await client.post("/github", content=altered, headers=headers)).status_code == 401


async def test_basic_credentials_open_a_source(client: httpx.AsyncClient) -> None:
    good = {"authorization": "Basic " + base64.b64encode(b"user:password-canary").decode()}
    assert (await client.post("/basic", json={}, headers=good)).status_code == 202
    bad = {"authorization": "Basic " + base64.b64encode(b"user:other").decode()}
    assert (await client.post("/basic", json={}, headers=bad)).status_code == 401


async def test_the_caller_is_seen_through_a_trusted_proxy_only(client: httpx.AsyncClient) -> None:
    """The test client's own address, 127.0.0.1, is the trusted proxy."""
    inside, outside = {"x-forwarded-for": "10.1.2.3"}, {"x-forwarded-for": "10.1.2.3, 192.0.2.1"}
    assert (await client.post("/lan", json={}, headers=inside)).status_code == 202
    assert (await client.post("/lan", json={}, headers=outside)).status_code == 403
    assert (await client.post("/lan", json={})).status_code == 403


async def test_a_source_answers_as_its_sender_expects(client: httpx.AsyncClient) -> None:
    answer = await client.post("/polite", json={"title": "a\r\nSet-Cookie: x"})
    assert (answer.status_code, answer.text) == (201, "[accepted] a\r\nSet-Cookie: x")
    assert answer.headers["x-title"] == "a  Set-Cookie: x"
    assert "set-cookie" not in answer.headers


async def test_a_source_can_answer_with_the_output_of_its_program(
    client: httpx.AsyncClient,
) -> None:
    answer = await client.post("/echo", json={"title": "hello"})
    assert (answer.status_code, answer.text) == (200, "--title=hello\n")


async def test_reading_needs_the_admin_token(client: httpx.AsyncClient) -> None:
    task_id = (await post(client, "note", {"id": 1})).json()["task_id"]
    for path in ("/api/tasks", "/api/deliveries", "/api/deliveries/x"):
        assert (await client.get(path)).status_code == 401
        wrong = {b"authorization": b"Bearer admin-canar\xe9"}
        assert (await client.get(path, headers=wrong)).status_code == 401
    wrong = {b"authorization": b"Bearer x"}
    assert (await client.get(f"/api/tasks/{task_id}", headers=wrong)).status_code == 401


async def test_whoever_knows_a_tasks_id_may_read_its_status_and_times(
    client: httpx.AsyncClient,
) -> None:
    task_id = (await post(client, "note", {"id": 1, "title": "private"})).json()["task_id"]
    await ended(client, task_id)
    found = (await client.get(f"/api/tasks/{task_id}")).json()
    assert set(found) == {"task_id", "status", "created_at", "started_at", "finished_at"}
    assert (await client.get("/api/tasks/nothing")).status_code == 404


async def test_a_stored_delivery_tells_its_decision_and_no_credentials(
    client: httpx.AsyncClient,
) -> None:
    body = (await post(client, "note", {"id": 1.50, "title": "t"})).json()
    stored = await client.get(f"/api/deliveries/{body['delivery_id']}", headers=ADMIN)
    assert "canary" not in stored.text
    found = stored.json()
    assert found["headers"]["x-webhook-token"] == "[redacted]"
    assert found["body"] == '{"id":1.5,"title":"t"}'
    assert found["trace"]["auth"]["steps"][0]["result"] == "passed"
    assert found["trace"]["params"]["title"] == {"value": "t", "origin": "from title"}
    assert found["trace"]["tasks"][0]["argv"][3] == "--title=t"
    assert found["tasks"][0]["task_id"] == body["task_id"]


async def test_lists_are_newest_first_filtered_and_paged(client: httpx.AsyncClient) -> None:
    ids = [(await post(client, "note", {"id": n})).json()["task_id"] for n in range(3)]
    await post(client, "never", {"id": 9})

    async def tasks(query: str) -> list[str]:
        found = await client.get(f"/api/tasks{query}", headers=ADMIN)
        return [task["task_id"] for task in found.json()["tasks"]]

    assert await tasks("") == ids[::-1]
    assert await tasks("?limit=2") == [ids[2], ids[1]]
    assert await tasks(f"?limit=2&before={ids[1]}") == [ids[0]]
    assert await tasks("?source=other") == []
    ignored = await client.get("/api/deliveries?outcome=ignored", headers=ADMIN)
    assert [found["event_type"] for found in ignored.json()["deliveries"]] == ["never"]
    for query in ("?limit=0", "?limit=x", "?limit=501", "?status=lost"):
        assert (await client.get(f"/api/tasks{query}", headers=ADMIN)).status_code == 400


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-forwarded-for": "127.0.0.1"},
        {"authorization": "Bearer "},
        {"authorization": "Bearer admin-canar"},
        {"authorization": "Bearer admin-canary2"},
        {"authorization": "Basic admin-canary"},
        {"authorization": "admin-canary"},
        {"x-webhook-token": "admin-canary"},
    ],
)
async def test_nothing_but_the_admin_token_opens_what_is_recorded(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """The caller is on the same machine, as everybody is behind a proxy there."""
    assert client.base_url.host == "gateway"
    for path in ("/api/tasks", "/api/deliveries", "/api/deliveries/x"):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 401
        assert answer.json() == {"status": "rejected", "message": "the admin token is needed"}


async def test_no_answer_is_taken_for_a_page_and_no_record_is_kept_on_the_way(
    client: httpx.AsyncClient,
) -> None:
    posted = await post(client, "note", {"title": "t", "id": 1})
    polite = await post(client, "note", {"title": "<script>"}, source="polite")
    reads = [await client.get(path, headers=ADMIN) for path in ("/api/tasks", "/api/deliveries")]
    for answer in (posted, polite, *reads):
        assert answer.headers.get_list("x-content-type-options") == ["nosniff"]
    for answer in reads:
        assert answer.headers["cache-control"] == "no-store"


async def test_health_is_open_and_cors_is_closed(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}
    assert (await client.get("/readyz")).json() == {"status": "ready"}
    answer = await client.get("/healthz", headers={"origin": "https://evil.example"})
    assert "access-control-allow-origin" not in answer.headers
