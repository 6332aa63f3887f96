from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.basic import BasicAuth
from tests.unit.auth.deliveries import NOW, delivery

AUTH = BasicAuth(b"Aladdin", (b"open sesame", b"older"))


def basic(credentials: bytes) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(credentials).decode()}"}


def test_the_example_of_rfc_7617_passes() -> None:
    step = AUTH.verify(delivery({"Authorization": "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}), NOW)
    assert (step.passed, step.reason, step.secret_index) == (True, "Authorization matches", 0)


def test_the_scheme_word_may_be_in_any_case() -> None:
    headers = {"Authorization": "bASIC  QWxhZGRpbjpvcGVuIHNlc2FtZQ=="}
    assert AUTH.verify(delivery(headers), NOW).passed


def test_any_of_several_passwords_passes_and_is_named_by_its_index() -> None:
    assert AUTH.verify(delivery(basic(b"Aladdin:older")), NOW).secret_index == 1


@given(st.binary(min_size=1).filter(lambda raw: b":" not in raw), st.binary(min_size=1))
def test_any_bytes_make_a_user_name_and_any_bytes_a_password(name: bytes, password: bytes) -> None:
    auth = BasicAuth(name, (password,))
    assert auth.verify(delivery(basic(name + b":" + password)), NOW).passed


@pytest.mark.parametrize(
    "credentials",
    [
        b"Aladdin:wrong",
        b"Jasmine:open sesame",
        b"aladdin:open sesame",
        b"Aladdin:open sesame\n",
        b"Aladdin:",
        b":open sesame",
        b":",
        b"Aladdin::open sesame",
    ],
)
def test_a_wrong_user_name_and_a_wrong_password_fail_alike(credentials: bytes) -> None:
    step = AUTH.verify(delivery(basic(credentials)), NOW)
    expected = (False, "the user name or the password in Authorization does not match", None)
    assert (step.passed, step.reason, step.secret_index) == expected


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "no Authorization: Basic header"),
        ("", "no Authorization: Basic header"),
        ("Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "no Authorization: Basic header"),
        ("Basic", "no Authorization: Basic header"),
        ("Basic QWxhZGRpbg==", "Authorization holds no colon after the user name"),
        ("Basic Aladdin:open sesame", "Authorization is not valid base64"),
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=", "Authorization is not valid base64"),
        ("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==é", "Authorization is not valid base64"),
        (
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==, Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            "Authorization is not valid base64",
        ),
    ],
)
def test_what_cannot_be_read_fails_and_says_why(value: str | None, reason: str) -> None:
    headers = {} if value is None else {"Authorization": value}
    step = AUTH.verify(delivery(headers), NOW)
    assert (step.passed, step.reason) == (False, reason)


@pytest.mark.parametrize("passwords", [(), (b"",)])
def test_without_a_password_to_compare_with_nothing_passes(passwords: tuple[bytes, ...]) -> None:
    auth = BasicAuth(b"Aladdin", passwords)
    assert not auth.verify(delivery(basic(b"Aladdin:")), NOW).passed
    assert not auth.verify(delivery(basic(b"Aladdin:x")), NOW).passed
