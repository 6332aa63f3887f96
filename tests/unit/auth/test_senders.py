"""Well-known senders, as data: what they document, and what each must not accept."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, replace

import pytest

from hookgate.auth.secrets import decode_secret
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.templates import Template, parse_template
from hookgate.auth.timestamps import Timestamp
from tests.unit.auth.deliveries import delivery, rfc2104

EVERYBODY = b"It's a Secret to Everybody"
URL = "https://gate.example/shop"


def template(text: str) -> Template:
    parsed = parse_template(text)
    assert isinstance(parsed, Template)
    return parsed


def secret(text: str, strip_prefix: str) -> bytes:
    decoded = decode_secret(text, "base64", strip_prefix)
    assert isinstance(decoded, bytes)
    return decoded


def hexed(key: bytes, signed: bytes, algorithm: str = "sha256") -> str:
    return rfc2104(key, signed, algorithm).hex()


def based(key: bytes, signed: bytes, algorithm: str = "sha256") -> str:
    return base64.b64encode(rfc2104(key, signed, algorithm)).decode()


@dataclass(frozen=True)
class Sent:
    """A delivery as a sender makes it, and the verifier that is to accept it."""

    auth: SignatureAuth
    headers: dict[str, str]
    body: bytes
    now: float = 1_700_000_000.0
    needed: tuple[str, ...] = ()


def web_time(body: bytes) -> str:
    return str(json.loads(body)["webhookTimestamp"])


STANDARD = SignatureAuth(
    (secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_"),),
    ("webhook-signature",),
    encoding="base64",
    prefix="v1,",
    item_separator=" ",
    template=template("{id}.{ts}.{body}"),
    timestamp=Timestamp(header="webhook-timestamp"),
    id_header="webhook-id",
)
SLACK = SignatureAuth(
    (b"8f742231b10e8888abcd99yyyzzz85a5",),
    ("X-Slack-Signature",),
    prefix="v0=",
    template=template("v0:{ts}:{body}"),
    timestamp=Timestamp(header="X-Slack-Request-Timestamp"),
)

DOCUMENTED = {
    "github": Sent(
        SignatureAuth((EVERYBODY,), ("X-Hub-Signature-256",), prefix="sha256="),
        {
            "X-Hub-Signature-256": "sha256="
            "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
        },
        b"Hello, World!",
    ),
    "jira and bitbucket": Sent(
        SignatureAuth((EVERYBODY,), ("X-Hub-Signature",), prefix="sha256="),
        {
            "X-Hub-Signature": "sha256="
            "a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9"
        },
        b"Hello World!",
    ),
    "standard webhooks": Sent(
        STANDARD,
        {
            "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "webhook-timestamp": "1614265330",
            "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
        },
        b'{"test": 2432232314}',
        now=1614265330,
    ),
    "slack": Sent(
        SLACK,
        {
            "X-Slack-Request-Timestamp": "1531420618",
            "X-Slack-Signature": "v0="
            "a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503",
        },
        b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
        b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
        b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
        b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
        b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
        now=1531420618,
    ),
}

KEY = b"s3cret"
EVENT = b'{"type": "paid"}'
LINEAR_EVENT = b'{"webhookTimestamp": 1700000000000}'
TS = "1700000000"
TS_MS = "1700000000000"
TS_ISO = "2023-11-14T22:13:20Z"

RECONSTRUCTED = {
    "stripe": Sent(
        SignatureAuth(
            (b"whsec_used_as_it_is",),
            ("Stripe-Signature",),
            item_separator=",",
            signature_field="v1",
            template=template("{ts}.{body}"),
            timestamp=Timestamp(field="t", past_only=True),
        ),
        {
            "Stripe-Signature": f"t={TS},v1={'0' * 64},"
            f"v1={hexed(b'whsec_used_as_it_is', TS.encode() + b'.' + EVENT)},v0={'1' * 64}"
        },
        EVENT,
    ),
    "paddle": Sent(
        SignatureAuth(
            (KEY,),
            ("Paddle-Signature",),
            item_separator=";",
            signature_field="h1",
            template=template("{ts}:{body}"),
            timestamp=Timestamp(field="ts", tolerance=5),
        ),
        {"Paddle-Signature": f"ts={TS};h1={hexed(KEY, TS.encode() + b':' + EVENT)}"},
        EVENT,
    ),
    "pagerduty": Sent(
        SignatureAuth((KEY,), ("X-PagerDuty-Signature",), prefix="v1=", item_separator=","),
        {"X-PagerDuty-Signature": f"v1={'0' * 64},v1={hexed(KEY, EVENT)}"},
        EVENT,
    ),
    "shopify": Sent(
        SignatureAuth((KEY,), ("X-Shopify-Hmac-Sha256",), encoding="base64"),
        {"X-Shopify-Hmac-Sha256": based(KEY, EVENT)},
        EVENT,
    ),
    "typeform": Sent(
        SignatureAuth((KEY,), ("Typeform-Signature",), encoding="base64", prefix="sha256="),
        {"Typeform-Signature": f"sha256={based(KEY, EVENT)}"},
        EVENT,
    ),
    "square": Sent(
        SignatureAuth(
            (KEY,),
            ("x-square-hmacsha256-signature",),
            encoding="base64",
            template=template("{url}{body}"),
            url=URL,
        ),
        {"x-square-hmacsha256-signature": based(KEY, URL.encode() + EVENT)},
        EVENT,
    ),
    "trello": Sent(
        SignatureAuth(
            (KEY,),
            ("X-Trello-Webhook",),
            algorithm="sha1",
            encoding="base64",
            template=template("{body}{url}"),
            url=URL,
        ),
        {"X-Trello-Webhook": based(KEY, EVENT + URL.encode(), "sha1")},
        EVENT,
    ),
    "hubspot": Sent(
        SignatureAuth(
            (KEY,),
            ("X-HubSpot-Signature-v3",),
            encoding="base64",
            template=template("{method}{url}{body}{ts}"),
            timestamp=Timestamp(header="X-HubSpot-Request-Timestamp", unit="ms", past_only=True),
            url=URL,
        ),
        {
            "X-HubSpot-Request-Timestamp": TS_MS,
            "X-HubSpot-Signature-v3": based(KEY, f"POST{URL}".encode() + EVENT + TS_MS.encode()),
        },
        EVENT,
    ),
    "zendesk": Sent(
        SignatureAuth(
            (b"dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==",),
            ("X-Zendesk-Webhook-Signature",),
            encoding="base64",
            template=template("{ts}{body}"),
            timestamp=Timestamp(header="X-Zendesk-Webhook-Signature-Timestamp", unit="iso8601"),
        ),
        {
            "X-Zendesk-Webhook-Signature-Timestamp": TS_ISO,
            "X-Zendesk-Webhook-Signature": based(
                b"dGhpc19zZWNyZXRfaXNfZm9yX3Rlc3Rpbmdfb25seQ==", TS_ISO.encode() + EVENT
            ),
        },
        EVENT,
    ),
    "linear": Sent(
        SignatureAuth(
            (KEY,),
            ("Linear-Signature",),
            timestamp=Timestamp(path=web_time, unit="ms", tolerance=60),
        ),
        {"Linear-Signature": hexed(KEY, LINEAR_EVENT)},
        LINEAR_EVENT,
    ),
    "sentry": Sent(
        SignatureAuth((KEY,), ("Sentry-Hook-Signature", "Sentry-App-Signature")),
        {"Sentry-App-Signature": hexed(KEY, b"")},
        b"",
    ),
    "docusign": Sent(
        SignatureAuth((KEY,), ("X-DocuSign-Signature-{n}",), encoding="base64"),
        {
            "X-DocuSign-Signature-1": based(b"another key", EVENT),
            "X-DocuSign-Signature-2": based(KEY, EVENT),
        },
        EVENT,
        needed=("X-DocuSign-Signature-2",),
    ),
    "adyen": Sent(
        SignatureAuth((bytes.fromhex("44782def"),), ("HmacSignature",), encoding="base64"),
        {"HmacSignature": based(b"\x44\x78\x2d\xef", EVENT)},
        EVENT,
    ),
    "intercom": Sent(
        SignatureAuth((KEY,), ("X-Hub-Signature",), algorithm="sha1", prefix="sha1="),
        {"X-Hub-Signature": f"sha1={hexed(KEY, EVENT, 'sha1')}"},
        EVENT,
    ),
}

ALL = DOCUMENTED | RECONSTRUCTED


@pytest.fixture(params=ALL, ids=str)
def sent(request: pytest.FixtureRequest) -> Sent:
    return ALL[request.param]


def passes(sent: Sent) -> bool:
    return sent.auth.verify(delivery(sent.headers, sent.body), sent.now).passed


def test_a_genuine_delivery_passes(sent: Sent) -> None:
    step = sent.auth.verify(delivery(sent.headers, sent.body), sent.now)
    assert step.passed, step.reason
    assert step.secret_index == 0


def test_after_a_rotation_the_old_secret_still_passes(sent: Sent) -> None:
    rotated = replace(sent.auth, secrets=(b"new", *sent.auth.secrets))
    assert rotated.verify(delivery(sent.headers, sent.body), sent.now).secret_index == 1


def test_a_changed_body_fails(sent: Sent) -> None:
    assert not passes(replace(sent, body=sent.body + b" "))
    assert not passes(replace(sent, body=sent.body.replace(b"e", b"f") or b"f"))


def test_another_secret_fails(sent: Sent) -> None:
    assert not passes(replace(sent, auth=replace(sent.auth, secrets=(b"guess",))))
    assert not passes(replace(sent, auth=replace(sent.auth, secrets=())))


def test_every_header_the_sender_signs_with_is_needed(sent: Sent) -> None:
    for name in sent.needed or sent.headers:
        kept = {key: value for key, value in sent.headers.items() if key != name}
        assert not passes(replace(sent, headers=kept)), name
        assert not passes(replace(sent, headers=sent.headers | {name: ""})), name


@pytest.mark.parametrize("name", [n for n, s in ALL.items() if s.auth.item_separator is None])
def test_a_header_sent_twice_fails_where_it_is_no_list(name: str) -> None:
    sent = ALL[name]
    doubled = {header: f"{value}, {value}" for header, value in sent.headers.items()}
    assert not passes(replace(sent, headers=doubled))


def test_a_delivery_captured_an_hour_ago_fails_where_a_timestamp_is_signed(sent: Sent) -> None:
    assert passes(replace(sent, now=sent.now + 3600)) == (sent.auth.timestamp is None)


def test_a_moved_timestamp_fails() -> None:
    """The timestamp is under the signature, so a captured delivery cannot be given a new one."""
    for name in ("slack", "standard webhooks"):
        sent = ALL[name]
        assert sent.auth.timestamp is not None
        fresh = {str(sent.auth.timestamp.header): str(int(sent.now) + 3600)}
        assert not passes(replace(sent, headers=sent.headers | fresh, now=sent.now + 3600))


def test_the_asymmetric_signature_beside_a_standard_one_is_skipped() -> None:
    sent = DOCUMENTED["standard webhooks"]
    listed = f"v1a,AAAA v2,x {sent.headers['webhook-signature']}"
    assert passes(replace(sent, headers=sent.headers | {"webhook-signature": listed}))


def test_an_old_slack_request_says_how_old_it_is() -> None:
    sent = DOCUMENTED["slack"]
    step = sent.auth.verify(delivery(sent.headers, sent.body), sent.now + 612)
    expected = "X-Slack-Request-Timestamp is 612 s old, more than the 300 s allowed"
    assert step.reason == expected
