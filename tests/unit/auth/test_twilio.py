"""``type: twilio`` beside its vectors: what of a delivery the signature covers."""

from __future__ import annotations

import base64
import hashlib
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.twilio import TwilioAuth
from hookgate.auth.urls import Query
from hookgate.model import AuthStep, Delivery
from tests.unit.auth.deliveries import NOW, delivery, rfc2104

URL = "https://h.example/sms"
FORM = "application/x-www-form-urlencoded"


def signature(text: str, key: bytes = b"key", algorithm: str = "sha1") -> str:
    return base64.b64encode(rfc2104(key, text.encode(), algorithm)).decode()


def call(
    signed: str, body: bytes = b"", content_type: str | None = FORM, query: str = ""
) -> Delivery:
    headers = {"X-Twilio-Signature": signature(signed)}
    if content_type is not None:
        headers["Content-Type"] = content_type
    parameters = Query(dict(parse_qsl(query, keep_blank_values=True)), query)
    return delivery(headers, body, query=parameters)


def verified(arrived: Delivery, url: str | None = URL) -> AuthStep:
    return TwilioAuth((b"other", b"key"), url).verify(arrived, NOW)


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=6))
def test_every_pair_is_signed_once_in_order_of_names_and_values(
    pairs: list[tuple[str, str]],
) -> None:
    signed = URL + "".join(name + value for name, value in sorted(set(pairs)))
    assert verified(call(signed, urlencode(pairs).encode())) == AuthStep(
        "twilio", True, "X-Twilio-Signature matches", 1
    )


def test_the_query_is_that_which_arrived_byte_by_byte() -> None:
    signed = f"{URL}?b=%7e+x&a=1"
    assert verified(call(signed, query="b=%7e+x&a=1")).passed
    assert verified(call(signed, query="b=%7e+x&a=1"), f"{URL}?a=1#rc=2").passed
    for other in ("a=1&b=%7e+x", "b=%7E+x&a=1", "b=%7e%20x&a=1", "b=%7e+x&a=1&", "b=%7e+x", ""):
        assert not verified(call(signed, query=other)).passed, other


def test_a_body_that_is_no_form_must_have_its_hash_in_the_query() -> None:
    body = b'{"a": 1}'
    digest = hashlib.sha256(body).hexdigest()
    query = f"bodySHA256={digest}"
    assert verified(call(f"{URL}?{query}", body, "application/json", query)).passed
    assert verified(call(f"{URL}?{query}", body, None, query)).passed
    unhashed = verified(call(URL, body, "application/json"))
    assert unhashed.reason == "bodySHA256 in the URL is not the hash of the body"
    for wrong in (digest.upper(), digest[:-1], "", "é"):
        query = urlencode({"bodySHA256": wrong})
        assert not verified(call(f"{URL}?{query}", body, "application/json", query)).passed


@pytest.mark.parametrize("content_type", [FORM, None, "application/json"])
def test_a_signed_hash_keeps_another_body_out_whatever_its_type(content_type: str | None) -> None:
    query = f"bodySHA256={hashlib.sha256(b'{}').hexdigest()}"
    for body in (b"", b"=", b"[]"):
        assert not verified(call(f"{URL}?{query}", body, content_type, query)).passed


def test_a_form_that_cannot_be_read_does_not_pass() -> None:
    assert verified(call(URL, b"a=%ff")).reason == "the form holds bytes that are not UTF-8"
    many = b"&".join([b"a=1"] * 1001)
    assert verified(call(f"{URL}a1", many)).reason == "the form has more than 1000 fields"


@pytest.mark.parametrize("url", [None, ""])
def test_without_a_url_nobody_passes(url: str | None) -> None:
    assert verified(call(""), url).reason == "the source has no URL to check with"


@pytest.mark.parametrize(
    ("algorithm", "settings", "passes"),
    [
        ("sha1", None, True),
        ("sha1", "", True),
        ("sha1", "key=1, algorithm=hmac_sha1", True),
        ("sha1", "algorithm=HMAC_SHA256", False),
        ("sha256", None, True),
        ("sha256", "key=1,algorithm=HMAC_SHA256", True),
        ("sha256", "algorithm=", False),
        ("sha256", "algorithm=HMAC_SHA1", False),
        ("sha256", "algorithm=HMAC_SHA256, algorithm=HMAC_SHA1", False),
    ],
)
def test_the_rules_file_chooses_the_algorithm_and_the_header_may_only_agree(
    algorithm: str, settings: str | None, passes: bool
) -> None:
    headers = {"X-Twilio-Signature": signature(URL, algorithm=algorithm)}
    if settings is not None:
        headers["X-Twilio-Webhooks-Signature-Settings"] = settings
    auth = TwilioAuth((b"key",), URL, "sha256" if algorithm == "sha256" else "sha1")
    assert auth.verify(delivery(headers, b""), NOW).passed == passes
    other = TwilioAuth((b"key",), URL, "sha1" if algorithm == "sha256" else "sha256")
    assert not other.verify(delivery(headers, b""), NOW).passed
