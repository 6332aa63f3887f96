"""What a request is made of before it is signed: the payload, the capture and what is given."""

from __future__ import annotations

import json
from typing import Any

import pytest

from hookgate.core.config import Source
from hookgate.engine.captured import Capture, read_capture
from hookgate.engine.outgoing import Given, Outgoing, Unsendable, outgoing
from tests.rules import compiled

NOW = 1_000_000.0
SIGNED = (
    "{type: signature, secret: s, header: X-Sig, timestamp: {header: X-Time}, id: {header: X-Id}}"
)


def source(rest: str = "", auth: str = "{type: none}") -> Source:
    rules = f"""\
        version: 1
        sources:
          it: {{auth: {auth}, rules: {{}}{rest}}}
        programs: {{}}
        """
    return compiled(rules).sources["it"]


def made(
    to: Source, payload: bytes | str = b"{}", given: Given | None = None
) -> Outgoing | Unsendable:
    raw = payload.encode() if isinstance(payload, str) else payload
    return outgoing(read_capture(raw), given or Given(), to, "the-id", NOW)


def request(to: Source, payload: bytes | str = b"{}", given: Given | None = None) -> Outgoing:
    found = made(to, payload, given)
    assert isinstance(found, Outgoing), found
    return found


def captured(**parts: Any) -> str:
    return json.dumps({"headers": {}, "body": '{"n": 1.10}', **parts})


def test_a_bare_payload_is_posted_as_json_byte_by_byte() -> None:
    found = request(source(), b'{ "n": 1.10 }\n')
    sent = found.delivery
    assert (sent.method, sent.received_at, sent.query) == ("POST", NOW, {})
    assert sent.headers == {"content-type": "application/json"}
    assert sent.body == b'{ "n": 1.10 }\n'
    assert (found.exact, found.put) == (True, ())


def test_a_captured_delivery_brings_its_parts_and_what_is_given_goes_before_them() -> None:
    payload = captured(
        method="PUT", headers={"A": "1", "B": "2", "Content-Type": "text/plain"}, query={"q": "1"}
    )
    given = Given(headers={"b": "3"}, query={"r": "2"})
    found = request(source(", methods: [POST, PUT]"), payload, given)
    assert found.delivery.method == "PUT"
    assert found.delivery.headers == {"content-type": "text/plain", "a": "1", "b": "3"}
    assert found.delivery.query == {"q": "1", "r": "2"}
    assert (found.delivery.body, found.exact) == (b'{"n": 1.10}', False)


def test_where_there_is_no_body_and_where_a_capture_has_no_media_type_none_is_said() -> None:
    assert request(source(), b"").delivery.headers == {}
    assert request(source(), captured()).delivery.headers == {}


@pytest.mark.parametrize(
    ("methods", "method"), [("[PUT, POST]", "POST"), ("[PUT]", "PUT"), ("[PUT, PATCH]", "PATCH")]
)
def test_the_method_is_one_that_the_source_takes(methods: str, method: str) -> None:
    assert request(source(f", methods: {methods}")).delivery.method == method


def test_where_the_method_of_a_capture_is_not_taken_it_is_posted() -> None:
    to = source(", methods: [GET, POST]")
    assert request(to, captured(method="PATCH")).delivery.method == "POST"
    assert request(to, captured(method="GET")).delivery.method == "GET"


def test_credentials_times_and_the_connection_of_a_capture_are_left_out() -> None:
    headers = {
        "X-Sig": "[redacted]",
        "X-Time": "1",
        "X-Id": "7",
        "X-Odd": "[redacted]",
        "Authorization": "Bearer old",
        "Host": "elsewhere",
        "Content-Length": "3",
        "Transfer-Encoding": "chunked",
    }
    found = request(source(auth=SIGNED), captured(headers=headers, query={"token": "old"}))
    assert found.delivery.headers == {"x-id": "7"}
    assert found.delivery.query == {}


def test_a_time_that_is_given_is_kept() -> None:
    given = Given(headers={"x-time": "1"})
    assert request(source(auth=SIGNED), given=given).delivery.headers["x-time"] == "1"


def test_a_time_that_is_signed_in_the_body_is_the_present() -> None:
    auth = "{type: signature, secret: s, header: X-Sig, timestamp: {path: at, unit: %s}}"
    found = request(source(auth=auth % "ms"), '{"at": 5, "n": 1.10}')
    assert found.delivery.body == b'{"at":1000000000,"n":1.10}'
    assert (found.exact, found.put) == (False, ("the time",))
    assert request(source(auth=auth % "s")).delivery.body == b'{"at":1000000}'
    assert request(source(auth=auth % "iso8601")).delivery.body == b'{"at":"1970-01-12T13:46:40Z"}'
    refused = made(source(auth=auth % "s"), "[]")
    assert refused == Unsendable("the time of signing has no place in this body, at at")


# --- forms ------------------------------------------------------------------------------------

FORM = Given(headers={"content-type": "application/x-www-form-urlencoded"})


def test_an_object_is_sent_as_a_form_where_the_media_type_says_so() -> None:
    found = request(source(), '{"From": "+1", "Body": "a b"}', FORM)
    assert (found.delivery.body, found.exact) == (b"From=%2B1&Body=a+b", False)


def test_a_form_is_sent_as_it_is() -> None:
    found = request(source(), "b=2&a=1", FORM)
    assert (found.delivery.body, found.exact) == (b"b=2&a=1", True)


def test_a_list_cannot_be_sent_as_a_form() -> None:
    assert isinstance(made(source(), "[1]", FORM), Unsendable)


# --- event type and event id ------------------------------------------------------------------


def event_type(selector: str, payload: str = "{}", text: str = "t") -> Any:
    found = made(source(f", event_type: {selector}"), payload, Given(event_type=text))
    if isinstance(found, Unsendable):
        return found.reason
    return (
        found.delivery.body.decode(),
        found.delivery.headers.get("x-e"),
        found.delivery.query,
        found.put,
    )


PUT = ("the event type",)


@pytest.mark.parametrize(
    ("selector", "payload", "sent"),
    [
        ("{header: X-E}", "{}", ("{}", "t", {}, ())),
        ("{query: e}", "{}", ("{}", None, {"e": "t"}, ())),
        ("type", "{}", ('{"type":"t"}', None, {}, PUT)),
        ("type", '{ "type": "t" }', ('{ "type": "t" }', None, {}, ())),
        ("type", '{"type": "other"}', ('{"type":"t"}', None, {}, PUT)),
        ("[a.b, type]", '{"type": "u"}', ('{"type":"t"}', None, {}, PUT)),
        ("[a.b, type]", "{}", ('{"a":{"b":"t"}}', None, {}, PUT)),
        ("[a.b, {header: X-E}]", '{"a": 1}', ('{"a": 1}', "t", {}, ())),
        ("[{header: X-E}, type]", '{"type": "u"}', ('{"type":"t"}', None, {}, PUT)),
        ("{value: t}", "{}", ("{}", None, {}, ())),
    ],
)
def test_the_event_type_is_put_where_the_source_finds_it(
    selector: str, payload: str, sent: object
) -> None:
    assert event_type(selector, payload) == sent


@pytest.mark.parametrize(
    ("selector", "payload", "places"),
    [
        ("{value: always}", "{}", "a fixed value"),
        ("a.b", '{"a": 1}', "a.b"),
        ("[type, {value: always}]", "[]", "type, a fixed value"),
    ],
)
def test_an_event_type_that_would_not_be_found_is_refused(
    selector: str, payload: str, places: str
) -> None:
    reason = f"the event type cannot be set: this source takes it from {places}"
    assert event_type(selector, payload) == reason


def test_an_event_type_of_nothing_is_refused() -> None:
    reason = "the event type cannot be set: this source takes it from header X-E"
    assert event_type("{header: X-E}", text="") == reason


def event_id(selector: str, payload: str = "{}", given: Given | None = None) -> Outgoing:
    return request(source(f", event_id: {selector}"), payload, given)


def test_an_event_id_in_a_header_is_new_and_one_in_the_body_is_that_of_the_body() -> None:
    assert event_id("{header: X-E}").delivery.headers["x-e"] == "the-id"
    assert event_id("{query: e}").delivery.query == {"e": "the-id"}
    assert event_id("id").exact
    assert event_id("[id, {header: X-E}]", '{"id": 7}').delivery.headers.keys() == {"content-type"}


def test_an_event_id_that_was_captured_or_given_is_kept() -> None:
    was = captured(headers={"X-E": "old"})
    assert event_id("{header: X-E}", was).delivery.headers["x-e"] == "old"
    given = Given(event_id="mine")
    assert event_id("{header: X-E}", was, given).delivery.headers["x-e"] == "mine"
    assert event_id("id", '{"id": 7}', given).delivery.body == b'{"id":"mine"}'


def test_a_source_without_event_ids_is_given_none() -> None:
    refused = made(source(), given=Given(event_id="mine"))
    assert refused == Unsendable("this source has no event id")


def test_a_capture_is_left_as_it_was_read() -> None:
    capture = Capture(b"{}", headers={"a": "1"})
    outgoing(capture, Given(headers={"b": "2"}), source(), "the-id", NOW)
    assert capture == Capture(b"{}", headers={"a": "1"})
