"""What a signature covers where that is not the raw body or a header: a field, a URL."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.forms import body_or_field
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.templates import BodyOrForm, Slot, Template
from hookgate.auth.timestamps import Timestamp
from hookgate.auth.urls import decoded
from tests.unit.auth.deliveries import NOW, delivery, rfc2104

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TWICE = b"payload=a&payload=b"


@given(st.text(max_size=40))
def test_of_a_form_the_decoded_field_counts(value: str) -> None:
    form = urlencode({"payload": value}).encode()
    assert body_or_field(delivery(FORM, form), "payload") == value.encode()


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded; charset=utf-8",
        "APPLICATION/X-WWW-Form-UrlEncoded",
        " application/x-www-form-urlencoded ",
    ],
)
def test_a_form_is_known_by_its_media_type(content_type: str) -> None:
    found = body_or_field(delivery({"Content-Type": content_type}, b"payload=%7B%7D"), "payload")
    assert found == b"{}"


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json"}])
def test_any_other_body_counts_as_it_is(headers: dict[str, str]) -> None:
    assert body_or_field(delivery(headers, TWICE), "payload") == TWICE


NOT_ALONE = "the form does not have 'payload' as its only field"


@pytest.mark.parametrize(
    "body", [b"", b"load=x", TWICE, b"Payload=a", b"payload=a&other=b", b"=&payload=a"]
)
def test_a_field_that_is_not_there_alone_is_a_fault(body: bytes) -> None:
    assert body_or_field(delivery(FORM, body), "payload") == NOT_ALONE


def test_a_field_without_a_value_is_empty() -> None:
    assert body_or_field(delivery(FORM, b"payload"), "payload") == b""


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (b"payload=%ff", "the form holds bytes that are not UTF-8"),
        (b"payload=\xc3\xa9", "the form holds bytes that are not UTF-8"),
        (b"&".join([b"a=b"] * 1001), "the form has more than 1000 fields"),
        (b'payload="', "the form holds a quote or a percent sign that is not escaped"),
    ],
)
def test_a_form_that_cannot_be_read_is_a_fault(body: bytes, fault: str) -> None:
    assert body_or_field(delivery(FORM, body), "payload") == fault


def test_a_signature_of_the_field_passes_and_one_of_the_form_does_not() -> None:
    auth = SignatureAuth((b"key",), ("X-Sig",), template=Template((BodyOrForm("payload"),)))
    form = b"payload=%7B%22a%22%3A+1%7D"
    field_signed = FORM | {"X-Sig": rfc2104(b"key", b'{"a": 1}').hex()}
    form_signed = FORM | {"X-Sig": rfc2104(b"key", form).hex()}
    assert auth.verify(delivery(field_signed, form), NOW).passed
    assert auth.verify(delivery(form_signed, form), NOW).reason == "X-Sig does not match"
    twice = auth.verify(delivery(field_signed, form + b"&" + form), NOW)
    assert twice.reason == NOT_ALONE


def test_a_field_that_is_read_cannot_be_put_beside_the_one_that_is_signed() -> None:
    auth = SignatureAuth((b"key",), ("X-Sig",), template=Template((BodyOrForm("data"),)))
    headers = FORM | {"X-Sig": rfc2104(b"key", b"seen").hex()}
    assert auth.verify(delivery(headers, b"data=seen"), NOW).passed
    assert not auth.verify(delivery(headers, b"data=seen&payload=%7B%22a%22%3A1%7D"), NOW).passed


SEEN = b'[{"email":"a.1900000000.&payload=%7B%7D&"}]'
"""A body in which somebody has put a text of their own."""


def test_a_time_cannot_reach_into_the_body_whatever_its_age() -> None:
    auth = SignatureAuth(
        (b"key",),
        ("X-Sig",),
        template=Template(("ts", "body")),
        timestamp=Timestamp(header="X-Time", tolerance=None),
    )
    signature = {"X-Sig": rfc2104(b"key", b"1700000000" + SEEN).hex()}
    assert auth.verify(delivery({**signature, "X-Time": "1700000000"}, SEEN), NOW).passed
    for taken in range(1, len(SEEN)):
        moved = {**signature, "X-Time": f"1700000000{SEEN[:taken].decode()}"}
        assert auth.verify(delivery(moved, SEEN[taken:]), NOW).reason == "X-Time is malformed"


@pytest.mark.parametrize("parts", [("id", b".", "ts", b".", "body"), ("id", "ts", "body")], ids=str)
def test_an_id_cannot_reach_into_the_body_so_that_a_time_is_found_there(
    parts: tuple[bytes | Slot, ...],
) -> None:
    auth = SignatureAuth(
        (b"key",),
        ("X-Sig",),
        template=Template(parts),
        timestamp=Timestamp(header="X-Time"),
        id_header="X-Id",
    )
    values: dict[Slot, bytes] = {"id": b"msg_1", "ts": b"1700000000", "body": SEEN}
    covered = Template(parts).fill(values)
    signature = {"X-Sig": rfc2104(b"key", covered).hex()}
    told = {**signature, "X-Id": "msg_1", "X-Time": "1700000000"}
    assert auth.verify(delivery(told, SEEN), NOW).passed
    head, later, tail = covered.partition(b"1900000000")
    separator = b"." if b"." in parts else b""
    moved = {
        **signature,
        "X-Id": head.removesuffix(separator).decode(),
        "X-Time": later.decode(),
    }
    step = auth.verify(delivery(moved, tail.removeprefix(separator)), 1_900_000_000.0)
    assert step.reason == "X-Id is malformed"


@pytest.mark.parametrize("name", ["msg_2KWP", "f6266f16-1bf3", "a.b:c/d+e==", "a|b~c@d"])
def test_an_id_may_hold_what_ids_hold(name: str) -> None:
    auth = SignatureAuth((b"key",), ("X-Sig",), template=Template(("id", "body")), id_header="X-Id")
    headers = {"X-Sig": rfc2104(b"key", f"{name}{{}}".encode()).hex(), "X-Id": name}
    assert auth.verify(delivery(headers), NOW).passed


def test_the_escapes_that_hubspot_lists_are_undone_in_a_url_and_no_others() -> None:
    escapes = "%3A%2F%3F%40%21%24%27%28%29%2A%2C%3B"
    assert decoded(f"https://h.example/{escapes}") == "https://h.example/:/?@!$'()*,;"
    assert decoded(escapes.lower()) == ":/?@!$'()*,;"
    assert decoded("/%20%25%26%3D%23%2B%253A%") == "/%20%25%26%3D%23%2B%253A%"


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126)))
def test_only_escapes_are_touched_in_a_url(path: str) -> None:
    others = quote(path, safe=":/?@!$'()*,;")
    assert decoded(others) == others


@pytest.mark.parametrize(
    ("slot", "signed"),
    [("url", b"https://h.example/a%40b{}"), ("url_decoded", b"https://h.example/a@b{}")],
)
def test_a_url_is_signed_with_its_escapes_or_without_them(slot: Slot, signed: bytes) -> None:
    auth = SignatureAuth(
        (b"key",), ("X-Sig",), template=Template((slot, "body")), url="https://h.example/a%40b"
    )
    assert auth.verify(delivery({"X-Sig": rfc2104(b"key", signed).hex()}), NOW).passed
