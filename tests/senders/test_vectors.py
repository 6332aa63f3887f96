"""What each sender documents is accepted, and nothing that is only nearly so."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hookgate.core.decide import decide
from hookgate.loading.presets import preset
from hookgate.model import Accepted, Decision, Delivery, Rejected, Rejection
from tests.senders.vectors import VECTORS, Variation, Vector

YEARS = 1e9
CREDENTIALS = {"secret", "token", "public_key", "certificate_file", "jwks_file"}
OTHER_KEYS = {
    "jwt": {"jwks_file": "keys/other.json"},
    "sns": {"certificate_file": "keys/paypal.pem"},
    "paypal": {"certificate_file": "keys/sns.own.pem"},
}
SIGNATURES = re.compile(r"[A-Za-z0-9+/]{26,}={0,2}")

every = pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: vector.name)


def auth_of(vector: Vector) -> dict[str, Any]:
    """The whole auth of the receiver."""
    own = preset(vector.provider).get("auth", {})
    assert isinstance(own, dict)
    return {**own, **vector.auth}


def is_signed(vector: Vector) -> bool:
    """Whether the credential is a signature, and not a secret as it is."""
    return auth_of(vector)["type"] not in ("token", "client_state")


def covers_the_body(vector: Vector) -> bool:
    """Whether no byte of the body can differ."""
    return auth_of(vector)["type"] in ("signature", "twilio", "paypal")


def unauthenticated(decision: Decision) -> bool:
    return isinstance(decision, Rejected) and decision.rejection is Rejection.UNAUTHENTICATED


COVERED = [vector for vector in VECTORS if covers_the_body(vector)]
every_covered = pytest.mark.parametrize("vector", COVERED, ids=lambda vector: vector.name)


# --- what passes ------------------------------------------------------------------------------


@every
def test_a_genuine_delivery_is_accepted_with_its_event_type_and_id(vector: Vector) -> None:
    decision = vector.decided(vector.delivery())
    assert isinstance(decision, Accepted), decision
    assert decision.event.event_type == vector.event_type
    assert decision.event.event_id == vector.event_id


@every
def test_the_trace_tells_which_secret_matched(vector: Vector) -> None:
    (step,) = vector.decided(vector.delivery()).auth.steps
    assert (step.passed, step.secret_index) == (True, vector.secret_index)
    (verifier,) = vector.config().sources["sender"].auth
    (given,) = (vector.auth[key] for key in CREDENTIALS & vector.auth.keys())
    count = len(given) if isinstance(given, list) else 1
    assert verifier.secret_count == (0 if vector.secret_index is None else count)


VARIATIONS = [
    pytest.param(vector, variation, passes, id=f"{vector.name}: {variation.because}")
    for vector in VECTORS
    for passes, variations in ((True, vector.accepted), (False, vector.rejected))
    for variation in variations
]


@pytest.mark.parametrize(("vector", "variation", "passes"), VARIATIONS)
def test_a_variation_is_judged_as_its_file_says(
    vector: Vector, variation: Variation, passes: bool
) -> None:
    decision = vector.decided(vector.varied(variation))
    assert isinstance(decision, Accepted) == passes
    assert unauthenticated(decision) != passes


# --- when it passes ---------------------------------------------------------------------------


@every
def test_a_delivery_passes_to_the_ends_of_its_window_and_not_beyond(vector: Vector) -> None:
    def passes(later: float) -> bool:
        return isinstance(vector.decided(vector.delivery(), later), Accepted)

    window = vector.window or {}
    past, future = window.get("past", YEARS), window.get("future", YEARS)
    assert passes(past)
    assert passes(-future)
    assert passes(past + 1) == (past == YEARS)
    assert passes(-future - 1) == (future == YEARS)


# --- what does not pass -----------------------------------------------------------------------


def changed_signatures(vector: Vector) -> dict[str, str]:
    """The credential with every signature in it spoiled, by what is wrong with it."""
    value = vector.presented
    found = SIGNATURES if is_signed(vector) else re.compile(r".+")

    def each(change: str) -> str:
        # Padding may be left out; a letter that says something may not.
        return found.sub(
            lambda one: change.format(one[0], one[0].rstrip("=")[:-1], one[0][:-4]), value
        )

    return {
        "empty": "",
        "blank": " ",
        "a letter short": each("{1}"),
        "several letters short": each("{2}"),
        "longer": each("{0}00"),
        "over-long": each("{0}" * 2000),
        "another last letter": each("{1}!"),
        "not ASCII": each("{1}é"),
        "beyond latin-1": each("{1}\u0661"),
        "a lone surrogate": each("{1}\udc80"),
        "with a line break": each("{0}\n"),
        "with a NUL": each("{0}\0"),
        "all zeros": found.sub(lambda one: "0" * len(one[0]), value),
        "turned round": found.sub(lambda one: one[0][::-1], value),
        "only text before it": found.sub("", value),
    }


@every
def test_a_spoiled_signature_is_rejected(vector: Vector) -> None:
    for what, value in changed_signatures(vector).items():
        assert unauthenticated(vector.decided(vector.delivery(presented=value))), what


@every
def test_a_header_that_is_sent_twice_is_rejected_where_it_is_no_list(vector: Vector) -> None:
    twice = vector.delivery(presented=f"{vector.presented}, {vector.presented}")
    assert unauthenticated(vector.decided(twice)) != vector.list


@every
def test_a_delivery_without_its_credential_is_rejected(vector: Vector) -> None:
    whole = vector.delivery()
    name = vector.signature.lower()
    bare = replace(
        whole,
        headers={key: value for key, value in whole.headers.items() if key != name},
        query={},
        body=b"{}" if vector.in_body else whole.body,
    )
    assert unauthenticated(vector.decided(bare))


def covered_headers(vector: Vector) -> list[str]:
    """The headers with what is signed beside the body."""
    auth = auth_of(vector)
    return [auth[key]["header"] for key in ("timestamp", "id") if "header" in auth.get(key, {})]


@every_covered
@pytest.mark.parametrize("value", ["", "-5", "now", "9" * 400, "é", "1\n", "0x10", "NaN"])
def test_another_timestamp_or_id_is_rejected(vector: Vector, value: str) -> None:
    for name in covered_headers(vector):
        assert unauthenticated(vector.decided(vector.delivery({name: value}))), name


@every_covered
def test_a_timestamp_or_id_that_is_sent_twice_or_not_at_all_is_rejected(vector: Vector) -> None:
    whole = vector.delivery()
    for name in covered_headers(vector):
        key = name.lower()
        twice = {**whole.headers, key: f"{whole.headers[key]}, {whole.headers[key]}"}
        without = {other: value for other, value in whole.headers.items() if other != key}
        for headers in (twice, without):
            assert unauthenticated(vector.decided(replace(whole, headers=headers))), name


@every_covered
def test_a_body_that_differs_in_one_byte_is_rejected(vector: Vector) -> None:
    config = vector.config()
    body = vector.request.body.encode()
    for index in range(0, len(body), 5):
        changed = bytearray(body)
        changed[index] ^= 1
        decision = decide(config, vector.delivery(body=bytes(changed)), vector.now)
        assert unauthenticated(decision), index


@every_covered
@pytest.mark.parametrize("change", [b"", b"longer", b"cut", b"{}"], ids=repr)
def test_another_body_is_rejected(vector: Vector, change: bytes) -> None:
    body = vector.request.body.encode()
    other = {b"longer": body + b" ", b"cut": body[:-1]}.get(change, change)
    assert other == body or unauthenticated(vector.decided(vector.delivery(body=other)))


@every_covered
def test_another_url_or_method_is_rejected_where_it_is_signed(vector: Vector) -> None:
    auth = auth_of(vector)
    template = auth.get("template", "")
    if "{url" in template or auth["type"] == "twilio":
        request = dataclasses.replace(vector.request, url=f"{vector.request.url}/")
        elsewhere = dataclasses.replace(vector, request=request)
        assert unauthenticated(elsewhere.decided(elsewhere.delivery()))
    if "{method}" in template:
        put = replace(vector.delivery(), method="PUT")
        assert unauthenticated(vector.decided(put))


# --- who it is checked for --------------------------------------------------------------------


def another_p256_key() -> str:
    key = generate_private_key(SECP256R1()).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def another_secret(vector: Vector) -> Mapping[str, object]:
    """A credential of the same kind, but of somebody else."""
    if auth_of(vector)["type"] in OTHER_KEYS:
        return OTHER_KEYS[auth_of(vector)["type"]]
    match auth_of(vector).get("scheme"):
        case "ed25519":  # RFC 8032, 7.1, test 1
            other = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
            return {"public_key": other}
        case "ecdsa-p256":
            return {"public_key": another_p256_key()}
    (key,) = {"secret", "token"} & vector.auth.keys()
    secrets = vector.auth[key]
    secret = secrets if isinstance(secrets, str) else secrets[-1]
    return {key: f"{secret[:-4]}AAAA"}


@every
def test_another_secret_does_not_pass(vector: Vector) -> None:
    config = vector.config(**another_secret(vector))
    assert unauthenticated(decide(config, vector.delivery(), vector.now))


@every
def test_a_secret_that_is_not_set_lets_nobody_in(vector: Vector) -> None:
    (key,) = CREDENTIALS & vector.auth.keys()
    config = vector.config(**{key: "${NOT_SET}"})
    assert unauthenticated(decide(config, vector.delivery(), vector.now))


TEXT = st.text(st.characters(), max_size=60) | st.text(
    st.characters(max_codepoint=255), max_size=60
)


@settings(max_examples=10)
@given(st.data())
@every
def test_whatever_the_headers_hold_it_is_rejected_and_never_raises(
    vector: Vector, data: st.DataObject
) -> None:
    names = [name for name in vector.request.headers if name != "Content-Type"]
    start = data.draw(st.sampled_from(["", vector.presented[:4]]))
    headers = data.draw(st.fixed_dictionaries(dict.fromkeys(names, TEXT)))
    delivery: Delivery = vector.delivery(headers, presented=start + data.draw(TEXT))
    assert unauthenticated(vector.decided(delivery))
