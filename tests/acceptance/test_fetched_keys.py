"""`hookgate serve` fetching keys: real processes, a real HTTPS server, a store of certificates."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, gateway
from tests.certificates import rsa_key
from tests.https_server import HttpsServer, Served, https_server, root_file
from tests.unit.auth.test_jwt import key_set

RULES = """
version: 1
server: {{admin_token: {admin}}}
store: sqlite:hookgate.db
sources:
  push:
    auth:
      type: jwt
      issuer: https://issuer.example
      audience: us
      claims: {{email: push@project.example}}
      {keys}
    event_id: id
    rules: {{"*": [{{program: note}}]}}
programs:
  note: {{command: ["true"]}}
"""


@pytest.fixture
def sender() -> Iterator[HttpsServer]:
    with https_server() as opened:
        opened.served["/keys"] = Served(key_set())
        yield opened


def rules(folder: Path, keys: str) -> Path:
    file = folder / "rules.yaml"
    file.write_text(RULES.format(admin=ADMIN_TOKEN, keys=keys))
    return file


def fetching(folder: Path, sender: HttpsServer) -> Path:
    return rules(folder, f"jwks_url: {sender.url}/keys\n      fetch: true")


def token(**changes: Any) -> dict[str, str]:
    claims = {
        "iss": "https://issuer.example",
        "aud": "us",
        "email": "push@project.example",
        "exp": time.time() + 3600,
    }
    signed = jwt.encode({**claims, **changes}, rsa_key("issuer"), "RS256", {"kid": "k1"})
    return {"authorization": f"Bearer {signed}"}


def replay(file: Path, captured: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [*HOOKGATE, "replay", str(captured), "--rules", str(file), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def captured(folder: Path) -> Path:
    """A delivery as somebody has kept it, credentials and all."""
    file = folder / "delivery.json"
    file.write_text(json.dumps({"headers": token(), "body": '{"id": "1"}'}))
    return file


def test_keys_are_fetched_from_a_host_that_the_system_trusts(
    tmp_path: Path, sender: HttpsServer
) -> None:
    file = fetching(tmp_path, sender)
    with gateway(file, SSL_CERT_FILE=str(root_file(tmp_path))) as served:
        with served.client() as client:
            answers = [
                client.post("/push", json={"id": number}, headers=token()) for number in range(3)
            ]
            stranger = client.post("/push", json={}, headers=token(email="evil@project.example"))
        assert [answer.status_code for answer in answers] == [202] * 3
        assert stranger.status_code == 401
        served.ended_task(answers[0].json()["task_id"])
    assert sender.asked == ["/keys"]
    assert f"fetched  url={sender.url}/keys bytes=" in served.log
    assert "email in the token is not the one that is asked for" in served.log
    assert "Bearer" not in served.log


def test_a_host_that_the_system_does_not_trust_makes_the_sender_try_again(
    tmp_path: Path, sender: HttpsServer
) -> None:
    with gateway(fetching(tmp_path, sender)) as served, served.client() as client:
        answer = client.post("/push", json={"id": "1"}, headers=token())
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
        assert client.get("/api/deliveries").json()["deliveries"] == []
    assert sender.asked == []
    assert "the certificate of the host is not trusted" in served.log


def test_it_ends_cleanly_while_it_waits_for_a_host(tmp_path: Path, sender: HttpsServer) -> None:
    sender.gate.clear()
    file = fetching(tmp_path, sender)
    with gateway(file, SSL_CERT_FILE=str(root_file(tmp_path))) as served:
        with served.client() as client, pytest.raises(httpx.ReadTimeout):
            client.post("/push", json={}, headers=token(), timeout=0.5)
        assert served.stop() == 0
    assert sender.asked == ["/keys"]


def test_a_replay_fetches_nothing_and_says_so(tmp_path: Path, sender: HttpsServer) -> None:
    replayed = replay(fetching(tmp_path, sender), captured(tmp_path))
    assert replayed.returncode == 1
    assert "jwt: failed, the key that the token was signed with is not known" in replayed.stdout
    assert sender.asked == []


def test_a_replay_verifies_with_keys_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "keys.json").write_bytes(key_set())
    replayed = replay(rules(tmp_path, "jwks_file: keys.json"), captured(tmp_path))
    assert replayed.returncode == 0, replayed.stdout
    assert "jwt: passed, the token is signed, for us and in time" in replayed.stdout


def test_validate_finds_nothing_and_calls_nobody(tmp_path: Path, sender: HttpsServer) -> None:
    file = fetching(tmp_path, sender)
    command = [*HOOKGATE, "validate", str(file)]
    validated = subprocess.run(command, capture_output=True, text=True, check=False)
    assert validated.returncode == 0, validated.stdout
    assert sender.asked == []
