"""Request bodies by media type."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.forms import MAX_FORM_FIELDS
from hookgate.core.bodies import Body, BodyFault, read_body
from hookgate.expr.values import json_text
from hookgate.model import JSON, Rejection

FORM = {"content-type": "application/x-www-form-urlencoded"}


def read(raw: bytes, **headers: str) -> Body | BodyFault:
    return read_body({name.replace("_", "-"): value for name, value in headers.items()}, raw)


@pytest.mark.parametrize(
    "media_type",
    [
        "application/json",
        "application/json; charset=utf-8",
        'Application/JSON;charset="UTF-8"',
        "application/cloudevents+json",
        "text/json",
    ],
)
def test_json_types_give_the_parsed_payload_and_its_text(media_type: str) -> None:
    assert read(b'{"a": 1.50}', content_type=media_type) == Body({"a": 1.5}, '{"a": 1.50}')


def test_a_body_without_a_type_is_read_as_json() -> None:
    assert read(b"[1]") == Body([1], "[1]")


@pytest.mark.parametrize("said", ["text/plain; charset=UTF-8", "text/plain; charset=x", "a/b"])
def test_a_type_that_the_source_sets_goes_before_what_the_sender_says(said: str) -> None:
    headers = {"content-type": said}
    assert read_body(headers, b"[1]", "application/json") == Body([1], "[1]")
    assert read_body(headers, b"a=1", FORM["content-type"]) == Body({"a": "1"}, '{"a":"1"}')
    assert isinstance(read_body(headers, b"", "application/json"), BodyFault)


def test_a_coding_is_refused_whatever_the_type() -> None:
    headers = {"content-type": "text/plain", "content-encoding": "gzip"}
    assert isinstance(read_body(headers, b"[1]", "application/json"), BodyFault)


def test_no_body_and_no_type_is_an_empty_payload() -> None:
    assert read(b"") == Body(None, "")


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"{",
        b"{} x",
        b"\xff",
        b"NaN",
        b'{"a":Infinity}',
        b'{"a":1,"a":2}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b"\xef\xbb\xbf{}",
        b"9" * 5000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_what_is_not_plain_json_is_malformed(raw: bytes) -> None:
    found = read(raw, content_type="application/json")
    assert isinstance(found, BodyFault)
    assert found.rejection is Rejection.MALFORMED


def test_a_form_gives_its_fields_and_lists_repeated_ones() -> None:
    assert read_body(FORM, b"a=1&b=x+y&a=2&c=") == Body(
        {"a": ["1", "2"], "b": "x y", "c": ""}, '{"a":["1","2"],"b":"x y","c":""}'
    )


def test_a_form_field_payload_that_holds_json_is_the_payload() -> None:
    raw = b"payload=%7B%22ref%22%3A%22main%22%7D&token=1"
    assert read_body(FORM, raw) == Body({"ref": "main"}, '{"ref":"main"}')


def test_a_form_field_payload_of_plain_text_is_an_ordinary_field() -> None:
    assert read_body(FORM, b"payload=hello") == Body({"payload": "hello"}, '{"payload":"hello"}')


@pytest.mark.parametrize("raw", [b"payload=%7Bbroken", b"a=%ff", b"\xff=1"])
def test_a_form_that_cannot_be_read_is_malformed(raw: bytes) -> None:
    found = read_body(FORM, raw)
    assert isinstance(found, BodyFault)
    assert found.rejection is Rejection.MALFORMED


@pytest.mark.parametrize(
    "raw",
    [
        b'{"a":"&payload=%7B%22ref%22%3A%22main%22%7D&"}',
        b'["&ref=main&"]',
        b'a="',
        b"a=100%",
        b"a=%4",
        b"a=%4g",
        b"a=%" * 100_000,
    ],
    ids=lambda raw: repr(raw[:12]),
)
def test_json_is_no_form_and_neither_is_what_escapes_too_little(raw: bytes) -> None:
    expected = "the form holds a quote or a percent sign that is not escaped"
    assert read_body(FORM, raw) == BodyFault(Rejection.MALFORMED, expected)


@given(
    st.dictionaries(st.text(), st.text().filter(lambda text: text.lstrip()[:1] not in ("{", "[")))
)
def test_every_field_that_was_written_as_forms_are_is_read(fields: dict[str, JSON]) -> None:
    assert read_body(FORM, urlencode(fields).encode()) == Body(fields, json_text(fields))


def test_a_form_has_a_bounded_number_of_fields() -> None:
    found = read_body(FORM, b"&".join([b"a=1"] * (MAX_FORM_FIELDS + 1)))
    assert isinstance(found, BodyFault)
    assert str(MAX_FORM_FIELDS) in found.message


def test_a_multipart_form_gives_its_fields_as_any_other_form() -> None:
    parts = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n1' for name in "aba"]
    raw = "\r\n".join([*parts, "--x--"]).encode()
    found = read(raw, content_type="Multipart/Form-Data; boundary=x")
    assert found == Body({"a": ["1", "1"], "b": "1"}, '{"a":["1","1"],"b":"1"}')


def test_a_multipart_field_payload_that_holds_json_is_the_payload() -> None:
    raw = b'--x\r\nContent-Disposition: form-data; name="payload"\r\n\r\n{"a": 1}\r\n--x--\r\n'
    found = read(raw, content_type="multipart/form-data; boundary=x")
    assert found == Body({"a": 1}, '{"a": 1}')


def test_a_multipart_form_that_cannot_be_read_is_malformed() -> None:
    found = read(b"{}", content_type="multipart/form-data; boundary=x")
    assert isinstance(found, BodyFault)
    assert found.rejection is Rejection.MALFORMED
    assert found.message == ("the form cannot be read: it does not begin and end with its boundary")


def test_text_is_its_own_payload() -> None:
    assert read("grün".encode(), content_type="text/plain") == Body("grün", "grün")


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "application/xml"},
        {"content-type": "multipart/mixed; boundary=x"},
        {"content-type": "text/plain; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "gzip"},
    ],
)
def test_other_types_charsets_and_codings_are_refused(headers: dict[str, str]) -> None:
    found = read_body(headers, b"{}")
    assert isinstance(found, BodyFault)
    assert found.rejection is Rejection.MEDIA_TYPE


@given(
    st.dictionaries(st.sampled_from(["content-type", "content-encoding"]), st.text()),
    st.binary(max_size=200),
)
def test_no_body_makes_reading_raise(headers: dict[str, str], raw: bytes) -> None:
    assert isinstance(read_body(headers, raw), Body | BodyFault)
