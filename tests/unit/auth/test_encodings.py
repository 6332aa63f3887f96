from __future__ import annotations

import base64

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hookgate.auth.encodings import from_base64, from_hex, header_bytes, text_bytes


@given(st.binary())
def test_hex_of_either_case_is_read(raw: bytes) -> None:
    assert from_hex(raw.hex()) == raw
    assert from_hex(raw.hex().upper()) == raw


@given(st.binary())
def test_base64_is_read_with_and_without_its_padding(raw: bytes) -> None:
    encoded = base64.b64encode(raw).decode()
    assert from_base64(encoded) == raw
    assert from_base64(encoded.rstrip("=")) == raw


@pytest.mark.parametrize("text", ["0", "0g", "00 11", " 00", "00\n", "0x00", "\u0660\u0660", "é0"])
def test_what_is_not_plainly_hex_is_refused(text: str) -> None:
    assert from_hex(text) is None


@pytest.mark.parametrize(
    "text",
    ["A", "YQ=", "YQ===", "=YQ=", "Y=Q=", "YQ==YQ==", "YW Jj", "YWJj\n", " YWJj", "-_-_", "YWJé"],
)
def test_what_is_not_plainly_base64_is_refused(text: str) -> None:
    assert from_base64(text) is None


@given(st.text(st.characters()))
def test_decoders_never_raise(text: str) -> None:
    from_hex(text)
    from_base64(text)


@given(st.binary())
def test_a_header_gives_back_the_bytes_it_had_on_the_wire(raw: bytes) -> None:
    assert header_bytes(raw.decode("latin-1")) == raw


@given(st.text(st.characters()))
@example("\ud800")
def test_any_text_at_all_has_bytes(text: str) -> None:
    assert isinstance(header_bytes(text), bytes)
    assert isinstance(text_bytes(text), bytes)


def test_text_that_is_not_latin_1_is_utf_8() -> None:
    assert header_bytes("☃") == "☃".encode()
    assert text_bytes("é") == "é".encode()
