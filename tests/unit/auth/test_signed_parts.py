"""What a signature covers where that is not the raw body or a header: a field, a URL."""

from __future__ import annotations

from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.forms import body_or_field
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.templates import BodyOrForm, Slot, Template
from hookgate.auth.urls import decoded
from tests.unit.auth.deliveries import NOW, delivery, rfc2104

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
TWICE = b"payload=a&payload=b"


@given(st.text(max_size=40), st.text(max_size=40).filter(lambda name: name != "payload"))
def test_of_a_form_the_decoded_field_counts_and_nothing_else(value: str, other: str) -> None:
    form = urlencode({"payload": value, other: "x"}).encode()
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


@pytest.mark.parametrize("body", [b"", b"load=x", b"payload", TWICE, b"Payload=a"])
def test_a_field_that_is_not_there_exactly_once_is_a_fault(body: bytes) -> None:
    expected = b"" if body == b"payload" else "the form does not have one field 'payload'"
    assert body_or_field(delivery(FORM, body), "payload") == expected


@pytest.mark.parametrize("body", [b"payload=%ff", b"payload=\xc3\xa9", b"&".join([b"a=b"] * 1001)])
def test_a_form_that_cannot_be_read_is_a_fault(body: bytes) -> None:
    assert body_or_field(delivery(FORM, body), "payload") == "the form cannot be read"


def test_a_signature_of_the_field_passes_and_one_of_the_form_does_not() -> None:
    auth = SignatureAuth((b"key",), ("X-Sig",), template=Template((BodyOrForm("payload"),)))
    form = b"payload=%7B%22a%22%3A+1%7D"
    field_signed = FORM | {"X-Sig": rfc2104(b"key", b'{"a": 1}').hex()}
    form_signed = FORM | {"X-Sig": rfc2104(b"key", form).hex()}
    assert auth.verify(delivery(field_signed, form), NOW).passed
    assert auth.verify(delivery(form_signed, form), NOW).reason == "X-Sig does not match"
    twice = auth.verify(delivery(field_signed, form + b"&" + form), NOW)
    assert twice.reason == "the form does not have one field 'payload'"


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
