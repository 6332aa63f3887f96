"""Putting the rules file to use again: SIGHUP, `hookgate reload`, `serve --watch`."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway, polled

RELOADS = int(os.environ.get("RELOADS", "200"))
"""How many reloads the load has to bear."""

RULES = """\
version: 1
server: {admin_token: "${ADMIN}", metrics: public, shutdown_grace: 300ms}
store: sqlite:hookgate.db
sources:
  s:
    auth: {type: none}
    params: {value: first}
    respond: {body: "old {value}"}
    rules: {"*": [{program: show}]}
programs:
  show: {command: [cat], pass: none}
"""
NEW = RULES.replace("old {value}", "new {value}")
BROKEN = NEW.replace("program: show", "program: shwo")
UNSET = NEW.replace("type: none", 'type: token, token: "${UNSET_TOKEN}"')
FAILING = "tests: [{name: it is refused, source: s, expect: {status: 401}}]\n"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    path = tmp_path / "rules.yaml"
    path.write_text(RULES)
    return path


@contextmanager
def gateway(rules: Path, *options: str, **environ: str) -> Iterator[Gateway]:
    with Gateway(rules, options, {"ADMIN": ADMIN_TOKEN, **environ}) as started:
        yield started


def answer(served: Gateway, **headers: str) -> str:
    return httpx.post(f"{served.url}/s", json={"first": "1"}, headers=headers, timeout=30).text


def reload(rules: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOOKGATE, "reload", rules.name, *options],
        cwd=rules.parent,
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"]},
    )


def last_reload_is_told(served: Gateway, *, successful: bool) -> None:
    """Wait until the metrics say how the last reload went."""
    line = f"hookgate_config_last_reload_successful {float(successful)}"
    for text in polled(lambda: httpx.get(f"{served.url}/metrics").text):
        if line in text.splitlines():
            return


def answers(served: Gateway, expected: str) -> None:
    """Wait until the gateway gives this answer."""
    for given in polled(lambda: answer(served)):
        if given == expected:
            return


# --- asking for it --------------------------------------------------------------------------


def test_a_hangup_signal_puts_the_changed_file_to_use(rules: Path) -> None:
    with gateway(rules) as served:
        assert answer(served) == "old 1"
        rules.write_text(NEW)
        assert answer(served) == "old 1"
        served.process.send_signal(signal.SIGHUP)
        answers(served, "new 1")
        assert served.stop() == 0
    assert "config   outcome=in use digest=" in served.log


def test_when_reload_has_ended_the_file_is_in_use(rules: Path) -> None:
    with gateway(rules) as served:
        for text, expected in ((NEW, "new 1"), (RULES, "old 1")):
            rules.write_text(text)
            result = reload(rules)
            assert (result.returncode, result.stdout) == (0, "rules.yaml is in use\n")
            assert answer(served) == expected


def test_reload_as_json_says_the_same(rules: Path) -> None:
    with gateway(rules):
        assert json.loads(reload(rules, "--format", "json").stdout) == {
            "format_version": 1, "outcome": "in use", "restart": [], "report": ""
        }  # fmt: skip
        rules.write_text(BROKEN)
        refused = json.loads(reload(rules, "--format", "json").stdout)
    assert refused["outcome"] == "refused"
    assert refused["report"].startswith("rules.yaml:9:29: HG204 error: ")


def test_where_no_gateway_serves_reload_says_so(rules: Path) -> None:
    result = reload(rules)
    assert (result.returncode, result.stdout) == (3, "")
    assert "no gateway uses the store " in result.stderr
    assert not list(rules.parent.glob("hookgate.db*"))


def test_the_process_of_a_gateway_that_has_ended_is_not_signalled(rules: Path) -> None:
    with subprocess.Popen(["sleep", "600"]) as other:  # SIGHUP would end it
        rules.with_name("hookgate.db.lock").write_text(f"{other.pid}\n")
        state = {"process": other.pid, "rules": str(rules), "last": None}
        rules.with_name("hookgate.db.state").write_text(json.dumps(state))
        result = reload(rules)
        assert other.poll() is None
        other.kill()
    assert result.returncode == 3
    assert "no gateway uses the store " in result.stderr


def test_a_gateway_that_serves_another_file_is_not_told(rules: Path) -> None:
    other = rules.with_name("other.yaml")
    other.write_text(NEW)
    with gateway(rules) as served:
        result = reload(other)
        assert result.returncode == 3
        assert f"serves {rules}" in result.stderr
        assert answer(served) == "old 1"


def test_nothing_is_left_beside_the_store_when_the_gateway_has_ended(rules: Path) -> None:
    with gateway(rules):
        reload(rules)
        state = rules.with_name("hookgate.db.state")
        assert state.stat().st_mode & 0o777 == 0o600
    assert sorted(each.name for each in rules.parent.iterdir()) == [
        "hookgate.db", "hookgate.db.lock", "rules.yaml"
    ]  # fmt: skip


# --- what is refused ------------------------------------------------------------------------


def test_a_file_with_an_error_is_refused_before_the_gateway_is_asked(rules: Path) -> None:
    with gateway(rules) as served:
        rules.write_text(BROKEN)
        result = reload(rules)
        assert result.returncode == 1
        assert "did you mean 'show'?" in result.stdout
        assert result.stdout.endswith(
            "rules.yaml is refused; the gateway goes on with the one that it has\n"
        )
        assert answer(served) == "old 1"


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        (BROKEN, "rules.yaml:9:29: HG204 error: the program 'shwo' does not exist (did you mean"),
        (UNSET, "HG301 error: UNSET_TOKEN is not set"),
        ("version: 1\nsources: [", "HG101 error: "),
    ],
)
def test_a_bad_file_changes_nothing_and_is_told(rules: Path, text: str, finding: str) -> None:
    with gateway(rules) as served:
        rules.write_text(text)
        served.process.send_signal(signal.SIGHUP)
        last_reload_is_told(served, successful=False)
        assert answer(served) == "old 1"
        rules.write_text(NEW)
        assert reload(rules).returncode == 0
        last_reload_is_told(served, successful=True)
        assert answer(served) == "new 1"
    assert "config   outcome=refused reason=" in served.log
    assert finding in served.log


def test_what_only_the_gateway_can_find_is_printed_by_reload(rules: Path) -> None:
    with gateway(rules) as served:
        rules.write_text(UNSET)
        result = reload(rules)
        assert answer(served) == "old 1"
    assert result.returncode == 1
    assert "HG301 error: UNSET_TOKEN is not set" in result.stdout


def test_a_file_whose_tests_fail_is_refused(rules: Path) -> None:
    with gateway(rules, "--log-format", "json") as served:
        rules.write_text(NEW)
        rules.with_name("rules_test.yaml").write_text(FAILING)
        result = reload(rules)
        assert answer(served) == "old 1"
        served.stop()
    assert result.returncode == 1
    assert "FAIL  it is refused" in result.stdout
    (refused,) = [line for line in served.log.splitlines() if '"event":"config"' in line]
    reason = f"{rules.parent}/rules_test.yaml:1: the test 'it is refused' failed in status"
    assert json.loads(refused)["reason"] == reason
    assert json.loads(refused)["level"] == "error"


def test_a_file_that_is_gone_changes_nothing(rules: Path) -> None:
    with gateway(rules) as served:
        rules.rename(rules.with_name("gone.yaml"))
        served.process.send_signal(signal.SIGHUP)
        for log in polled(lambda: served.log):
            if "No such file or directory" in log:
                break
        assert answer(served) == "old 1"


# --- what changes, and what does not --------------------------------------------------------


def test_what_takes_a_restart_is_told_and_the_rest_is_in_use(rules: Path) -> None:
    with gateway(rules) as served:
        rules.write_text(
            NEW.replace(
                "metrics: public", "metrics: public, host: '::1', max_connections: 9"
            ).replace("sqlite:hookgate.db", "{url: 'sqlite:other.db', retention: 1h}")
        )
        served.process.send_signal(signal.SIGHUP)
        answers(served, "new 1")
    for key in ("server.host", "server.max_connections", "store.url"):
        assert f"config   outcome=needs a restart key={key}" in served.log
    assert "server.port" not in served.log
    assert not rules.with_name("other.db").exists()


def test_reload_names_what_takes_a_restart(rules: Path) -> None:
    with gateway(rules):
        rules.write_text(NEW.replace("metrics: public", "metrics: public, host: '::1'"))
        result = reload(rules)
    assert result.stdout == ("needs a restart: server.host has changed\nrules.yaml is in use\n")


def test_an_admin_token_that_left_the_file_opens_nothing_any_more(rules: Path) -> None:
    with gateway(rules) as served, served.client() as admin:
        assert admin.get("/api/tasks").status_code == 200
        rules.write_text(RULES.replace('admin_token: "${ADMIN}", ', ""))
        assert reload(rules).returncode == 0
        assert admin.get("/api/tasks").status_code == 401


def test_files_and_the_env_file_are_read_again_and_the_environment_is_not(rules: Path) -> None:
    secret, env_file = rules.with_name("secret"), rules.with_name(".env")
    rules.write_text(
        RULES.replace("type: none", 'type: token, token: ["${file:secret}", "${A}", "${B}"]')
    )
    secret.write_text("file-old")
    env_file.write_text("A=env-old\nB=ignored\n")
    with gateway(rules, "--env-file", str(env_file), B="environment") as served:
        secret.write_text("file-new\n")
        env_file.write_text("A=env-new\nB=ignored\n")
        result = reload(rules, "--env-file", str(env_file))
        assert result.returncode == 0, result
        for token in ("file-new", "env-new", "environment"):
            assert answer(served, **{"X-Webhook-Token": token}) == "old 1"
        for token in ("file-old", "env-old", "ignored"):
            assert "rejected" in answer(served, **{"X-Webhook-Token": token})


SLOW = """
import pathlib, time
pathlib.Path("began").touch()
while not pathlib.Path("go").exists():
    time.sleep(0.01)
print("old")
"""


def test_a_running_task_keeps_its_program_and_a_waiting_one_gets_the_new(rules: Path) -> None:
    rules.with_name("slow.py").write_text(SLOW)
    text = RULES.replace("metrics: public", "metrics: public, concurrency: 1")
    text = text.replace('\n    respond: {body: "old {value}"}', "")
    rules.write_text(text.replace("[cat]", "[python, slow.py]"))
    with gateway(rules) as served:
        first, second = (json.loads(answer(served))["task_id"] for _ in range(2))
        for began in polled(rules.with_name("began").exists):
            if began:
                break
        rules.write_text(text.replace("[cat]", "[echo, new]"))
        assert reload(rules).returncode == 0
        rules.with_name("go").touch()
        assert served.ended_task(first)["output"] == "old\n"
        assert served.ended_task(second)["output"] == "new\n"


# --- watching -------------------------------------------------------------------------------


def test_watch_sees_a_file_that_is_written_in_place_or_replaced(rules: Path) -> None:
    with gateway(rules, "--watch") as served:
        rules.write_text(NEW)
        answers(served, "new 1")
        rules.with_name("next.yaml").write_text(RULES)
        rules.with_name("next.yaml").replace(rules)
        answers(served, "old 1")


def test_watch_sees_the_swap_of_a_kubernetes_config_map(tmp_path: Path) -> None:
    """The kubelet links each file to ..data/FILE, and renames a link over ..data."""
    for version, text in (("..1", RULES), ("..2", NEW)):
        (tmp_path / version).mkdir()
        (tmp_path / version / "rules.yaml").write_text(
            text.replace("sqlite:hookgate.db", f"sqlite:{tmp_path}/hookgate.db")
        )
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "rules.yaml").symlink_to("..data/rules.yaml")
    with gateway(tmp_path / "rules.yaml", "--watch") as served:
        assert answer(served) == "old 1"
        (tmp_path / "..data_tmp").symlink_to("..2")
        (tmp_path / "..data_tmp").replace(tmp_path / "..data")
        answers(served, "new 1")


def test_watch_sees_a_secret_and_a_test_that_change(rules: Path) -> None:
    secret = rules.with_name("secret")
    secret.write_text("first")
    rules.write_text(RULES.replace("type: none", 'type: token, token: "${file:secret}"'))
    with gateway(rules, "--watch") as served:
        assert answer(served, **{"X-Webhook-Token": "first"}) == "old 1"
        secret.write_text("second")
        for given in polled(lambda: answer(served, **{"X-Webhook-Token": "second"})):
            if given == "old 1":
                break
        rules.with_name("rules_test.yaml").write_text(FAILING.replace("401", "418"))
        for log in polled(lambda: served.log):
            if "the test 'it is refused' failed" in log:
                break


def test_watch_goes_on_after_a_file_that_was_refused(rules: Path) -> None:
    with gateway(rules, "--watch") as served:
        rules.write_text(BROKEN)
        for log in polled(lambda: served.log):
            if "HG204" in log:
                break
        assert answer(served) == "old 1"
        rules.write_text(NEW)
        answers(served, "new 1")


def test_a_change_is_reloaded_once(rules: Path) -> None:
    rules.with_name("rules_test.yaml").write_text(FAILING.replace("401", "202"))
    with gateway(rules, "--watch") as served:
        rules.write_text(NEW.replace("status: 401", "status: 202"))
        answers(served, "new 1")
        time.sleep(1.5)  # three looks at the files
    assert served.log.count("outcome=in use") == 1


# --- the terminal ---------------------------------------------------------------------------


@contextmanager
def on_a_terminal(rules: Path, *before: str) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """A gateway with a terminal of its own, and the end of it that a person would sit at."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-c", ATTACH, *before, *HOOKGATE, "serve", str(rules), "--port", "0"],
        stdin=its,
        stdout=its,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=rules.parent,  # where nohup puts what is printed
        env={"PATH": os.environ["PATH"], "ADMIN": ADMIN_TOKEN},
    )
    os.close(its)
    try:
        yield process, ours
    finally:
        process.kill()
        process.wait()


ATTACH = """
import fcntl, os, signal, sys, termios
signal.signal(signal.SIGHUP, signal.SIG_DFL)  # the tests may have been started by nohup
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execvp(sys.argv[1], sys.argv[1:])
"""


def read_until(terminal: int, text: bytes) -> None:
    seen = b""
    while text not in seen:
        seen += os.read(terminal, 4096)


def test_a_gateway_ends_with_the_terminal_that_it_runs_in(rules: Path) -> None:
    with on_a_terminal(rules) as (process, terminal):
        read_until(terminal, b"listening on")
        process.send_signal(signal.SIGHUP)  # sent by hand it reloads
        state = rules.with_name("hookgate.db.state")
        for document in polled(lambda: json.loads(state.read_text())):
            if document["last"] is not None:
                break
        os.close(terminal)
        assert process.wait(timeout=20) == 0


def test_a_gateway_that_was_started_to_outlive_its_terminal_does(rules: Path) -> None:
    with on_a_terminal(rules, "nohup") as (process, terminal):
        state = rules.with_name("hookgate.db.state")
        for there in polled(state.exists):
            if there:
                break
        os.close(terminal)
        for document in polled(lambda: json.loads(state.read_text())):
            if document["last"] is not None:
                break
        assert process.poll() is None


# --- under load -----------------------------------------------------------------------------

ONE = RULES.replace("old {value}", "one {value}").replace("respond: {", "respond: {status: 201, ")
TWO = ONE.replace("one {", "two {").replace("201", "203").replace("value: first", "value: second")
PAYLOAD = b'{"first": "1", "second": "2"}'
WHOLE = {(201, b"one 1"), (203, b"two 2")}
"""The answers of either file; anything else was decided by half of each."""


async def load(url: str, stop: threading.Event, given: list[tuple[int, bytes]]) -> None:
    """Send deliveries, also such as arrive in pieces, until told to stop."""

    async def in_pieces() -> Any:
        yield PAYLOAD[:10]
        await asyncio.sleep(0.005)
        yield PAYLOAD[10:]

    async def one(client: httpx.AsyncClient, number: int) -> None:
        while not stop.is_set():
            content = in_pieces() if number % 4 == 0 else PAYLOAD
            answered = await client.post("/s", content=content)
            given.append((answered.status_code, answered.content))

    async with httpx.AsyncClient(base_url=url, timeout=30) as client:
        await asyncio.gather(*(one(client, number) for number in range(8)))


def in_place(rules: Path, text: str) -> None:
    rules.write_text(text)


def over_it(rules: Path, text: str) -> None:
    rules.with_name("next.yaml").write_text(text)
    rules.with_name("next.yaml").replace(rules)


def by_a_link(rules: Path, text: str) -> None:
    """As the kubelet does: what the file leads to is exchanged at once, and then deleted."""
    data, before = rules.with_name("..data"), rules.with_name("..data").resolve()
    version = rules.with_name(f"..{time.monotonic_ns()}")
    version.mkdir()
    (version / "rules.yaml").write_text(text.replace("hookgate.db", f"{rules.parent}/hookgate.db"))
    rules.with_name("..data_tmp").symlink_to(version.name)
    rules.with_name("..data_tmp").replace(data)
    rules.with_name("linked").symlink_to("..data/rules.yaml")
    rules.with_name("linked").replace(rules)
    if before != data:
        shutil.rmtree(before)


WAYS = (over_it, in_place, by_a_link)


@pytest.mark.timeout(60 + RELOADS)
def test_no_request_fails_or_is_decided_by_half_a_file_while_files_are_swapped(
    rules: Path,
) -> None:
    state = rules.with_name("hookgate.db.state")
    stop, given = threading.Event(), list[tuple[int, bytes]]()
    rules.write_text(ONE)
    with gateway(rules, "--no-work") as served:
        sender = threading.Thread(target=lambda: asyncio.run(load(served.url, stop, given)))
        sender.start()
        try:
            for number in range(RELOADS):
                bad = number % 5 == 4
                WAYS[number % 3](rules, BROKEN if bad else ONE if number % 2 else TWO)
                asked = time.monotonic()
                served.process.send_signal(signal.SIGHUP)
                for document in polled(lambda: json.loads(state.read_text()), 60):
                    if document["last"] is not None and document["last"]["began"] >= asked:
                        assert document["last"]["successful"] is not bad
                        break
        finally:
            stop.set()
            sender.join()
    print(f"{RELOADS} reloads, {len(given)} answers")
    assert set(given) == WHOLE
    assert served.log.count("outcome=refused") == RELOADS // 5
    assert served.log.count("outcome=in use") == RELOADS - RELOADS // 5
