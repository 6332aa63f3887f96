"""`auth` as verifiers: what stands in the file decides who passes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from textwrap import indent
from urllib.parse import urlencode

import pytest

from hookgate.auth.adyen import AdyenAuth
from hookgate.auth.client_state import ClientStateAuth
from hookgate.auth.mailgun import MailgunAuth
from hookgate.auth.token import TokenAuth
from hookgate.auth.twilio import TwilioAuth
from hookgate.core.config import Source
from hookgate.loading.load import load
from hookgate.model import Delivery
from tests.rules import delivery

NOW = 1_000_000.0


def source(auth: str, environ: dict[str, str] | None = None, more: str = "") -> Source:
    """A source named `s` with this `auth` in flow style and with more keys."""
    text = (
        f"version: 1\nsources:\n  s:\n    auth: {auth}\n    rules: {{}}\n{indent(more, '    ')}\n"
    )
    loaded = load(f"{text}programs: {{}}\n", "rules.yaml", "/", environ or {}, environment=False)
    assert loaded.config is not None, loaded.problems
    return loaded.config.sources["s"]


def passes(found: Source, call: Delivery) -> bool:
    return all(verifier.verify(call, NOW).passed for verifier in found.auth)


def call(body: str = "{}", **headers: str) -> Delivery:
    return delivery("s", body, {name.replace("_", "-"): value for name, value in headers.items()})


def signed(text: str, secret: bytes = b"key", algorithm: str = "sha256") -> str:
    return hmac.new(secret, text.encode(), algorithm).hexdigest()


def test_none_lets_anybody_in() -> None:
    assert passes(source("{type: none}"), call())


def test_every_token_of_a_list_passes() -> None:
    found = source('{type: token, token: [first, "${SECOND}"]}', {"SECOND": "second"})
    assert [passes(found, call(x_webhook_token=t)) for t in ("first", "second", "third")] == [
        True,
        True,
        False,
    ]


def test_a_token_can_be_moved() -> None:
    in_header = source("{type: token, token: t, header: X-T}")
    in_query = source("{type: token, token: t, query: key}")
    assert passes(in_header, call(x_t="t"))
    assert not passes(in_header, call(x_webhook_token="t"))
    assert passes(in_query, delivery("s", "{}", query={"key": "t"}))


def test_all_of_a_list_must_pass() -> None:
    found = source(
        "[{type: basic, username: u, password: p}, {type: ip, allowed_ips: [192.0.2.0/24]}]"
    )
    credentials = "Basic " + base64.b64encode(b"u:p").decode()
    assert passes(found, call(authorization=credentials))
    assert not passes(found, call())
    elsewhere = delivery("s", "{}", {"authorization": credentials}, peer="198.51.100.1")
    assert not passes(found, elsewhere)


def test_a_signature_covers_the_body_by_default() -> None:
    found = source("{type: signature, secret: key, header: X-Sig, prefix: 'sha256='}")
    assert passes(found, call("hello", x_sig="sha256=" + signed("hello")))
    assert not passes(found, call("hello!", x_sig="sha256=" + signed("hello")))


def test_every_setting_of_a_signature_is_used() -> None:
    found = source(
        """
      type: signature
      secret: ["whsec_a2V5"]
      secret_encoding: base64
      strip_prefix: whsec_
      header: [X-None, X-Sig]
      algorithm: sha512
      encoding: base64
      item_separator: ","
      signature_field: v1
      template: "{id}|{ts}|{method}|{url}|{body}"
      timestamp: {field: t, unit: ms, tolerance: 1m, past_only: true}
      id: {header: X-Id}""",
        more="public_url: https://hooks.example.com/own",
    )

    def presented(milliseconds: int) -> bool:
        text = f"7|{milliseconds}|POST|https://hooks.example.com/own|hello"
        digest = hmac.new(b"key", text.encode(), hashlib.sha512).digest()
        signature = f"t={milliseconds},v1={base64.b64encode(digest).decode()}"
        return passes(found, call("hello", x_sig=signature, x_id="7"))

    assert presented(int(NOW * 1000))
    assert presented(int(NOW * 1000) + 3_600_000)
    assert not presented(int(NOW * 1000) - 61_000)


def test_a_timestamp_can_be_in_the_signed_body() -> None:
    found = source(
        "{type: signature, secret: key, header: X-Sig, timestamp: {path: meta.at, tolerance: 1m}}"
    )
    fresh, stale = '{"meta": {"at": 1000030}}', '{"meta": {"at": 999000}}'
    assert passes(found, call(fresh, x_sig=signed(fresh)))
    for body in (stale, "{}", "not json", '{"meta": {"at": null}}'):
        assert not passes(found, call(body, x_sig=signed(body)))


def test_without_a_tolerance_a_signature_may_have_any_age() -> None:
    found = source(
        "{type: signature, secret: key, header: X-Sig, template: '{ts}{body}',"
        " timestamp: {header: X-Ts, tolerance: null}}"
    )
    assert passes(found, call("x", x_ts="5", x_sig=signed("5x")))


def test_the_url_of_a_source_is_its_own_or_that_of_the_server() -> None:
    text = """
version: 1
server: {public_url: "https://hooks.example.com/in/"}
sources:
  a: {auth: &auth {type: signature, secret: key, header: X-Sig, template: "{url}{body}"}, rules: {}}
  b: {auth: *auth, rules: {}, public_url: "https://b.example.com/"}
programs: {}
"""
    config = load(text, "rules.yaml", "/", {}).config
    assert config is not None
    at_a = signed("https://hooks.example.com/in/api/webhooks/ax")
    at_b = signed("https://b.example.com/x")
    assert passes(config.sources["a"], call("x", x_sig=at_a))
    assert passes(config.sources["b"], call("x", x_sig=at_b))


def test_a_preset_fills_in_what_the_source_does_not_say() -> None:
    found = source("{secret: key}", more="provider: github")
    assert passes(found, call("hello", x_hub_signature_256="sha256=" + signed("hello")))
    assert found.auth[0].credential_headers == {"x-hub-signature-256"}


def test_the_keys_of_a_source_go_before_those_of_its_preset() -> None:
    found = source(
        "{secret: key, algorithm: sha1, prefix: 'sha1=', header: X-Hub-Signature}",
        more="provider: github\nevent_id: {header: X-Id}",
    )
    signature = "sha1=" + signed("hello", algorithm="sha1")
    assert passes(found, call("hello", x_hub_signature=signature))
    assert [getattr(choice, "name", None) for choice in found.event_id] == ["X-Id"]
    assert [getattr(choice, "name", None) for choice in found.event_type] == ["X-GitHub-Event"]


@pytest.mark.parametrize("auth", ["{type: token, token: t}", "[{type: token, token: t}]"])
def test_another_type_or_a_list_replaces_the_auth_of_a_preset(auth: str) -> None:
    assert source(auth, more="provider: github").auth == (TokenAuth((b"t",)),)


@pytest.mark.parametrize(
    "auth",
    [
        '{type: token, token: "${NONE}"}',
        '{type: token, token: [known, "${NONE}"]}',
        '{type: token, token: "a${NONE}"}',
        '{type: token, token: "${EMPTY}"}',
        '{type: token, token: "${NONE:-}"}',
        '{type: token, token: "${file:/nowhere/at/all}"}',
        '{type: "${NONE}"}',
        '{type: basic, username: "${NONE}", password: known}',
        '{type: basic, username: known, password: "${NONE}"}',
        '{type: ip, allowed_ips: ["${NONE}"]}',
        '{type: ip, allowed_ips: ["${WRONG}"]}',
        '{type: signature, secret: "${NONE}", header: X-Sig}',
        '{type: signature, secret: known, header: "${NONE}"}',
        '{type: signature, secret: known, header: X-Sig, template: "${NONE}"}',
        '{type: signature, secret: known, header: X-Sig, template: "${WRONG}"}',
        '{type: signature, secret: "${WRONG}", secret_encoding: hex, header: X-Sig}',
    ],
)
@pytest.mark.parametrize("guess", ["", "known", "a", "${NONE}", "a${NONE}", "wrong"])
def test_what_is_not_known_lets_nobody_in(auth: str, guess: str) -> None:
    found = source(auth, {"EMPTY": "", "WRONG": "wrong"})
    basic = base64.b64encode(f"known:{guess}".encode()).decode()
    nameless = base64.b64encode(b":known").decode()
    calls = [
        call(authorization=f"Bearer {guess}", x_sig=signed("{}", guess.encode())),
        call(x_webhook_token=guess, authorization=f"Basic {basic}"),
        call(authorization=f"Basic {nameless}"),
    ]
    assert not any(passes(found, presented) for presented in calls)


def test_a_tolerance_that_is_not_known_lets_no_old_delivery_in() -> None:
    def tolerance(auth: str, **environ: str) -> float | None:
        (found,) = source(auth, environ).auth
        assert isinstance(found, MailgunAuth)
        return found.tolerance

    assert tolerance("{type: mailgun, secret: s}") is None
    assert tolerance("{type: mailgun, secret: s, tolerance: null}") is None
    assert tolerance("{type: mailgun, secret: s, tolerance: 12h}") == 43200.0
    assert tolerance('{type: mailgun, secret: s, tolerance: "${AGE}"}', AGE="5m") == 300.0
    assert tolerance('{type: mailgun, secret: s, tolerance: "${AGE}"}') == 0.0


@pytest.mark.parametrize("kind", ["twilio", "mailgun", "adyen", "client_state"])
def test_a_secret_of_one_sender_that_is_not_known_leaves_none(kind: str) -> None:
    url = "public_url: https://hooks.example.com/s"
    (found,) = source(f'{{type: {kind}, secret: [a0, "${{NOT_SET}}"]}}', more=url).auth
    assert isinstance(found, TwilioAuth | MailgunAuth | AdyenAuth | ClientStateAuth)
    assert found.secrets == ()


def test_the_key_of_adyen_is_read_as_hex_and_no_other_secret_is() -> None:
    (adyen,) = source("{type: adyen, secret: a0B1}").auth
    (graph,) = source("{type: client_state, secret: a0B1}").auth
    assert isinstance(adyen, AdyenAuth)
    assert isinstance(graph, ClientStateAuth)
    assert (adyen.secrets, graph.secrets) == ((b"\xa0\xb1",), (b"a0B1",))


def test_a_payload_is_verified_as_it_is_decided_on() -> None:
    found = source("{type: client_state, secret: state}")
    assert passes(found, call('{"value": [{"clientState": "state"}]}'))
    for odd in (
        '{"value": [{"clientState": "state"}], "value": []}',
        '{"value": [{"clientState": "state"}]} x',
        '\ufeff{"value": [{"clientState": "state"}]}',
    ):
        assert not passes(found, call(odd))
    encoded = call('{"value": [{"clientState": "state"}]}', content_encoding="gzip")
    assert not passes(found, encoded)


FORM = "application/x-www-form-urlencoded"


def items_of_adyen() -> str:
    """A payload that was signed with the key ``6b6579``."""
    item = {"pspReference": "7", "eventCode": "AUTHORISATION", "success": "true"}
    signature = base64.b64encode(hmac.digest(b"key", b"7::::::AUTHORISATION:true", "sha256"))
    genuine = {**item, "additionalData": {"hmacSignature": signature.decode()}}
    return json.dumps({"notificationItems": [{"NotificationRequestItem": genuine}]})


ADYEN = '{type: adyen, secret: "6b6579"}'


def test_a_proof_in_the_payload_is_looked_for_in_what_is_decided_on() -> None:
    """What a caller says of a body must not make it be read in one way here, in another there."""
    items = items_of_adyen()
    as_form = call(urlencode({"payload": items}), content_type=FORM)
    as_json = source(ADYEN, more="content_type: application/json")
    assert passes(source(ADYEN), as_form)  # it is what the form holds that is decided on
    assert not passes(as_json, as_form)
    assert passes(as_json, call(items, content_type=FORM))
