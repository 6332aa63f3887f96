"""Senders whose keys are fetched: the whole gateway in process, and a real HTTPS server."""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from msgspec.structs import replace

from hookgate.auth.sns import SnsAuth, Topic
from hookgate.core.config import Config
from hookgate.engine.fetching import LEAST_AGE, MAX_A_MINUTE, Fetcher
from hookgate.engine.gateway import Gateway
from hookgate.engine.https import Https
from hookgate.server.app import build_app
from hookgate.stores.sqlite.store import SqliteStore
from tests.certificates import NOW, rsa_key
from tests.https_server import HttpsServer, Served, https_server, trusting, until
from tests.rules import compiled
from tests.unit.auth.test_jwt import jwk, key_set
from tests.unit.auth.test_sns import ARN, AWS, CONFIRMATION, NOTIFICATION, signed

pytestmark = pytest.mark.anyio

RULES = """
version: 1
store: sqlite:hookgate.db
sources:
  push:
    auth:
      type: jwt
      issuer: https://issuer.example
      audience: https://hooks.example.com/push
      claims: {{email: push@project.example, email_verified: true}}
      jwks_url: {url}/keys
      fetch: true
    event_id: message.messageId
    rules: {{"*": [{{program: note}}]}}
  orders:
    provider: sns
    auth: {{topic_arn: "{arn}", fetch: true, confirm_subscriptions: true}}
    params: {{text: Message}}
    rules: {{Notification: [{{program: note}}]}}
programs:
  note: {{command: ["true"]}}
"""
ADMIN = {"authorization": "Bearer admin-canary"}
UNAVAILABLE = {
    "status": "unavailable",
    "message": "the delivery could not be verified; try again later",
}


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def sender() -> Iterator[HttpsServer]:
    with https_server() as opened:
        opened.served["/keys"] = Served(key_set())
        yield opened


class Clock:
    now = NOW

    def __call__(self) -> float:
        return self.now


@dataclass
class Opened:
    """A gateway with its clock, and a client of it."""

    gateway: Gateway
    client: httpx.AsyncClient
    clock: Clock

    async def push(self, token: str, number: int = 1) -> httpx.Response:
        """A delivery with a token."""
        body = {"message": {"messageId": str(number)}}
        headers = {"authorization": f"Bearer {token}"}
        return await self.client.post("/push", json=body, headers=headers)

    async def notify(self, message: dict[str, Any]) -> httpx.Response:
        """A delivery as SNS makes it."""
        headers = {
            "content-type": "text/plain; charset=UTF-8",
            "x-amz-sns-message-type": message["Type"],
        }
        return await self.client.post("/orders", content=json.dumps(message), headers=headers)

    async def deliveries(self) -> list[dict[str, Any]]:
        """Those that are recorded."""
        found = (await self.client.get("/api/deliveries", headers=ADMIN)).json()
        return list(found["deliveries"])


def config(sender: HttpsServer, folder: Path) -> Config:
    """The rules, with the test's server in place of the host of the topic's region."""
    made = compiled(RULES.format(url=sender.url, arn=ARN), directory=folder)
    source = made.sources["orders"]
    (verifier,) = source.auth
    assert isinstance(verifier, SnsAuth)
    here = replace(verifier, topics=(Topic(ARN, sender.host),))
    return replace(
        made, sources={**made.sources, "orders": dataclasses.replace(source, auth=(here,))}
    )


@asynccontextmanager
async def opened(made: Config, fetcher: bool | Https = True) -> AsyncIterator[Opened]:
    clock = Clock()
    https = fetcher if isinstance(fetcher, Https) else Https(trusting)
    gateway = Gateway(
        made,
        SqliteStore(made.store.path),
        None,
        clock,
        Fetcher(https, clock) if fetcher else None,
    )
    async with gateway:
        transport = httpx.ASGITransport(build_app(gateway, "admin-canary"))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Opened(gateway, client, clock)


@pytest.fixture
async def gateway(sender: HttpsServer, tmp_path: Path) -> AsyncIterator[Opened]:
    async with opened(config(sender, tmp_path)) as found:
        yield found


def token(kid: str = "k1", key: str = "issuer", **changes: Any) -> str:
    claims = {
        "iss": "https://issuer.example",
        "aud": "https://hooks.example.com/push",
        "email": "push@project.example",
        "email_verified": True,
        "exp": NOW + 3600,
    }
    return jwt.encode({**claims, **changes}, rsa_key(key), "RS256", {"kid": kid})


# --- tokens -----------------------------------------------------------------------------------


async def test_the_first_delivery_has_the_keys_fetched_and_the_next_need_none(
    gateway: Opened, sender: HttpsServer
) -> None:
    assert (await gateway.push(token(), 1)).status_code == 202
    assert (await gateway.push(token(), 2)).status_code == 202
    assert sender.asked == ["/keys"]


async def test_what_can_be_refused_without_keys_is_refused_without_fetching_any(
    gateway: Opened, sender: HttpsServer
) -> None:
    for presented in (token(iss="x"), token(aud="x"), token(email="x"), token(exp=1), "x.y.z"):
        assert (await gateway.push(presented)).status_code == 401
    assert (await gateway.client.post("/push", json={})).status_code == 401
    assert sender.asked == []


async def test_a_storm_of_unknown_keys_has_them_fetched_once(
    gateway: Opened, sender: HttpsServer
) -> None:
    assert (await gateway.push(token())).status_code == 202
    storm = [gateway.push(token(f"forged-{number}", "another issuer")) for number in range(100)]
    assert {answer.status_code for answer in await asyncio.gather(*storm)} == {401}
    assert sender.asked == ["/keys"]
    gateway.clock.now += LEAST_AGE
    storm = [gateway.push(token(f"forged-{number}", "another issuer")) for number in range(100)]
    assert {answer.status_code for answer in await asyncio.gather(*storm)} == {401}
    assert sender.asked == ["/keys"] * 2


async def test_a_key_that_the_issuer_has_replaced_is_found_without_a_restart(
    gateway: Opened, sender: HttpsServer
) -> None:
    assert (await gateway.push(token(), 1)).status_code == 202
    sender.served["/keys"] = Served(key_set(jwk(rsa_key("new"), kid="k2")))
    gateway.clock.now += LEAST_AGE
    assert (await gateway.push(token("k2", "new"), 2)).status_code == 202
    assert (await gateway.push(token("k1"), 3)).status_code == 401


async def test_keys_stay_known_when_the_rules_file_is_put_to_use_again(
    gateway: Opened, sender: HttpsServer, tmp_path: Path
) -> None:
    assert (await gateway.push(token(), 1)).status_code == 202
    gateway.gateway.use(config(sender, tmp_path))
    assert (await gateway.push(token(), 2)).status_code == 202
    assert sender.asked == ["/keys"]


async def test_a_genuine_sender_is_told_to_try_again_while_keys_cannot_be_fetched(
    gateway: Opened, sender: HttpsServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hookgate")
    sender.served["/keys"] = Served(status=500)
    answer = await gateway.push(token())
    assert (answer.status_code, answer.json()) == (503, UNAVAILABLE)
    assert answer.headers["retry-after"] == "10"
    assert await gateway.deliveries() == []
    failed, told = [record.__dict__["fields"] for record in caplog.records]
    assert failed == {"url": f"{sender.url}/keys", "reason": "status 500"}
    assert told["outcome"] == "not verified"
    assert told["reason"] == "jwt: the key that the token was signed with is not known"
    assert gateway.gateway.metrics.sources["push"].outcomes["not verified"] == 1
    sender.served["/keys"] = Served(key_set())
    gateway.clock.now += 30
    assert (await gateway.push(token())).status_code == 202


async def test_a_host_that_is_not_trusted_is_no_reason_to_believe_or_to_break(
    sender: HttpsServer, tmp_path: Path
) -> None:
    async with opened(config(sender, tmp_path), Https()) as gateway:
        assert (await gateway.push(token())).status_code == 503
        assert (await gateway.push(token(aud="x"))).status_code == 401
    assert sender.asked == []


async def test_without_a_fetcher_nothing_is_fetched_and_nobody_passes(
    sender: HttpsServer, tmp_path: Path
) -> None:
    async with opened(config(sender, tmp_path), fetcher=False) as gateway:
        assert (await gateway.push(token())).status_code == 401
        assert (await gateway.notify(signed(CONFIRMATION))).status_code == 401
    assert sender.asked == []


# --- notifications ----------------------------------------------------------------------------


def here(message: dict[str, Any], sender: HttpsServer, path: str = "/aws.pem") -> dict[str, Any]:
    """A message of a topic whose region is served by the test's server, not signed yet."""
    changed = {**message, "SigningCertURL": f"{sender.url}{path}"}
    if "SubscribeURL" in message:
        query = message["SubscribeURL"].partition("?")[2]
        changed["SubscribeURL"] = f"{sender.url}/?{query}"
    return changed


def confirming_path() -> str:
    return "/?" + CONFIRMATION["SubscribeURL"].partition("?")[2]


async def test_a_notification_is_taken_and_its_text_body_is_read_as_json(
    gateway: Opened, sender: HttpsServer
) -> None:
    sender.served["/aws.pem"] = Served(AWS.pem)
    answer = await gateway.notify(signed(here(NOTIFICATION, sender)))
    assert answer.status_code == 202
    assert sender.asked == ["/aws.pem"]
    task = (
        await gateway.client.get(f"/api/tasks/{answer.json()['task_id']}", headers=ADMIN)
    ).json()
    assert task["params"] == {"text": NOTIFICATION["Message"]}
    again = await gateway.notify(signed(here(NOTIFICATION, sender)))
    assert again.json()["status"] == "duplicate"
    assert sender.asked == ["/aws.pem"]


async def test_a_certificate_that_aws_does_not_have_is_a_forgery(
    gateway: Opened, sender: HttpsServer
) -> None:
    for number in range(3):
        forged = signed(here(NOTIFICATION, sender, f"/forged-{number}.pem"))
        assert (await gateway.notify(forged)).status_code == 401
        assert (await gateway.notify(forged)).status_code == 401
    assert sender.asked == [f"/forged-{number}.pem" for number in range(3)]


async def test_forged_addresses_cannot_make_it_call_out_without_bound(
    gateway: Opened, sender: HttpsServer
) -> None:
    forged = [signed(here(NOTIFICATION, sender, f"/forged-{n}.pem")) for n in range(60)]
    answers = await asyncio.gather(*map(gateway.notify, forged))
    assert {answer.status_code for answer in answers} <= {401, 503}
    assert len(sender.asked) <= MAX_A_MINUTE


async def test_a_subscription_is_confirmed_once_the_delivery_is_recorded(
    gateway: Opened, sender: HttpsServer
) -> None:
    sender.served |= {"/aws.pem": Served(AWS.pem), confirming_path(): Served(b"<ok/>")}
    answer = await gateway.notify(signed(here(CONFIRMATION, sender)))
    assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
    await until(lambda: confirming_path() in sender.asked)
    assert sender.asked == ["/aws.pem", confirming_path()]
    (delivery,) = await gateway.deliveries()
    assert delivery["event_type"] == "SubscriptionConfirmation"
    stored = await gateway.gateway.store.delivery(delivery["delivery_id"])
    assert stored is not None
    assert [step.confirm_at for step in stored.decision.auth_steps] == [None]
    whole = await gateway.client.get(f"/api/deliveries/{delivery['delivery_id']}", headers=ADMIN)
    assert whole.json()["trace"]["auth"]["steps"] == [
        {
            "type": "sns",
            "result": "passed",
            "reason": "Signature matches, of a SubscriptionConfirmation",
            "secret_index": None,
        }
    ]


async def test_nothing_is_confirmed_that_is_not_genuine_or_of_another_topic(
    gateway: Opened, sender: HttpsServer
) -> None:
    sender.served |= {"/aws.pem": Served(AWS.pem), confirming_path(): Served(b"<ok/>")}
    message = here(CONFIRMATION, sender)
    stranger = signed({**message, "TopicArn": f"{ARN}-of-somebody-else"})
    forged = signed(message, {"Message": "other"})
    for refused in (stranger, forged):
        assert (await gateway.notify(refused)).status_code == 401
    assert (await gateway.notify(signed(here(NOTIFICATION, sender)))).status_code == 202
    assert sender.asked == ["/aws.pem"]
