"""What a test signs is what the source's own verifiers accept, for every way of signing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from hookgate.core.authenticate import authenticate
from hookgate.core.config import Source
from hookgate.core.decide import decide
from hookgate.engine.signing import Unsignable, signable, signed
from hookgate.loading.presets import names, preset
from hookgate.model import JSON, Answered, AuthResult, Delivery, Rejected
from tests.rules import compiled, delivery

ENVIRON = {"SECRET": "c2VjcmV0", "HEX": "5ec4e7"}

AUTH = {
    "none": "{type: none}",
    "ip": "{type: ip, allowed_ips: [192.0.2.0/24]}",
    "token": "{type: token, token: '${SECRET}'}",
    "token in a header": "{type: token, token: '${SECRET}', header: X-Key}",
    "token in Authorization": "{type: token, token: '${SECRET}', header: Authorization}",
    "token in the query": "{type: token, token: '${SECRET}', query: key}",
    "tokens": "{type: token, token: ['${SECRET}', other]}",
    "basic": "{type: basic, username: jo, password: '${SECRET}'}",
    "signature": "{type: signature, secret: '${SECRET}', header: X-Sig}",
    "prefix": "{type: signature, secret: '${SECRET}', header: X-Sig, prefix: 'sha1=', "
    "algorithm: sha1}",
    "base64": "{type: signature, secret: '${SECRET}', header: X-Sig, encoding: base64, "
    "algorithm: sha512, secret_encoding: base64}",
    "hex secret": "{type: signature, secret: '${HEX}', header: X-Sig, secret_encoding: hex}",
    "timestamp in a header": "{type: signature, secret: '${SECRET}', header: X-Sig, "
    "template: 'v0:{ts}:{body}', timestamp: {header: X-Time}}",
    "milliseconds": "{type: signature, secret: '${SECRET}', header: X-Sig, "
    "template: '{ts}{body}', timestamp: {header: X-Time, unit: ms, tolerance: 1s}}",
    "iso8601": "{type: signature, secret: '${SECRET}', header: X-Sig, "
    "template: '{ts}{body}', timestamp: {header: X-Time, unit: iso8601, tolerance: 1s}}",
    "timestamp among the items": "{type: signature, secret: '${SECRET}', header: X-Sig, "
    "template: '{ts}.{body}', timestamp: {field: t}, item_separator: ',', signature_field: v1}",
    "items with another separator": "{type: signature, secret: '${SECRET}', header: X-Sig, "
    "template: '{ts}.{body}', timestamp: {field: t}, item_separator: ';', signature_field: h1}",
    "timestamp in the body": "{type: signature, secret: '${SECRET}', header: X-Sig, "
    "timestamp: {path: sent_at, tolerance: 10s}}",
    "id": "{type: signature, secret: '${SECRET}', header: X-Sig, prefix: 'v1,', "
    "encoding: base64, template: '{id}.{ts}.{body}', timestamp: {header: X-Time}, "
    "id: {header: X-Id}, item_separator: ' '}",
    "method and URL": "{type: signature, secret: '${SECRET}', header: X-Sig, "
    "template: '{method}{url}{body}'}",
    "several headers": "{type: signature, secret: '${SECRET}', header: ['X-Sig-{n}', X-Old]}",
    "plain hash": "{type: signature, scheme: hash, secret: '${SECRET}', header: X-Sig, "
    "template: '{method}{url}{body}'}",
    "twilio": "{type: twilio, secret: '${SECRET}'}",
    "twilio with a shared key": "{type: twilio, secret: '${SECRET}', algorithm: sha256}",
    "mailgun": "{type: mailgun, secret: '${SECRET}', tolerance: 10s}",
    "adyen": "{type: adyen, secret: '${HEX}'}",
    "client state": "{type: client_state, secret: '${SECRET}'}",
    "all of a list that changes and signs the body": "["
    "{type: signature, secret: '${SECRET}', header: X-Sig}, "
    "{type: twilio, secret: '${SECRET}'}, {type: mailgun, secret: '${SECRET}'}, "
    "{type: client_state, secret: '${SECRET}'}, {type: token, token: '${SECRET}', query: key}]",
    "all of a list": "[{type: ip, allowed_ips: [192.0.2.0/24]}, "
    "{type: token, token: '${SECRET}'}, {type: signature, secret: '${SECRET}', header: X-Sig}]",
}

ITEMS = {"value": [{"id": 1}, {}], "notificationItems": [{"NotificationRequestItem": {}}]}
BODY = json.dumps({"sent_at": 1000000, **ITEMS})
FORM = {"content-type": "application/x-www-form-urlencoded"}


def source_with(auth: str, environ: dict[str, str] | None = None) -> Source:
    rules = f"""\
        version: 1
        sources:
          it:
            auth: {auth}
            public_url: https://hooks.example.com/it
            rules: {{}}
        programs: {{}}
        """
    return compiled(rules, environ).sources["it"]


def passes(source: Source, request: Delivery | Unsignable) -> bool:
    assert isinstance(request, Delivery), request
    return authenticate(source.auth, request, request.received_at).result is AuthResult.PASSED


@pytest.mark.parametrize("auth", AUTH.values(), ids=AUTH)
def test_a_signed_request_is_let_in(auth: str) -> None:
    source = source_with(auth, ENVIRON)
    assert signable(source) == source
    assert passes(source, signed(delivery("it", BODY), source))


@pytest.mark.parametrize("auth", AUTH.values(), ids=AUTH)
def test_without_its_secret_a_stand_in_signs(auth: str) -> None:
    source = signable(source_with(auth))
    assert passes(source, signed(delivery("it", BODY), source))


CLOSED = {name: auth for name, auth in AUTH.items() if name not in ("none", "ip")}


@pytest.mark.parametrize("auth", CLOSED.values(), ids=CLOSED)
def test_a_stand_in_lets_nobody_else_in(auth: str) -> None:
    source = source_with(auth)
    unsigned = delivery("it", BODY)
    assert not passes(signable(source), unsigned)
    assert not passes(source, signed(unsigned, signable(source)))
    assert not passes(signable(source), signed(unsigned, signable(source)))


def test_what_only_the_sender_can_sign_is_signed_by_a_stand_in() -> None:
    pytest.importorskip("cryptography")
    key = "00" * 31 + "01"
    auth = (
        f"{{type: signature, scheme: ed25519, public_key: '{key}', header: X-Sig, "
        "template: '{ts}{body}', timestamp: {header: X-Time}}"
    )
    source = source_with(auth)
    request = signed(delivery("it", BODY), signable(source))
    assert isinstance(request, Delivery)
    assert not passes(source, request)
    own = signable(source)
    assert passes(own, signed(delivery("it", BODY), own))


def test_a_timestamp_that_the_request_has_is_signed_as_it_is_and_may_be_stale() -> None:
    source = source_with(AUTH["timestamp in a header"], ENVIRON)
    stale = delivery("it", BODY, {"x-time": "999000"})
    request = signed(stale, source)
    assert isinstance(request, Delivery)
    (step,) = authenticate(source.auth, request, request.received_at).steps
    assert step.reason == "X-Time is 1000 s old, more than the 300 s allowed"


def test_a_token_in_authorization_is_a_bearer_token() -> None:
    request = signed(delivery("it", BODY), source_with(AUTH["token in Authorization"], ENVIRON))
    assert isinstance(request, Delivery)
    assert request.headers["authorization"] == "Bearer c2VjcmV0"


def test_a_signature_that_was_captured_is_replaced() -> None:
    source = source_with(AUTH["signature"], ENVIRON)
    assert passes(source, signed(delivery("it", BODY, {"x-sig": "[redacted]"}), source))


def test_what_cannot_be_signed_says_why() -> None:
    auth = AUTH["timestamp in the body"].replace("timestamp:", "template: '{ts}{body}', timestamp:")
    source = source_with(auth, ENVIRON)
    fault = signed(delivery("it", "{}"), source)
    assert fault == Unsignable("it cannot be signed: the timestamp in the body is missing")


@pytest.mark.parametrize("auth", ["twilio", "mailgun"])
def test_a_form_is_signed_as_a_form(auth: str) -> None:
    source = source_with(AUTH[auth], ENVIRON)
    form = delivery("it", "b=2&a=1&a=%C3%A9", FORM)
    request = signed(form, source)
    assert passes(source, request)
    assert isinstance(request, Delivery)
    assert request.body.startswith(form.body)
    assert request.query == {}


@pytest.mark.parametrize("headers", [{}, FORM])
def test_the_hash_of_another_body_is_not_signed_again(headers: dict[str, str]) -> None:
    source = source_with(AUTH["twilio"], ENVIRON)
    captured = delivery("it", "a=1", headers, {"bodySHA256": "00" * 32, "tenant": "7"})
    request = signed(captured, source)
    assert passes(source, request)
    assert isinstance(request, Delivery)
    assert request.query["tenant"] == "7"


def test_what_signing_puts_into_a_body_leaves_the_rest_as_it_was() -> None:
    item = '{"NotificationRequestItem":{"additionalData":{"a":"b"}},"c":1}'
    value = '{"id":1.10,"clientState":"old"}'
    body = f'{{"value":[{value}],"notificationItems":[{item}],"signature":1}}'
    for auth, changed in (
        ("client state", '"clientState":"c2VjcmV0"'),
        ("adyen", '"additionalData":{"a":"b","hmacSignature":"'),
        ("mailgun", '"signature":{"timestamp":"0001000000'),
    ):
        request = signed(delivery("it", body), source_with(AUTH[auth], ENVIRON))
        assert isinstance(request, Delivery)
        assert changed in request.body.decode()
        assert '{"id":1.10,' in request.body.decode()
        assert '"c":1' in request.body.decode()


@pytest.mark.parametrize(
    ("auth", "body", "reason"),
    [
        ("mailgun", "[]", "the payload is no object, which a signature could be put into"),
        (
            "adyen",
            "{}",
            "the payload has no notificationItems, which a signature could be put into",
        ),
        (
            "adyen",
            '{"notificationItems": [{}]}',
            "the payload has no notificationItems, which a signature could be put into",
        ),
        (
            "adyen",
            '{"notificationItems": [{"NotificationRequestItem": {"success": true}}]}',
            "the payload has no notificationItems, which a signature could be put into",
        ),
        (
            "client state",
            '{"value": [{}, 1]}',
            "the payload has no items in 'value', which clientState could be put into",
        ),
    ],
)
def test_a_body_without_a_place_for_the_signature_says_so(
    auth: str, body: str, reason: str
) -> None:
    source = source_with(AUTH[auth], ENVIRON)
    assert signed(delivery("it", body), source) == Unsignable(f"it cannot be signed: {reason}")


def test_a_signature_cannot_be_put_into_a_multipart_form() -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    body = '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'
    found = signed(delivery("it", body, headers), source_with(AUTH["mailgun"], ENVIRON))
    reason = "it cannot be signed: a signature cannot be put into a body of this media type"
    assert found == Unsignable(reason)


@pytest.mark.parametrize("auth", CLOSED.values(), ids=CLOSED)
def test_nothing_is_signed_with_a_secret_that_is_not_known(auth: str) -> None:
    assert signed(delivery("it", BODY), source_with(auth)) == Unsignable("its secret is not known")


def test_what_only_the_sender_can_sign_is_told() -> None:
    pytest.importorskip("cryptography")
    key = "00" * 31 + "01"
    auth = f"{{type: signature, scheme: ed25519, public_key: '{key}', header: X-Sig}}"
    reason = "it is signed with a private key, which only the sender has"
    assert signed(delivery("it", BODY), source_with(auth)) == Unsignable(reason)


WITH_KEYS_OF_THEIR_OWN = {
    "jwt": "{type: jwt, issuer: a, audience: b, claims: {c: d}, jwks_file: keys/pubsub.json}",
    "sns": "{type: sns, topic_arn: 'arn:aws:sns:eu-west-1:123456789012:a', fetch: true}",
    "paypal": "{type: paypal, webhook_id: a, fetch: true}",
}


@pytest.mark.parametrize("kind", WITH_KEYS_OF_THEIR_OWN)
def test_what_only_the_sender_can_prove_is_told(kind: str) -> None:
    source = signable(source_with(WITH_KEYS_OF_THEIR_OWN[kind]))
    reason = f"only the sender itself can prove what auth of type {kind} asks"
    assert signed(delivery("it", BODY), source) == Unsignable(reason)


CREDENTIALS = {
    "ed25519": '{public_key: "${SECRET}"}',
    "ecdsa-p256": '{public_key: "${SECRET}"}',
    "token": '{token: "${SECRET}"}',
    "basic": '{username: jo, password: "${SECRET}"}',
}


def credentials(auth: Any) -> str:
    """What a source adds to the auth of its preset."""
    return CREDENTIALS.get(auth.get("scheme", auth["type"]), '{secret: "${SECRET}"}')


def body_for(auth: Any) -> str:
    """A body with the items, and the timestamp, that its sender would put there."""
    path = auth.get("timestamp", {}).get("path")
    units: dict[str, JSON] = {
        "s": 1_000_000,
        "ms": 1_000_000_000,
        "iso8601": "1970-01-12T13:46:40Z",
    }
    time = {} if path is None else {path: units[auth["timestamp"].get("unit", "s")]}
    return json.dumps({**ITEMS, **time})


@pytest.mark.parametrize(
    "provider", [name for name in names() if "auth" in preset(name) and "gives" not in preset(name)]
)
def test_every_provider_can_be_signed_for(provider: str) -> None:
    auth = preset(provider)["auth"]
    rules = f"""\
        version: 1
        sources:
          it:
            provider: {provider}
            auth: {credentials(auth)}
            public_url: https://hooks.example.com/it
            handshake: null
            rules: {{}}
        programs: {{}}
        """
    source = signable(compiled(rules).sources["it"])
    assert passes(source, signed(delivery("it", body_for(auth)), source))


def test_a_handshake_is_presented_what_it_asks_for_in_place_of_the_sources_auth() -> None:
    config = compiled(
        """
        version: 1
        sources:
          it:
            provider: meta
            auth: {secret: "${SECRET}"}
            handshake: {auth: {token: "${NOT_SET}"}}
            rules: {}
        programs: {}
        """
    )
    source = signable(config.sources["it"])
    query = {"hub.mode": "subscribe", "hub.challenge": "7"}
    asked = replace(delivery("it", "", query=query), method="GET")
    config = replace(config, sources={"it": source})
    presented = signed(asked, source)
    assert isinstance(presented, Delivery)
    assert isinstance(decide(config, presented, 0.0), Answered)
    assert isinstance(decide(config, asked, 0.0), Rejected)
