"""`hookgate serve` as a process: starting, bad surroundings, hostile callers, stopping."""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway, gateway, polled

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}, shutdown_grace: 300ms}}
store: sqlite:hookgate.db
sources:
  open:
    auth: {{type: token, token: "${{TOKEN}}"}}
    event_id: {{header: X-Id}}
    rules:
      say: [{{program: say}}]
      sleep: [{{program: sleep}}]
      flood: [{{program: flood}}]
programs:
  say: {{command: [{sys.executable}, -c, "print('output-canary')"]}}
  sleep: {{command: [sleep, "600"], pass: none}}
  flood: {{command: [sh, -c, "head -c 100000000 /dev/zero | tr '\\\\0' x"]}}
"""
TOKEN = {"x-webhook-token": "token-canary"}


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


@pytest.fixture
def served(rules: Path) -> Iterator[Gateway]:
    with gateway(rules, "--log-format", "json", TOKEN="token-canary") as started:
        yield started


def post(served: Gateway, event_type: str, body: object = None) -> httpx.Response:
    headers = TOKEN | {"x-event-type": event_type}
    return httpx.post(f"{served.url}/open", json=body, headers=headers)


def run(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOOKGATE, *arguments],
        capture_output=True,
        check=False,
        text=True,
        timeout=30,
        env={"PATH": os.environ["PATH"], **environ},
    )


def test_a_file_with_mistakes_is_not_served_and_every_mistake_is_printed(rules: Path) -> None:
    rules.write_text(RULES.replace("program: say}", "program: sey}").replace("rules:", "ruels:"))
    served = run("serve", str(rules), TOKEN="x")
    validated = run("validate", str(rules), TOKEN="x")
    assert (served.returncode, validated.returncode) == (1, 1)
    assert served.stdout == validated.stdout
    assert "unknown key 'ruels'" in served.stdout


def test_a_variable_that_is_not_set_is_a_mistake(rules: Path) -> None:
    served = run("serve", str(rules))
    assert served.returncode == 1
    assert "TOKEN is not set" in served.stdout


def test_variables_can_come_from_a_file_under_those_of_the_environment(
    rules: Path, tmp_path: Path
) -> None:
    env_file = tmp_path / "env"
    env_file.write_text("# secrets\nTOKEN='from the file'\n")
    with gateway(rules, "--env-file", str(env_file)) as served:
        headers = {"x-webhook-token": "from the file", "x-event-type": "say"}
        assert httpx.post(f"{served.url}/open", headers=headers).status_code == 202
    with gateway(rules, "--env-file", str(env_file), TOKEN="token-canary") as served:
        assert post(served, "say").status_code == 202


def test_a_port_in_use_is_said_plainly(rules: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        served = run("serve", str(rules), "--port", str(port), TOKEN="x")
    assert served.returncode == 3
    expected = f"hookgate: cannot listen on 127.0.0.1 port {port}: Address already in use\n"
    assert served.stderr == expected


def test_a_second_gateway_on_the_same_store_is_refused(served: Gateway, rules: Path) -> None:
    second = run("serve", str(rules), "--port", "0", TOKEN="x")
    assert second.returncode == 3
    assert "hookgate.db" in second.stderr
    assert "Traceback" not in second.stderr
    assert post(served, "say").status_code == 202


def test_a_store_that_is_no_database_is_said_plainly(rules: Path, tmp_path: Path) -> None:
    (tmp_path / "hookgate.db").write_bytes(b"this is a letter, not a database" * 100)
    served = run("serve", str(rules), "--port", "0", TOKEN="x")
    assert served.returncode == 3
    assert "hookgate.db" in served.stderr
    assert "Traceback" not in served.stderr


def test_a_random_admin_token_is_printed_once_where_none_is_set(rules: Path) -> None:
    rules.write_text(RULES.replace(f"admin_token: {ADMIN_TOKEN}, ", ""))
    with gateway(rules, TOKEN="x") as served:
        (line,) = [line for line in served.banner.splitlines() if "admin token" in line]
        token = line.split()[5]
        headers = {"authorization": f"Bearer {token}"}
        assert httpx.get(f"{served.url}/api/tasks", headers=headers).status_code == 200
        assert httpx.get(f"{served.url}/api/tasks").status_code == 401


def test_no_work_records_and_runs_nothing_until_a_gateway_works(rules: Path) -> None:
    with gateway(rules, "--no-work", TOKEN="token-canary") as served:
        task_id = post(served, "say").json()["task_id"]
        assert served.task(task_id)["status"] == "pending"
    with gateway(rules, TOKEN="token-canary") as served:
        assert "(1 pending)" in served.banner
        assert served.ended_task(task_id)["output"] == "output-canary\n"


def test_what_is_older_than_the_retention_is_deleted(rules: Path) -> None:
    with gateway(rules, TOKEN="token-canary") as served:
        ended = post(served, "say").json()
        served.ended_task(ended["task_id"])
    with gateway(rules, "--no-work", TOKEN="token-canary") as served:
        waiting = post(served, "say").json()
    kept = "store: {url: sqlite:hookgate.db, retention: 1ms}"
    rules.write_text(RULES.replace("store: sqlite:hookgate.db", kept))
    with gateway(rules, "--no-work", TOKEN="token-canary") as served, served.client() as client:
        for answer in polled(lambda: client.get(f"/api/deliveries/{ended['delivery_id']}")):
            if answer.status_code == 404:
                break
        assert client.get(f"/api/tasks/{ended['task_id']}").status_code == 404
        assert client.get(f"/api/tasks/{waiting['task_id']}").json()["status"] == "pending"


def test_logs_are_one_json_object_a_delivery_and_an_attempt_without_secrets(
    served: Gateway,
) -> None:
    body = {"secret": "payload-canary"}
    task_id = post(served, "say", body).json()["task_id"]
    served.ended_task(task_id)
    httpx.post(f"{served.url}/open", headers={"x-webhook-token": "wrong-canary"})
    httpx.post(f"{served.url}/nobody", headers=TOKEN)
    served.stop()
    lines = [json.loads(line) for line in served.log.splitlines()]
    assert [line["event"] for line in lines] == ["delivery", "attempt", "delivery", "delivery"]
    delivery, attempt, rejected, refused = lines
    assert (delivery["source"], delivery["event_type"]) == ("open", "say")
    assert (delivery["outcome"], delivery["tasks"][0]["id"]) == ("accepted", task_id)
    assert delivery["duration_ms"] > 0
    assert (attempt["task_id"], attempt["status"], attempt["exit_code"]) == (
        task_id,
        "completed",
        0,
    )
    assert (rejected["outcome"], rejected["reason"][:6]) == ("rejected", "token:")
    assert refused["status"] == 404
    assert "canary" not in served.log


def test_a_caller_cannot_forge_a_log_line(rules: Path) -> None:
    with gateway(rules, TOKEN="token-canary") as served:
        post_raw = httpx.post(f"{served.url}/evil%0A12:00:00%20delivery%1B[31m", headers=TOKEN)
        assert post_raw.status_code == 404
    (line,) = served.log.splitlines()
    assert "\\x1b[31m" in line


def test_a_huge_body_is_cut_off_and_memory_stays_flat(served: Gateway) -> None:
    before = _peak_memory(served)
    head = b"POST /open HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    with socket.create_connection(_address(served)) as connection:
        connection.sendall(head)
        sent = 0
        try:
            while sent < 200_000_000:
                connection.sendall(chunk)
                sent += 0x10000
        except (BrokenPipeError, ConnectionResetError):
            pass
    assert sent < 50_000_000
    assert _peak_memory(served) - before < 60_000_000
    assert post(served, "say").status_code == 202


NASTY = "\x1b[31m\x9b31m\r\n12:00:00.000 delivery forged\x00\x7f\x85\u2028\u202e"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_nothing_that_a_caller_or_a_program_writes_reaches_the_log_as_it_is(
    rules: Path, log_format: str
) -> None:
    rules.write_text(
        f"""\
version: 1
store: sqlite:hookgate.db
sources:
  open:
    auth: {{type: none}}
    event_type: kind
    params: {{title: title, number: {{path: number, type: int}}}}
    rules: {{"*": [{{condition: "title != number", program: print}}]}}
programs:
  print:
    command: [{sys.executable}, -c, "import sys; sys.exit(sys.argv[1] * 2)", "x{{title}}"]
    pass: none
    run_async: false
"""
    )
    with gateway(rules, "--log-format", log_format) as served:
        url = f"{served.url}/open"
        unreadable = [(b"x-webhook-token", b"\x85\x9b"), (b"content-type", b"image/\x85\x9b31m")]
        answers = [
            httpx.post(url, json={"kind": NASTY, "title": NASTY}),
            httpx.post(url, json={"kind": NASTY, "number": NASTY}),
            httpx.post(url, content=b"{\x1b", headers=[(b"content-encoding", b"\x9b31m")]),
            httpx.post(url, content=b"x", headers=unreadable),
            httpx.request("M" + "x" * 50, url),
        ]
    assert [answer.status_code for answer in answers] == [500, 422, 415, 415, 400]
    lines = served.log.splitlines()
    assert len(lines) == 6
    assert all(line.isprintable() for line in served.log.split("\n"))
    if log_format == "json":
        assert {json.loads(line)["event"] for line in lines} == {"attempt", "callers", "delivery"}


def test_a_body_announced_as_too_large_is_answered_before_it_is_sent(served: Gateway) -> None:
    line = b"POST /open HTTP/1.1\r\nHost: x\r\nX-Webhook-Token: token-canary\r\n"
    answer = _exchange(served, line + b"Content-Length: 200000000\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"connection: close" in answer.lower()


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: nonsense\r\n\r\n{}",
        b"Content-Length: -1\r\n\r\n{}",
        b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ],
)
def test_a_content_length_that_means_nothing_is_a_bad_request(served: Gateway, head: bytes) -> None:
    answer = _exchange(served, b"POST /open HTTP/1.1\r\nHost: x\r\n" + head)
    assert answer.startswith(b"HTTP/1.1 400 ")


def test_a_body_shorter_than_announced_is_never_accepted(served: Gateway) -> None:
    head = b"POST /open HTTP/1.1\r\nHost: x\r\nX-Webhook-Token: token-canary\r\n"
    with socket.create_connection(_address(served)) as connection:
        connection.sendall(head + b"X-Event-Type: say\r\nContent-Length: 20\r\n\r\n{}")
        connection.shutdown(socket.SHUT_WR)
        assert b" 202 " not in connection.makefile("rb").read()
    with served.client() as client:
        assert client.get("/api/tasks").json()["tasks"] == []


def test_sigterm_ends_running_programs_and_gives_their_tasks_back(
    served: Gateway, rules: Path
) -> None:
    task_id = post(served, "sleep").json()["task_id"]
    for task in polled(lambda: served.task(task_id)):
        if task["status"] == "running":
            break
    children = _children(served.process.pid)
    assert children
    assert served.stop() == 0
    assert not any(_alive(pid) for pid in children)
    with gateway(rules, "--no-work", TOKEN="token-canary") as again:
        task = again.task(task_id)
    assert task["status"] == "pending"
    assert "the gateway stopped during the attempt" in task["attempts"][0]["error"]


def test_a_task_that_was_running_at_a_crash_runs_again(rules: Path) -> None:
    crashed = Gateway(rules, environ={"TOKEN": "token-canary"})
    crashed.start()
    task_id = post(crashed, "sleep").json()["task_id"]
    for task in polled(lambda: crashed.task(task_id)):
        if task["status"] == "running":
            break
    crashed.kill()
    rules.write_text(RULES.replace('[sleep, "600"]', '[echo, "at last"]'))
    with gateway(rules, TOKEN="token-canary") as again:
        task = again.ended_task(task_id)
    assert (task["output"], len(task["attempts"])) == ("at last\n", 2)


def test_a_hundred_megabytes_of_output_keep_memory_flat(served: Gateway) -> None:
    before = _peak_memory(served)
    task = served.ended_task(post(served, "flood").json()["task_id"])
    assert task["status"] == "completed"
    assert len(task["output"]) < 200_000
    assert _peak_memory(served) - before < 60_000_000


def test_a_full_disk_is_answered_503_and_recovers(served: Gateway) -> None:
    pids = [served.process.pid, *_children(served.process.pid)]  # one of them writes the store
    soft, hard = resource.prlimit(served.process.pid, resource.RLIMIT_FSIZE)
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (600_000, hard))
    statuses = [post(served, "say", "x" * 20_000).status_code for _ in range(60)]
    assert set(statuses) == {202, 503}
    assert statuses[-1] == 503
    refused = post(served, "say", "x" * 20_000)
    assert refused.headers["retry-after"] == "10"
    for pid in pids:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (soft, hard))
    accepted = post(served, "say")
    assert accepted.status_code == 202
    assert served.ended_task(accepted.json()["task_id"])["status"] == "completed"
    served.stop()
    lines = [json.loads(line) for line in served.log.splitlines()]
    assert any(line.get("outcome") == "not recorded" for line in lines)
    assert "Traceback" not in served.log


def _address(served: Gateway) -> tuple[str, int]:
    url = httpx.URL(served.url)
    return url.host, url.port or 80


def _exchange(served: Gateway, request: bytes) -> bytes:
    with socket.create_connection(_address(served), timeout=10) as connection:
        connection.sendall(request)
        return connection.recv(65536)


def _peak_memory(served: Gateway) -> int:
    status = Path(f"/proc/{served.process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def _children(pid: int) -> list[int]:
    found = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, check=False, text=True)
    return [int(child) for child in found.stdout.split()]


def _alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"
