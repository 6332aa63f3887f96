"""Handshakes: what is one, what it is answered, and what nobody can make of the answer."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hookgate.core import handshakes
from hookgate.core.config import Config
from hookgate.core.decide import decide
from hookgate.core.explain import explain
from hookgate.core.handshakes import MAX_UNSIGNED_BODY, MAX_VALUE
from hookgate.model import (
    Accepted,
    Answered,
    AuthResult,
    Decision,
    Delivery,
    Rejected,
    Rejection,
)
from tests.rules import compiled, delivery

SECRET = "canary-secret"
TOKEN = {"x-webhook-token": "canary-token"}
NONE = {"type": "none"}
SIGNATURE = {"type": "signature", "secret": SECRET, "header": "X-Signature"}


def configured(handshake: Any, **source: Any) -> Config:
    """One source with a token, unless it says otherwise."""
    whole = {
        "auth": {"type": "token", "token": "canary-token"},
        "event_type": "type",
        "rules": {"*": [{"program": "p"}]},
        "handshake": handshake,
        **source,
    }
    programs = {"p": {"command": "p"}}
    return compiled(json.dumps({"version": 1, "sources": {"s": whole}, "programs": programs}))


def request(
    body: Any = "",
    method: str = "POST",
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    peer: str = "192.0.2.7",
) -> Delivery:
    text = body if isinstance(body, str | bytes) else json.dumps(body)
    return replace(delivery("s", text, headers, query, peer), method=method)


def decided(config: Config, sent: Delivery) -> Decision:
    return decide(config, sent, 0.0)


def rejected(config: Config, sent: Delivery) -> tuple[Rejection, str]:
    decision = decided(config, sent)
    assert isinstance(decision, Rejected), decision
    return decision.rejection, decision.detail


def answered(config: Config, sent: Delivery) -> Answered:
    decision = decided(config, sent)
    assert isinstance(decision, Answered), decision
    return decision


ECHO = {"when": {"path": "type", "equals": "check"}, "answer": {"text": "challenge"}}
OPEN = {"method": "GET", "when": {"query": "a"}, "auth": NONE, "answer": {"text": {"query": "a"}}}

# --- whether it is one ----------------------------------------------------------------------


def test_a_handshake_of_the_sender_itself_is_answered_only_when_that_is_proved() -> None:
    config = configured(ECHO)
    asked = {"type": "check", "challenge": "7"}
    decision = answered(config, request(asked, headers=TOKEN))
    assert (decision.reply.status, decision.reply.text) == (200, "7")
    assert decision.auth.result is AuthResult.PASSED
    assert rejected(config, request(asked))[0] is Rejection.UNAUTHENTICATED


def test_an_event_is_an_event_although_its_source_has_a_handshake() -> None:
    sent = request({"type": "other", "challenge": "7"}, headers=TOKEN)
    assert isinstance(decided(configured(ECHO), sent), Accepted)


@pytest.mark.parametrize(
    ("wanted", "found", "is_one"),
    [
        (1, 1, True),
        (1, True, False),
        (True, 1, False),
        (True, True, True),
        (0, False, False),
        (1, "1", False),
        ("1", 1, False),
        (1, 1.0, True),
        ("a", ["a"], False),
        ("a", {"a": "a"}, False),
        ("", "", True),
    ],
)
def test_a_value_of_the_payload_must_be_the_very_one(wanted: Any, found: Any, is_one: bool) -> None:
    config = configured({"when": {"path": "v", "equals": wanted}, "answer": {}})
    decision = decided(config, request({"v": found}, headers=TOKEN))
    assert isinstance(decision, Answered) == is_one


def test_a_number_in_a_header_or_a_parameter_is_its_text() -> None:
    when = [{"query": "n", "equals": 1}, {"header": "X-N", "equals": True}]
    config = configured({"when": when, "answer": {}})
    sent = request("{}", headers={**TOKEN, "x-n": "true"}, query={"n": "1"})
    answered(config, sent)


@pytest.mark.parametrize(
    ("body", "is_one"),
    [({"a": "x"}, True), ({"a": 0}, True), ({"a": ""}, False), ({"a": None}, False), ({}, False)],
)
def test_a_place_without_equals_must_hold_something(body: Any, is_one: bool) -> None:
    config = configured({"when": {"path": "a"}, "answer": {}})
    assert isinstance(decided(config, request(body, headers=TOKEN)), Answered) == is_one


@pytest.mark.parametrize(
    ("body", "is_one"), [({"a": 1}, True), ({"a": 1, "b": None}, True), ({"a": 1, "b": 2}, False)]
)
def test_equals_null_asks_that_there_is_nothing(body: Any, is_one: bool) -> None:
    when = [{"path": "a"}, {"path": "b", "equals": None}]
    config = configured({"when": when, "answer": {}})
    assert isinstance(decided(config, request(body, headers=TOKEN)), Answered) == is_one


def test_the_first_handshake_that_fits_is_answered() -> None:
    first = {"when": {"path": "a"}, "answer": {"status": 201}}
    second = {"when": {"path": "b"}, "answer": {"status": 202}}
    config = configured([first, second])
    bodies = [{"a": 1}, {"b": 1}, {"a": 1, "b": 1}]
    sent = [request(body, headers=TOKEN) for body in bodies]
    assert [answered(config, each).reply.status for each in sent] == [201, 202, 201]


def test_an_open_handshake_that_reads_no_body_has_none() -> None:
    config = configured(OPEN | {"method": "POST"})
    for body in ("", "{}", " {}\n"):
        answered(config, request(body, query={"a": "1"}))
    for body in ('{"type":"event"}', "x", "[]"):
        sent = request(body, query={"a": "1"})
        assert rejected(config, sent)[0] is Rejection.UNAUTHENTICATED
        genuine = request(body, query={"a": "1"}, headers={**TOKEN, "content-type": "text/plain"})
        assert isinstance(decided(config, genuine), Accepted)


def test_a_large_body_is_not_read_for_a_stranger() -> None:
    config = configured({"when": {"path": "a"}, "auth": NONE, "answer": {}})
    space = " " * (MAX_UNSIGNED_BODY - len('{"a":1}'))
    answered(config, request('{"a":1}' + space))
    assert rejected(config, request('{"a":1} ' + space))[0] is Rejection.UNAUTHENTICATED


def test_the_body_of_a_stranger_is_not_read_where_its_head_does_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    when = [{"path": "a"}, {"header": "X-A"}]
    config = configured({"when": when, "auth": NONE, "answer": {}})
    answered(config, request({"a": 1}, headers={"x-a": "1"}))
    monkeypatch.setattr(handshakes, "read_body", lambda *_: pytest.fail("it was read"))
    assert rejected(config, request({"a": 1}))[0] is Rejection.UNAUTHENTICATED


def test_a_handshake_of_a_variable_that_is_not_set_is_not_there() -> None:
    for handshake in (
        ECHO | {"when": {"path": "type", "equals": "${NOT_SET}"}},
        ECHO | {"when": [{"path": "type"}, {"query": "${NOT_SET}"}]},
        ECHO | {"answer": {"json": {"a": {"value": "${NOT_SET}"}}}},
    ):
        assert configured(handshake).sources["s"].handshakes == ()


# --- who may ask ----------------------------------------------------------------------------


def test_the_token_of_a_handshake_does_not_let_events_in_nor_that_of_events_handshakes() -> None:
    own = {"type": "token", "query": "v", "token": ["old-canary", "verify-canary"]}
    config = configured(OPEN | {"auth": own})
    asked = request(method="GET", query={"a": "1", "v": "verify-canary"})
    decision = answered(config, asked)
    (step,) = decision.auth.steps
    assert (step.reason, step.secret_index) == ("query parameter v matches", 1)
    for query in ({"a": "1"}, {"a": "1", "v": ""}, {"a": "1", "v": "canary-token"}):
        kind, detail = rejected(config, request(method="GET", query=query, headers=TOKEN))
        assert kind is Rejection.UNAUTHENTICATED
        assert "canary" not in detail
    event = request("{}", query={"v": "verify-canary"})
    assert rejected(config, event)[0] is Rejection.UNAUTHENTICATED


def test_the_token_of_a_handshake_is_hidden_like_any_credential() -> None:
    own = {"type": "token", "query": "v", "token": "verify-canary"}
    source = configured(OPEN | {"auth": own}).sources["s"]
    assert "v" in source.private_query
    assert "canary" not in repr(source)


def test_the_addresses_of_the_source_count_for_an_open_handshake_too() -> None:
    auth = [{"type": "ip", "allowed_ips": ["192.0.2.0/24"]}, SIGNATURE]
    config = configured(OPEN, auth=auth)
    asked = {"a": "1"}
    answered(config, request(method="GET", query=asked))
    elsewhere = request(method="GET", query=asked, peer="198.51.100.1")
    assert rejected(config, elsewhere)[0] is Rejection.FORBIDDEN


# --- methods --------------------------------------------------------------------------------


def test_a_method_that_is_open_to_handshakes_alone_takes_no_events() -> None:
    config = configured(OPEN)
    for headers in ({}, TOKEN):
        kind, detail = rejected(config, request('{"type":"x"}', method="GET", headers=headers))
        assert kind is Rejection.METHOD
        assert detail == "GET is for handshakes alone, and this is none"


def test_a_method_of_a_signed_handshake_asks_for_the_signature_first() -> None:
    config = configured(ECHO | {"method": "GET"})
    assert rejected(config, request("{}", method="GET"))[0] is Rejection.UNAUTHENTICATED
    sent = request("{}", method="GET", headers=TOKEN)
    assert rejected(config, sent)[0] is Rejection.METHOD
    answered(config, request({"type": "check", "challenge": "7"}, method="GET", headers=TOKEN))


def test_a_method_of_both_takes_events_where_it_is_no_handshake() -> None:
    config = configured(OPEN, methods=["GET"])
    assert isinstance(decided(config, request("{}", method="GET", headers=TOKEN)), Accepted)
    assert rejected(config, request("{}", method="GET"))[0] is Rejection.UNAUTHENTICATED


# --- the answer -----------------------------------------------------------------------------


def test_an_answer_holds_values_constants_and_hmacs() -> None:
    answer = {
        "status": 201,
        "json": {
            "plain": {"query": "a"},
            "one": {"value": 1},
            "hex": {"query": "a", "hmac": {}},
            "other": {
                "query": "a",
                "hmac": {"algorithm": "sha1", "encoding": "base64", "prefix": "p="},
            },
        },
        "headers": {"X-A": {"query": "a"}, "X-B": {"value": 7}},
    }
    auth = [SIGNATURE | {"secret": [SECRET, "older"]}]
    config = configured(OPEN | {"answer": answer}, auth=auth)
    reply = answered(config, request(method="GET", query={"a": "q1"})).reply
    sha1 = base64.b64encode(hmac.digest(SECRET.encode(), b"q1", "sha1")).decode()
    assert reply.status == 201
    assert reply.json == {
        "plain": "q1",
        "one": 1,
        "hex": hmac.new(SECRET.encode(), b"q1", hashlib.sha256).hexdigest(),
        "other": f"p={sha1}",
    }
    assert reply.headers == {"X-A": "q1", "X-B": "7"}


VALUES: dict[str, tuple[Any, str]] = {
    "nothing": (None, "challenge is missing"),
    "empty": ("", "challenge is missing"),
    "a number": (7, "challenge is not text"),
    "an object": ({"a": 1}, "challenge is not text"),
    "long": ("a" * (MAX_VALUE + 1), "challenge is longer than 1024 characters"),
    "html": ("<b>", "challenge holds characters that are not sent back"),
    "a line break at the end": ("a\n", "challenge holds characters that are not sent back"),
    "a return": ("a\rb", "challenge holds characters that are not sent back"),
    "a NUL": ("a\0", "challenge holds characters that are not sent back"),
    "a quote": ('a"', "challenge holds characters that are not sent back"),
    "JSON": ('{"a":1}', "challenge holds characters that are not sent back"),
    "an escape": ("%0a", "challenge holds characters that are not sent back"),
    "a tab": ("a\tb", "challenge holds characters that are not sent back"),
    "no ASCII": ("\u0661", "challenge holds characters that are not sent back"),
}


@pytest.mark.parametrize("what", VALUES)
def test_a_value_that_could_be_of_use_to_others_is_not_sent_back(what: str) -> None:
    value, reason = VALUES[what]
    sent = request({"type": "check", "challenge": value}, headers=TOKEN)
    kind, detail = rejected(configured(ECHO), sent)
    assert kind is Rejection.MALFORMED
    assert detail == f"the handshake cannot be answered: {reason}"


def test_a_value_of_the_greatest_length_is_sent_back() -> None:
    sent = request({"type": "check", "challenge": "a" * MAX_VALUE}, headers=TOKEN)
    assert answered(configured(ECHO), sent).reply.text == "a" * MAX_VALUE


def test_an_hmac_without_a_secret_is_not_made() -> None:
    config = configured(
        OPEN | {"answer": {"text": {"query": "a", "hmac": {}}}},
        auth=SIGNATURE | {"secret": "${NOT_SET}"},
    )
    kind, detail = rejected(config, request(method="GET", query={"a": "1"}))
    assert kind is Rejection.MALFORMED
    assert detail.endswith("the secret for the HMAC in it is not known")


@given(st.text(st.characters(codec="utf-8"), max_size=60) | st.from_regex(r"[ -~]{1,60}"))
def test_whatever_is_sent_back_has_no_mark_of_html_of_headers_or_of_json(value: str) -> None:
    decision = decided(_OPEN, request(method="GET", query={"a": value}))
    if isinstance(decision, Answered):
        assert decision.reply.text == value
        assert value.isprintable()
        assert value.isascii()
        assert not set(value) & set("<>&\"'`{}[]\\%")


_OPEN = configured(OPEN)

# --- what it must not be used for -----------------------------------------------------------

SIGNS = {"method": "GET", "when": {"query": "a"}, "auth": NONE}
SIGNED_ANSWER = {"answer": {"text": {"query": "a", "hmac": {}}}}


def signature_from_a_handshake(config: Config, text: str) -> str:
    """What a stranger is answered who asks for the HMAC of a text."""
    reply = answered(config, request(method="GET", query={"a": text})).reply
    assert reply.text is not None
    return reply.text


@pytest.mark.parametrize("text", ["17", "true", "start it", "a=b", "-1.5"])
def test_the_hmac_of_an_open_handshake_is_no_signature_of_an_event(text: str) -> None:
    config = configured(SIGNS | SIGNED_ANSWER, auth=SIGNATURE)
    forged = signature_from_a_handshake(config, text)
    sent = request(text, headers={"x-signature": forged, "content-type": "text/plain"})
    kind, detail = rejected(config, sent)
    assert kind is Rejection.UNAUTHENTICATED
    assert detail == "handshake: a handshake of this source signs such a body for anybody"


def test_nor_is_it_where_more_than_the_body_is_signed() -> None:
    auth = SIGNATURE | {"template": "v0:{ts}:{body}", "timestamp": {"header": "X-Time"}}
    config = configured(SIGNS | SIGNED_ANSWER, auth=auth)
    forged = signature_from_a_handshake(config, "v0:0:17")
    sent = request("17", headers={"x-signature": forged, "x-time": "0"})
    assert rejected(config, sent)[1].startswith("handshake: ")


def test_nor_is_it_where_the_field_of_a_form_is_signed() -> None:
    config = configured(SIGNS | SIGNED_ANSWER, auth=SIGNATURE | {"template": "{body_or_form:text}"})
    form = {"content-type": "application/x-www-form-urlencoded"}
    forged = signature_from_a_handshake(config, "abc")
    sent = request("text=a%62c", headers={"x-signature": forged, **form})
    assert rejected(config, sent)[1].startswith("handshake: ")


def test_a_genuine_event_passes_beside_a_handshake_that_makes_hmacs() -> None:
    config = configured(SIGNS | SIGNED_ANSWER, auth=SIGNATURE)
    for body in ('{"type":"x"}', "{}", "[]"):
        genuine = hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).hexdigest()
        sent = request(body, headers={"x-signature": genuine})
        assert isinstance(decided(config, sent), Accepted), body


def test_a_plain_body_passes_where_no_stranger_is_made_an_hmac() -> None:
    signed = SIGNED_ANSWER | {"when": {"query": "a"}}
    for handshake in (OPEN, signed):
        config = configured(handshake, auth=SIGNATURE)
        genuine = hmac.new(SECRET.encode(), b"17", hashlib.sha256).hexdigest()
        assert isinstance(
            decided(config, request("17", headers={"x-signature": genuine})), Accepted
        )


# --- the trace ------------------------------------------------------------------------------


def test_the_trace_holds_the_answer_with_the_environment_as_it_was_written() -> None:
    handshake = {
        "method": "GET",
        "auth": NONE,
        "answer": {
            "json": {"a": {"value": "${CANARY}"}},
            "headers": {"X-A": {"value": "${CANARY}"}},
        },
    }
    text = json.dumps(
        {
            "version": 1,
            "sources": {"s": {"auth": NONE, "handshake": handshake, "rules": {}}},
            "programs": {},
        }
    )
    config = compiled(text, {"CANARY": "canary"})
    sent = request(method="GET")
    decision = answered(config, sent)
    assert decision.reply.json == {"a": "canary"}
    trace = explain(config, sent, decision)
    assert (trace.outcome, trace.reason) == ("answered", "handshake: GET")
    assert trace.reply is not None
    assert (trace.reply.json, trace.reply.headers) == ({"a": "${CANARY}"}, {"X-A": "${CANARY}"})
    assert "canary" not in repr(trace)
