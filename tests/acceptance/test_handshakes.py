"""Handshakes over HTTP, in a replay and in the tests of a rules file."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway, gateway, polled
from tests.rules import ROOT
from tests.senders.handshakes import EXCHANGES, FOLDER, Exchange, Refused, Request

CANARY = "canary4challenge"


def source(exchange: Exchange) -> dict[str, Any]:
    """The source of a file, for requests that were signed long ago."""
    rules = dict(exchange.rules)
    if exchange.name.startswith(("slack", "zoom", "discord")):
        rules["auth"] = {**rules["auth"], "timestamp": {"tolerance": None}}
    if exchange.name == "event-grid-entra":
        rules["auth"] = {**rules["auth"], "leeway": "36500d"}
    return rules


def name_of(exchange: Exchange) -> str:
    return exchange.name.replace(".", "-")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with the source of every file, and one that has no handshake."""
    sources = {name_of(exchange): source(exchange) for exchange in EXCHANGES}
    sources["plain"] = {"auth": {"type": "none"}, "rules": {}}
    rules = tmp_path_factory.mktemp("handshakes") / "rules.yaml"
    (rules.parent / "keys").symlink_to(FOLDER.parent / "keys")
    document = {
        "version": 1,
        "server": {"admin_token": ADMIN_TOKEN},
        "sources": sources,
        "programs": {"note": {"command": ["true"]}},
    }
    rules.write_text(json.dumps(document))
    with gateway(rules) as started:
        yield started


@pytest.fixture(scope="module")
def client(served: Gateway) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=30) as opened:
        yield opened


def sent(client: httpx.Client, exchange: Exchange, request: Request) -> httpx.Response:
    return client.request(
        request.method,
        f"/{name_of(exchange)}",
        params=dict(request.query),
        headers={name.encode(): value.encode() for name, value in request.headers.items()},
        content=request.body.encode() if request.body else None,
    )


every = pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)


@every
def test_a_handshake_is_answered_over_http(client: httpx.Client, exchange: Exchange) -> None:
    for _ in range(2):  # the second on the same connection, which the first must leave in order
        response = sent(client, exchange, exchange.request)
        assert (response.status_code, response.text) == (
            exchange.answer.status,
            exchange.answer.body,
        )
        assert exchange.answer.headers.items() <= dict(response.headers).items()


def can_be_sent(refused: Refused) -> bool:
    """Whether HTTP can carry it; a header with a line break, for one, cannot be sent."""
    return all(value is None or value.isprintable() for value in refused.headers.values())


REFUSED = [
    pytest.param(exchange, refused, id=f"{exchange.name}: {refused.because}")
    for exchange in EXCHANGES
    for refused in exchange.refused
    if can_be_sent(refused)
]


@pytest.mark.parametrize(("exchange", "refused"), REFUSED)
def test_what_is_only_nearly_a_handshake_is_refused_over_http(
    client: httpx.Client, exchange: Exchange, refused: Refused
) -> None:
    request = refused.instead_of(exchange.request)
    response = sent(client, exchange, request)
    assert response.status_code == refused.status
    if refused.status == 405:
        allowed = response.headers["allow"].split(", ")
        assert "POST" in allowed
        assert request.method not in allowed


def test_other_methods_are_closed_where_no_handshake_needs_them(client: httpx.Client) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        response = client.request(method, "/plain")
        assert (response.status_code, response.headers["allow"]) == (405, "POST")
    response = client.request("DELETE", "/dropbox")
    assert (response.status_code, response.headers["allow"]) == (405, "GET, POST")


def test_the_answer_to_head_has_no_body_whatever_it_says(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    handshake = {"method": "HEAD", "answer": {"text": {"query": "a"}}}
    source = {"auth": {"type": "none"}, "handshake": handshake, "rules": {}}
    rules.write_text(json.dumps({"version": 1, "sources": {"s": source}, "programs": {}}))
    with gateway(rules) as started:
        address = urlsplit(started.url)
        with socket.create_connection((address.hostname, address.port or 0), 20) as line:
            line.sendall(b"HEAD /s?a=1234 HTTP/1.1\r\nHost: x\r\n\r\n")
            line.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            answer = b"".join(iter(lambda: line.recv(4096), b""))
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"content-length: 4" in head
    assert rest.startswith(b"HTTP/1.1 200 ")


def test_a_handshake_is_logged_and_not_recorded_and_its_values_are_not_told(
    served: Gateway, client: httpx.Client
) -> None:
    response = client.get("/dropbox", params={"challenge": CANARY})
    assert response.text == CANARY
    for log in polled(lambda: served.log):
        if "delivery dropbox - answered" in log:
            break
    assert "handshake: GET with query parameter challenge" in served.log
    assert CANARY not in served.log
    with served.client() as reader:
        assert reader.get("/api/deliveries").json()["deliveries"] == []


# --- without a server -----------------------------------------------------------------------

META = """\
version: 1
sources:
  meta:
    provider: meta
    auth: {secret: "${APP}"}
    handshake: {auth: {token: "${VERIFY}"}}
    rules: {}
  zoom:
    provider: zoom
    auth: {secret: "${APP}"}
    rules: {}
programs: {}
"""


def hookgate(directory: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*HOOKGATE, *arguments],
        capture_output=True,
        check=False,
        text=True,
        cwd=directory,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "APP": "s", "VERIFY": "v3rify"},
    )


def test_a_replay_of_a_handshake_shows_the_answer(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(META)
    (tmp_path / "empty").write_text("")
    asked = ["--query", "hub.mode=subscribe", "--query", "hub.challenge=1158201444"]
    replayed = ["replay", "empty", "--source", "meta", "--method", "get", *asked]
    result = hookgate(tmp_path, *replayed)
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.splitlines()[1:] == [
        "auth      token: skipped, a bare payload carries no credentials; --verify checks them",
        "event     -                        not looked for",
        "outcome   answered: handshake: GET with query parameter hub.mode 'subscribe'",
        "answer    200",
        "          1158201444",
        "",
        "nothing was run; there was nothing to run",
    ]
    wrong = hookgate(tmp_path, *replayed, "--verify", "--query", "hub.verify_token=other")
    assert wrong.returncode == 1
    assert "token: failed, query parameter hub.verify_token does not match" in wrong.stdout
    right = [*replayed, "--verify", "--query", "hub.verify_token=v3rify", "--format", "json"]
    document = json.loads(hookgate(tmp_path, *right).stdout)
    assert (document["outcome"], document["auth"]["result"]) == ("answered", "passed")
    assert document["answer"] == {"status": 200, "headers": {}, "text": "1158201444"}
    assert document["tasks"] == document["rules"] == []


def test_a_test_can_expect_that_a_handshake_is_answered(tmp_path: Path) -> None:
    body = {"event": "endpoint.url_validation", "payload": {"plainToken": "abc"}}
    asked = {"hub.mode": "subscribe", "hub.challenge": "7"}
    tests: list[dict[str, Any]] = [
        {"name": "zoom", "source": "zoom", "sign": True, "body": body},
        {"name": "meta", "source": "meta", "sign": True, "method": "GET", "query": asked},
    ]
    for test in tests:
        test["expect"] = {"status": 200, "outcome": "answered", "event_type": None}
    stranger = {**tests[1], "name": "a stranger", "sign": False}
    stranger["expect"] = {"status": 401, "outcome": "rejected"}
    options = {"name": "options", "source": "meta", "method": "OPTIONS", "expect": {"status": 405}}
    head = {**options, "name": "head", "method": "HEAD"}
    (tmp_path / "rules.yaml").write_text(META)
    (tmp_path / "rules_test.yaml").write_text(
        json.dumps({"tests": [*tests, stranger, options, head]})
    )
    result = hookgate(tmp_path, "test")
    assert result.returncode == 0, result.stdout
    assert "5 tests, 0 failed" in result.stdout
