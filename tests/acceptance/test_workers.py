"""`serve --workers`: several processes answer, and it is one gateway all the same."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway, polled
from tests.crash.moments import workers, writing_processes

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}, shutdown_delay: 500ms, shutdown_grace: 100ms}}
store: sqlite:hookgate.db
sources:
  once: {{auth: {{type: none}}, event_id: {{header: X-Id}}, rules: {{"*": [{{program: note}}]}}}}
  lined:
    auth: {{type: none}}
    params: {{number: number}}
    rules: {{"*": [{{program: numbered, key: "'one line'"}}]}}
  few:
    auth: {{type: none}}
    rate_limit: {{requests: 3, per: 1h, burst: 3}}
    rules: {{}}
  waiting: {{auth: {{type: none}}, rules: {{"*": [{{program: waited_for}}]}}}}
  long: {{auth: {{type: none}}, rules: {{"*": [{{program: long}}]}}}}
  changing: {{auth: {{type: none}}, rules: {{BEFORE: [{{program: note}}]}}}}
programs:
  note: {{command: [echo], pass: none}}
  numbered: {{command: [sh, -c, 'echo "$0" >> notes', "{{number}}"], pass: none}}
  waited_for: {{command: [echo, done], pass: none, run_async: false}}
  long: {{command: [sh, -c, 'echo $$ > long; exec sleep 600'], pass: none}}
"""


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with Gateway(rules, ("--workers", "2")) as started:
        yield started


def send(gateway: Gateway, source: str, body: object = None, **headers: str) -> httpx.Response:
    """Over a connection of its own, which either worker may get."""
    return httpx.post(f"{gateway.url}/{source}", json=body or {}, headers=headers, timeout=20)


def is_dead(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


def running_program(gateway: Gateway) -> int:
    assert send(gateway, "long").status_code == 202
    written = gateway.rules.with_name("long")
    for text in polled(lambda: written.read_text() if written.exists() else ""):
        if text.endswith("\n"):
            return int(text)
    raise AssertionError("unreachable")


def metric(gateway: Gateway, name: str) -> float:
    with gateway.client() as client:
        page = client.get("/metrics").text
    return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith(name))


def test_what_holds_for_one_process_holds_for_all_of_them(gateway: Gateway) -> None:
    with ThreadPoolExecutor(16) as pool:
        copies = list(pool.map(lambda _: send(gateway, "once", None, **{"x-id": "1"}), range(32)))
    assert Counter(each.status_code for each in copies) == {202: 1, 200: 31}
    assert len({each.json()["task_id"] for each in copies}) == 1
    gateway.ended_task(copies[0].json()["task_id"])

    limited = Counter(send(gateway, "few").status_code for _ in range(12))
    assert limited == {200: 3, 429: 9}

    lined = [send(gateway, "lined", {"number": number}).json() for number in range(12)]
    for task in lined:
        gateway.ended_task(task["task_id"])
    notes = gateway.rules.with_name("notes").read_text().split()
    assert notes == [*map(str, range(12))]

    for _ in range(8):
        waited = send(gateway, "waiting")
        assert (waited.status_code, waited.json()["output"]) == (200, "done\n")

    assert metric(gateway, 'hookgate_deliveries_total{outcome="duplicate",source="once"}') == 31
    for done in polled(lambda: metric(gateway, "hookgate_attempts_total{")):
        if done == 1 + 12 + 8:
            break


def test_a_reload_reaches_all_of_them(gateway: Gateway) -> None:
    rules = gateway.rules
    for after in ("AFTER", "LATER"):
        rules.write_text(RULES.replace("BEFORE", f"'{after}'"))
        done = subprocess.run(
            [*HOOKGATE, "reload", str(rules)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
        statuses = Counter(
            send(gateway, "changing", None, **{"x-event-type": after}).status_code
            for _ in range(12)
        )
        assert statuses == {202: 12}
    rules.write_text("nonsense")
    subprocess.run([*HOOKGATE, "reload", str(rules)], capture_output=True, check=False)
    os.kill(gateway.process.pid, signal.SIGHUP)
    for worked in polled(lambda: metric(gateway, "hookgate_config_last_reload_successful")):
        if worked == 0:
            break
    killed, _ = workers(gateway)
    os.kill(killed, signal.SIGKILL)  # who takes its place has what is in use, not what is there
    for now in polled(lambda: workers(gateway)):
        if len(now) == 2 and killed not in now:
            break
    statuses = Counter(
        send(gateway, "changing", None, **{"x-event-type": "LATER"}).status_code for _ in range(12)
    )
    assert statuses == {202: 12}


def test_a_worker_that_is_killed_is_replaced_and_takes_no_program_with_it(
    gateway: Gateway,
) -> None:
    program = running_program(gateway)
    before = metric(gateway, 'hookgate_deliveries_total{outcome="accepted"')
    killed, stays = workers(gateway)
    os.kill(killed, signal.SIGKILL)
    assert Counter(send(gateway, "once").status_code for _ in range(12)) == {202: 12}
    for now in polled(lambda: workers(gateway)):
        if len(now) == 2 and stays in now and killed not in now:
            break
    assert not is_dead(program)
    for accepted in polled(lambda: metric(gateway, 'hookgate_deliveries_total{outcome="accepted"')):
        if accepted == before + 12:  # a page is shown for a second
            break
    assert f"worker ended process={killed} status=-9" in gateway.log


def test_a_worker_that_stands_still_holds_up_neither_the_others_nor_a_reload(
    gateway: Gateway,
) -> None:
    stopped, _ = workers(gateway)
    os.kill(stopped, signal.SIGSTOP)
    gateway.rules.write_text(RULES.replace("BEFORE", "AFTER"))
    done = subprocess.run(
        [*HOOKGATE, "reload", gateway.rules], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    statuses = Counter(
        send(gateway, "changing", None, **{"x-event-type": "AFTER"}).status_code for _ in range(12)
    )
    assert statuses == {202: 12}
    assert is_dead(stopped)


def test_when_the_writing_process_is_killed_all_of_them_record_again(gateway: Gateway) -> None:
    (writing,) = writing_processes(gateway)
    os.kill(writing, signal.SIGKILL)
    for recorded in polled(lambda: {send(gateway, "once").status_code for _ in range(8)}):
        if recorded == {202}:
            break
    assert len(workers(gateway)) == 2


def test_nothing_outlives_a_main_process_that_is_killed(gateway: Gateway) -> None:
    program = running_program(gateway)
    stopped, other = workers(gateway)
    os.kill(stopped, signal.SIGSTOP)
    (writing,) = writing_processes(gateway)
    gateway.process.kill()
    for dead in polled(lambda: all(map(is_dead, (program, stopped, other, writing)))):
        if dead:
            break
    gateway.ended()
    port = gateway.url.rpartition(":")[2]
    with Gateway(gateway.rules, ("--workers", "2", "--port", port)) as following:
        assert send(following, "once").status_code == 202


def test_all_of_them_are_not_ready_before_they_stop_in_order(gateway: Gateway) -> None:
    program = running_program(gateway)
    there = [*workers(gateway), *writing_processes(gateway)]
    for process in (*there, gateway.process.pid):  # as a supervisor or a terminal does
        os.kill(process, signal.SIGTERM)
    for ready in polled(lambda: httpx.get(f"{gateway.url}/readyz").status_code):
        if ready == 503:
            break
    assert send(gateway, "once").status_code == 202  # within the delay
    assert gateway.ended() == 0
    assert all(map(is_dead, (program, *there)))
    assert "worker ended" not in gateway.log


def test_bodies_that_fit_into_no_share_are_told_at_the_start(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES.replace("shutdown_delay", "max_bodies: 6MiB, shutdown_delay"))
    done = subprocess.run(
        [*HOOKGATE, "serve", rules, "--port", "0", "--workers", "2"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 3
    assert "server.max_bodies is shared by 2 workers" in done.stderr


def test_a_reload_by_which_they_would_fit_into_none_is_refused(gateway: Gateway) -> None:
    gateway.rules.write_text(RULES.replace("shutdown_delay", "max_body: 48MiB, shutdown_delay"))
    done = subprocess.run(
        [*HOOKGATE, "reload", gateway.rules], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "server.max_bodies is shared by 2 workers" in done.stdout
