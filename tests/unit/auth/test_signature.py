from __future__ import annotations

import base64
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.keys import Algorithm
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.templates import BODY, Slot, Template
from hookgate.auth.timestamps import Timestamp
from hookgate.model import AuthStep
from tests.unit.auth.deliveries import NOW, delivery, rfc2104

SECRET = b"It's a Secret to Everybody"
BODY_TEXT = b"Hello, World!"
GOOD = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
OTHER = "0" * 64

PLAIN = SignatureAuth((SECRET,), ("X-Signature",))
PREFIXED = SignatureAuth((SECRET,), ("X-Signature",), prefix="sha256=")
LISTED = SignatureAuth((SECRET,), ("X-Signature",), prefix="v1=", item_separator=",")
LABELLED = SignatureAuth(
    (SECRET,), ("X-Signature",), item_separator=",", signature_field="v1",
    template=Template(("ts", b".", "body")), timestamp=Timestamp(field="t"),
)  # fmt: skip
BASE64 = SignatureAuth((SECRET,), ("X-Signature",), encoding="base64")


def verify(auth: SignatureAuth, value: str | None, body: bytes = BODY_TEXT) -> AuthStep:
    return auth.verify(delivery({} if value is None else {"X-Signature": value}, body), NOW)


def failure(auth: SignatureAuth, value: str | None, body: bytes = BODY_TEXT) -> str:
    step = verify(auth, value, body)
    assert (step.passed, step.secret_index) == (False, None)
    return step.reason


# --- the digest -------------------------------------------------------------------------------


JEFE = (b"Jefe", b"what do ya want for nothing?")
LARGE = b"Test Using Larger Than Block-Size Key - Hash Key First"


@pytest.mark.parametrize(
    ("algorithm", "key", "text", "digest"),
    [
        ("sha1", b"\x0b" * 20, b"Hi There", "b617318655057264e28bc0b6fb378c8ef146be00"),
        ("sha1", *JEFE, "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
        ("sha1", b"\xaa" * 80, LARGE, "aa4ae5e15272d00e95705637ce8a3b55ed402112"),
        (
            "sha256",
            b"\x0b" * 20,
            b"Hi There",
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
        ),
        ("sha256", *JEFE, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        (
            "sha256",
            b"\xaa" * 131,
            LARGE,
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
        ),
        (
            "sha512",
            *JEFE,
            "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
            "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
        ),
    ],
)
def test_the_vectors_of_rfc_2202_and_rfc_4231_pass(
    algorithm: Algorithm, key: bytes, text: bytes, digest: str
) -> None:
    assert rfc2104(key, text, algorithm).hex() == digest
    assert verify(SignatureAuth((key,), ("X-Signature",), algorithm), digest, text).passed


@given(st.binary(min_size=1, max_size=200), st.binary(), st.sampled_from(get_args(Algorithm)))
def test_any_body_signed_with_any_secret_passes(
    secret: bytes, body: bytes, algorithm: Algorithm
) -> None:
    digest = rfc2104(secret, body, algorithm)
    as_hex = SignatureAuth((secret,), ("X-Signature",), algorithm)
    as_base64 = SignatureAuth((secret,), ("X-Signature",), algorithm, "base64")
    assert verify(as_hex, digest.hex(), body).passed
    assert verify(as_base64, base64.b64encode(digest).decode(), body).passed


@given(st.integers(0, len(BODY_TEXT) - 1), st.integers(1, 255))
def test_a_body_that_differs_in_one_byte_fails(index: int, change: int) -> None:
    body = bytearray(BODY_TEXT)
    body[index] ^= change
    assert failure(PLAIN, GOOD, bytes(body)) == "X-Signature does not match"


@pytest.mark.parametrize("body", [b"", b"Hello, World!\n", b"Hello, World", b"\xef\xbb\xbfHello"])
def test_another_body_fails(body: bytes) -> None:
    assert failure(PLAIN, GOOD, body) == "X-Signature does not match"


def test_an_empty_body_is_signed_like_any_other() -> None:
    assert verify(PLAIN, rfc2104(SECRET, b"").hex(), b"").passed


# --- the secrets ------------------------------------------------------------------------------


@pytest.mark.parametrize("index", [0, 1, 2])
def test_any_of_several_secrets_passes_and_is_named_by_its_index(index: int) -> None:
    secrets = [b"a", b"b", b"c"]
    secrets[index] = SECRET
    step = verify(SignatureAuth(tuple(secrets), ("X-Signature",)), GOOD)
    assert step == AuthStep("signature", True, "X-Signature matches", index)


def test_of_two_equal_secrets_the_first_is_named() -> None:
    assert verify(SignatureAuth((SECRET, SECRET), ("X-Signature",)), GOOD).secret_index == 0


@pytest.mark.parametrize("secrets", [(), (b"",), (b"", b"other")])
def test_a_signature_made_with_no_secret_never_passes(secrets: tuple[bytes, ...]) -> None:
    auth = SignatureAuth(secrets, ("X-Signature",))
    assert failure(auth, rfc2104(b"", BODY_TEXT).hex()) == "X-Signature does not match"
    assert failure(auth, GOOD) == "X-Signature does not match"


def test_secrets_do_not_appear_when_a_verifier_is_printed() -> None:
    assert "Everybody" not in repr(PLAIN)


# --- one signature in a header ----------------------------------------------------------------


def test_upper_case_hex_passes() -> None:
    assert verify(PLAIN, GOOD.upper()).passed


@pytest.mark.parametrize(
    "value",
    [
        GOOD[:-1],
        GOOD[:-2],
        GOOD + "00",
        GOOD * 1000,
        f"{GOOD}, {GOOD}",
        f" {GOOD}",
        f"{GOOD}\n",
        f"0x{GOOD[2:]}",
        GOOD[:-1] + "g",
        GOOD[:-1] + "\u0661",
        GOOD[:-1] + "\xe9",
        f"sha256={GOOD}",
        base64.b64encode(bytes.fromhex(GOOD)).decode(),
    ],
)
def test_what_is_not_exactly_a_digest_in_hex_is_malformed(value: str) -> None:
    assert failure(PLAIN, value) == "X-Signature is malformed: not 64 hex digits"


@pytest.mark.parametrize(
    ("padding", "passed"), [("", True), ("=", True), ("==", False), ("=====", False)]
)
def test_base64_passes_with_its_padding_or_with_none(padding: str, passed: bool) -> None:
    bare = base64.b64encode(bytes.fromhex(GOOD)).decode().rstrip("=")
    assert verify(BASE64, bare + padding).passed == passed


@pytest.mark.parametrize(
    "value",
    [
        "YWJj",
        "-" * 43 + "=",
        "A" * 44 + "AA==",
        "A" * 20 + " " + "A" * 22 + "=",
        "A" * 43 + "=\n",
        "A" * 42 + "\xe9=",
        f"{'A' * 43}=, {'A' * 43}=",
        GOOD,
    ],
)
def test_what_is_not_exactly_a_digest_in_base64_is_malformed(value: str) -> None:
    assert failure(BASE64, value) == "X-Signature is malformed: not base64 of 32 bytes"


def test_a_missing_header_is_named() -> None:
    assert failure(PLAIN, None) == "no X-Signature header"


def test_an_empty_header_holds_no_signature() -> None:
    assert failure(PLAIN, "") == "X-Signature holds no signature"


@pytest.mark.parametrize("value", [GOOD, f"sha1={GOOD}", f"SHA256={GOOD}", f" sha256={GOOD}", ""])
def test_the_prefix_is_required_exactly(value: str) -> None:
    assert failure(PREFIXED, value) == "X-Signature holds no signature marked 'sha256='"


def test_after_its_prefix_a_signature_passes_and_nothing_does_not() -> None:
    assert verify(PREFIXED, f"sha256={GOOD}").passed
    assert failure(PREFIXED, "sha256=") == "X-Signature holds no signature marked 'sha256='"
    assert failure(PREFIXED, f"sha256=sha256={GOOD}").startswith("X-Signature is malformed")


def test_the_prefix_never_chooses_the_algorithm() -> None:
    sha1 = rfc2104(SECRET, BODY_TEXT, "sha1").hex()
    assert not verify(PREFIXED, f"sha1={sha1}").passed
    assert not verify(PREFIXED, f"sha256={sha1}").passed


# --- several items in a header ----------------------------------------------------------------


@pytest.mark.parametrize(
    "value",
    [
        f"v1={GOOD}",
        f"v1={OTHER},v1={GOOD}",
        f"v1={GOOD},v1={OTHER}",
        f"v2=zz, v1={GOOD} ,\tv0={OTHER}",
        f",,v1={GOOD},",
        f"v1=short,v1=,v1=\xe9,v1={GOOD}",
        ",".join([f"v0={OTHER}"] * 500 + [f"v1={GOOD}"]),
        ",".join([f"v1={OTHER}"] * 99 + [f"v1={GOOD}"]),
    ],
)
def test_one_good_signature_among_many_items_is_enough(value: str) -> None:
    assert verify(LISTED, value).passed


@pytest.mark.parametrize("value", [f"v0={GOOD}", GOOD, f"V1={GOOD}", f"v1 ={GOOD}", "", ",", "v1="])
def test_a_good_digest_under_another_label_is_no_signature(value: str) -> None:
    assert failure(LISTED, value) == "X-Signature holds no signature marked 'v1='"


def test_no_more_than_a_hundred_signatures_are_looked_at() -> None:
    value = ",".join([f"v1={OTHER}"] * 100 + [f"v1={GOOD}"])
    assert failure(LISTED, value) == "X-Signature does not match"


def test_only_plain_white_space_around_an_item_is_dropped() -> None:
    assert not verify(LISTED, f"\xa0v1={GOOD}").passed
    assert not verify(LISTED, f"v1={GOOD}\x85").passed


def test_an_empty_separator_separates_nothing() -> None:
    assert verify(SignatureAuth((SECRET,), ("X-Signature",), item_separator=""), GOOD).passed


# --- labelled items with their timestamp ------------------------------------------------------


def labelled(seconds: str, label: str = "v1") -> str:
    return f"t={seconds},{label}={rfc2104(SECRET, seconds.encode() + b'.' + BODY_TEXT).hex()}"


@pytest.mark.parametrize("seconds", ["1700000000", "1699999700", "1700000300", "01700000000"])
def test_the_timestamp_is_signed_exactly_as_presented(seconds: str) -> None:
    assert verify(LABELLED, labelled(seconds)).passed


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (labelled("1700000000", "v0"), "X-Signature holds no signature marked 'v1'"),
        (labelled("1700000000", "v11"), "X-Signature holds no signature marked 'v1'"),
        (labelled("1700000000")[13:], "timestamp 't' is missing"),
        (f"t=1700000000,{labelled('1700000000')}", "timestamp 't' appears more than once"),
        (labelled("1700000000").replace("t=17", "t=18"), "X-Signature does not match"),
        (labelled("1699999388"), "timestamp 't' is 612 s old, more than the 300 s allowed"),
        (
            labelled("1700000301"),
            "timestamp 't' is 301 s in the future, more than the 300 s allowed",
        ),
        (labelled("soon"), "timestamp 't' is malformed"),
    ],
)
def test_a_timestamp_that_is_not_the_signed_one_or_not_timely_fails(
    value: str, reason: str
) -> None:
    assert failure(LABELLED, value) == reason


def test_a_label_and_a_prefix_are_both_required() -> None:
    auth = SignatureAuth(
        (SECRET,), ("X-Signature",), prefix="sha256:", item_separator=" ", signature_field="s"
    )
    assert verify(auth, f"a=b s=sha256:{GOOD}").passed
    expected = "X-Signature holds no signature marked 's' 'sha256:'"
    assert failure(auth, f"a=b s={GOOD}") == expected


# --- which headers ----------------------------------------------------------------------------


def test_the_first_header_that_is_present_is_the_one_that_counts() -> None:
    auth = SignatureAuth((SECRET,), ("X-New", "X-Old"))
    assert auth.verify(delivery({"X-Old": GOOD}, BODY_TEXT), NOW).reason == "X-Old matches"
    step = auth.verify(delivery({"X-New": OTHER, "X-Old": GOOD}, BODY_TEXT), NOW)
    assert step.reason == "X-New does not match"
    assert not auth.verify(delivery({"X-New": "", "X-Old": GOOD}, BODY_TEXT), NOW).passed
    assert auth.verify(delivery(body=BODY_TEXT), NOW).reason == "no X-New or X-Old header"


@pytest.mark.parametrize("number", [1, 2, 100])
def test_any_numbered_header_may_hold_the_signature(number: int) -> None:
    auth = SignatureAuth((SECRET,), ("X-Signature-{n}",))
    headers = {f"X-Signature-{n}": OTHER for n in range(1, 101)} | {f"X-Signature-{number}": GOOD}
    step = auth.verify(delivery(headers, BODY_TEXT), NOW)
    assert (step.passed, step.reason) == (True, "X-Signature-{n} matches")


@pytest.mark.parametrize("number", ["0", "101", "", "01", "{n}"])
def test_numbers_run_from_one_to_a_hundred(number: str) -> None:
    auth = SignatureAuth((SECRET,), ("X-Signature-{n}",))
    step = auth.verify(delivery({f"X-Signature-{number}": GOOD}, BODY_TEXT), NOW)
    assert (step.passed, step.reason) == (False, "no X-Signature-{n} header")


def test_it_names_where_signatures_travel_but_not_timestamps_and_ids() -> None:
    auth = SignatureAuth(
        (SECRET,), ("X-New", "X-Old"), timestamp=Timestamp(header="X-Time"), id_header="X-Id"
    )
    assert auth.credential_headers == {"x-new", "x-old"}
    assert auth.credential_query == frozenset()
    numbered = SignatureAuth((SECRET,), ("X-Signature-{n}",)).credential_headers
    assert numbered == {f"x-signature-{n}" for n in range(1, 101)}


# --- what is signed beside the body -----------------------------------------------------------


@pytest.mark.parametrize(
    ("slot", "reason"),
    [
        ("ts", "the source does not say where the timestamp is"),
        ("id", "the source does not say where the id is"),
        ("url", "the source has no URL to check with"),
    ],
)
def test_a_part_that_the_source_does_not_tell_fails(slot: Slot, reason: str) -> None:
    auth = SignatureAuth((SECRET,), ("X-Signature",), template=Template((slot, "body")))
    assert failure(auth, GOOD) == reason


def test_an_empty_url_is_no_url() -> None:
    auth = SignatureAuth((SECRET,), ("X-Signature",), template=Template(("url", "body")), url="")
    assert failure(auth, GOOD) == "the source has no URL to check with"


@pytest.mark.parametrize("headers", [{}, {"X-Id": ""}])
def test_a_missing_id_fails_although_the_signature_would_match(headers: dict[str, str]) -> None:
    auth = SignatureAuth(
        (SECRET,), ("X-Signature",), template=Template(("id", "body")), id_header="X-Id"
    )
    step = auth.verify(delivery(headers | {"X-Signature": GOOD}, BODY_TEXT), NOW)
    assert (step.passed, step.reason) == (False, "X-Id is missing")


@pytest.mark.parametrize("headers", [{}, {"X-Time": ""}])
def test_a_missing_timestamp_fails_where_a_tolerance_is_set(headers: dict[str, str]) -> None:
    auth = SignatureAuth((SECRET,), ("X-Signature",), timestamp=Timestamp(header="X-Time"))
    step = auth.verify(delivery(headers | {"X-Signature": GOOD}, BODY_TEXT), NOW)
    assert (step.passed, step.reason) == (False, "X-Time is missing")


def test_a_timestamp_that_nothing_needs_may_be_missing() -> None:
    timestamp = Timestamp(header="X-Time", tolerance=None)
    assert verify(SignatureAuth((SECRET,), ("X-Signature",), timestamp=timestamp), GOOD).passed


def test_the_body_is_read_for_its_timestamp_only_once_the_signature_matches() -> None:
    read: list[bytes] = []

    def path(body: bytes) -> str:
        read.append(body)
        return "1700000000"

    auth = SignatureAuth((SECRET,), ("X-Signature",), timestamp=Timestamp(path=path))
    assert not verify(auth, OTHER).passed
    assert read == []
    assert verify(auth, GOOD).passed
    assert read == [BODY_TEXT]


def test_values_that_are_not_ascii_are_signed_as_the_bytes_of_the_wire() -> None:
    auth = SignatureAuth(
        (SECRET,), ("X-Signature",), template=Template(("method", "url", "id", "body")),
        id_header="X-Id", url="https://é.example/",
    )  # fmt: skip
    signed = b"PUT" + "https://é.example/".encode() + b"\xe9" + BODY_TEXT
    headers = {"X-Id": "\xe9", "X-Signature": rfc2104(SECRET, signed).hex()}
    assert auth.verify(delivery(headers, BODY_TEXT, method="put"), NOW).passed


def test_the_template_is_the_raw_body_unless_told_otherwise() -> None:
    assert PLAIN.template is BODY
