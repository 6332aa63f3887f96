from __future__ import annotations

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.secrets import SecretEncoding, decode_secret, matching, matching_index


@pytest.mark.parametrize(
    ("text", "encoding", "strip_prefix", "secret"),
    [
        ("s3cret", "utf8", "", b"s3cret"),
        ("schlüssel", "utf8", "", "schlüssel".encode()),
        ("whsec_text", "utf8", "", b"whsec_text"),
        ("whsec_c2VjcmV0cw==", "base64", "whsec_", b"secrets"),
        ("c2VjcmV0cw==", "base64", "whsec_", b"secrets"),
        ("whsec_c2VjcmV0cw", "base64", "whsec_", b"secrets"),
        ("DFB1EB5485895CFA", "hex", "", b"\xdf\xb1\xeb\x54\x85\x89\x5c\xfa"),
    ],
)
def test_a_secret_is_read_as_its_sender_gives_it_out(
    text: str, encoding: SecretEncoding, strip_prefix: str, secret: bytes
) -> None:
    assert decode_secret(text, encoding, strip_prefix) == secret


def test_bytes_of_the_environment_that_are_not_utf_8_stay_as_they_are() -> None:
    assert decode_secret(os.fsdecode(b"\xff\xfe"), "utf8") == b"\xff\xfe"


@pytest.mark.parametrize("encoding", ["utf8", "base64", "hex"])
@pytest.mark.parametrize("text", ["", "whsec_"])
def test_a_secret_of_nothing_is_a_fault(text: str, encoding: SecretEncoding) -> None:
    assert decode_secret(text, encoding, "whsec_") == "the secret is empty"


@pytest.mark.parametrize(
    ("text", "encoding", "fault"),
    [
        ("not-base64", "base64", "the secret is not base64"),
        ("zz", "hex", "the secret is not hex"),
        ("abc", "hex", "the secret is not hex"),
        ("\ud800", "utf8", "the secret is not UTF-8"),
    ],
)
def test_an_unreadable_secret_is_a_fault_that_does_not_hold_it(
    text: str, encoding: SecretEncoding, fault: str
) -> None:
    assert decode_secret(text, encoding) == fault


def test_nothing_matches_an_empty_secret() -> None:
    assert not matching((b"", b"x"), b"")


def test_an_empty_candidate_matches_nothing() -> None:
    assert matching_index((b"",), (b"", b"x")) is None


@given(st.lists(st.binary(max_size=2)), st.lists(st.binary(max_size=2)))
def test_the_first_secret_that_is_presented_is_the_one_that_matched(
    candidates: list[bytes], secrets: list[bytes]
) -> None:
    expected = [i for i, secret in enumerate(secrets) if secret and secret in candidates]
    assert matching_index(tuple(candidates), secrets) == (expected[0] if expected else None)
