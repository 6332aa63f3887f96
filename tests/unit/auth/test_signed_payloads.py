"""Proofs inside the payload beside their vectors: what is looked at, and what is not."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.adyen import AdyenAuth, signed_text
from hookgate.auth.client_state import ClientStateAuth
from hookgate.auth.mailgun import MailgunAuth
from hookgate.auth.payloads import every_item
from hookgate.auth.verifier import Verifier
from hookgate.model import JSON, Delivery
from tests.unit.auth.deliveries import NOW, delivery, rfc2104


def of(payload: JSON) -> Callable[[Delivery], JSON]:
    """A reader that gives this payload, whatever the delivery holds."""
    return lambda _: payload


def adyen_item(**fields: Any) -> dict[str, Any]:
    """An item whose signature is right; the text is written out here."""
    amount = fields.get("amount", {})
    texts = [
        fields.get("pspReference", ""),
        fields.get("originalReference", ""),
        fields.get("merchantAccountCode", ""),
        fields.get("merchantReference", ""),
        str(amount.get("value", "")),
        amount.get("currency", ""),
        fields.get("eventCode", ""),
        fields.get("success", ""),
    ]
    signature = base64.b64encode(rfc2104(b"key", ":".join(texts).encode())).decode()
    return {"NotificationRequestItem": {**fields, "additionalData": {"hmacSignature": signature}}}


TEXTS = st.text(max_size=8)


@given(
    st.fixed_dictionaries(
        {},
        optional={
            "pspReference": TEXTS,
            "originalReference": TEXTS,
            "merchantAccountCode": TEXTS,
            "merchantReference": TEXTS,
            "amount": st.fixed_dictionaries(
                {}, optional={"value": st.integers(), "currency": TEXTS}
            ),
            "eventCode": TEXTS,
            "success": TEXTS,
        },
    )
)
def test_adyen_signs_eight_fields_as_they_are(fields: dict[str, Any]) -> None:
    payload: Any = {"notificationItems": [adyen_item(**fields)]}
    assert AdyenAuth((b"key",), of(payload)).verify(delivery(), NOW).passed


@pytest.mark.parametrize("value", [True, False, 0.5, [], {}, [1], {"a": "b"}])
def test_what_adyen_never_sends_in_a_signed_field_cannot_be_signed(value: JSON) -> None:
    for name in ("pspReference", "originalReference", "success"):
        assert signed_text({name: value}) is None
    assert signed_text({"amount": {"value": value}}) is None
    assert signed_text({"amount": None, "success": None}) == b":" * 7


@pytest.mark.parametrize("item", [None, 7, "text", [], {}])
def test_adyen_items_of_any_kind_are_judged(item: JSON) -> None:
    payloads: list[JSON] = [{"notificationItems": [item]}, {"notificationItems": item}, item]
    for payload in payloads:
        assert not AdyenAuth((b"key",), of(payload)).verify(delivery(), NOW).passed


def test_every_item_tells_the_first_that_does_not_match_and_looks_no_further() -> None:
    looked_at: list[JSON] = []

    def matching(item: JSON) -> int | None:
        looked_at.append(item)
        return None if item == "wrong" else 3

    step = every_item("kind", "it", ["fine", "fine", "wrong", "fine"], matching)
    assert step.reason == "it of item 2 is missing or does not match"
    assert looked_at == ["fine", "fine", "wrong"]
    assert every_item("kind", "it", ["fine"], matching).secret_index == 3
    assert every_item("kind", "it", [], matching).reason == "the body holds no items"


def mailgun(proof: JSON, tolerance: float | None = None, *secrets: bytes) -> bool:
    auth = MailgunAuth(secrets or (b"key",), of({"signature": proof}), tolerance)
    return auth.verify(delivery(), NOW).passed


def proof(timestamp: str = "1700000000", token: str = "t", **more: JSON) -> dict[str, JSON]:
    signed = rfc2104(b"key", (timestamp + token).encode()).hex()
    return {"timestamp": timestamp, "token": token, "signature": signed, **more}


@pytest.mark.parametrize(
    "timestamp",
    [
        "170000000",
        "17000000000",
        "1700000000 ",
        "-170000000",
        "1.70000000",
        "\u0661\u0667" + "\u0660" * 8,
        "",
        "now",
    ],
)
def test_a_time_of_mailgun_is_ten_digits(timestamp: str) -> None:
    assert mailgun(proof())
    assert not mailgun(proof(timestamp))


@pytest.mark.parametrize("age", [-301, -300, 0, 300, 301])
def test_a_time_of_mailgun_may_be_as_far_off_as_the_tolerance(age: int) -> None:
    arrived = proof(str(int(NOW) - age))
    assert mailgun(arrived, 300.0) == (abs(age) <= 300)
    assert mailgun(arrived)


@pytest.mark.parametrize("token", [None, "", 5, ["t"], {"t": "t"}])
def test_a_token_of_mailgun_is_a_text(token: JSON) -> None:
    assert not mailgun({**proof(), "token": token})


def test_either_signature_of_mailgun_may_match_any_secret() -> None:
    right = str(proof()["signature"])
    assert mailgun({**proof(), "signature": "00" * 32, "parent-signature": right})
    assert mailgun({**proof(), "parent-signature": "00" * 32})
    assert mailgun({**proof(), "signature": None, "parent-signature": right}, None, b"x", b"key")
    assert not mailgun({**proof(), "signature": "00" * 32, "parent-signature": "00" * 32})
    assert not mailgun({**proof(), "signature": "", "parent-signature": ""})


@pytest.mark.parametrize(
    "state", [None, "", 5, True, ["key"], {"key": "key"}, "Key", "key ", "ké", "\udc80"]
)
def test_another_client_state_does_not_pass(state: JSON) -> None:
    def passes(*states: JSON) -> bool:
        payload: JSON = {"value": [{"clientState": each} for each in states]}
        return (
            ClientStateAuth((b"key", b"", b"5", b"True", b"None"), of(payload))
            .verify(delivery(), NOW)
            .passed
        )

    assert passes("key", "key")
    assert not passes(state)
    assert not passes("key", state)


KEYS = [
    "notificationItems",
    "NotificationRequestItem",
    "additionalData",
    "hmacSignature",
    "amount",
    "value",
    "success",
    "signature",
    "timestamp",
    "token",
    "clientState",
]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(VALUES)
def test_whatever_a_payload_holds_none_of_them_raises_or_lets_a_stranger_in(payload: Any) -> None:
    verifiers: tuple[Verifier, ...] = (
        AdyenAuth((b"secret-key", b""), of(payload)),
        MailgunAuth((b"secret-key", b""), of(payload)),
        ClientStateAuth((b"secret-key", b""), of(payload)),
    )
    for verifier in verifiers:
        step = verifier.verify(delivery(body=json.dumps(payload).encode()), NOW)
        assert not step.passed
        assert step.reason
        assert step.secret_index is None


def test_none_of_them_shows_a_secret_or_what_was_presented() -> None:
    payload: JSON = {
        "value": [{"clientState": "aB3dE5"}],
        "signature": proof(signature="aB3dE5" * 10 + "0000"),
    }
    for verifier in (
        AdyenAuth((b"kx8Q",), of(payload)),
        MailgunAuth((b"kx8Q",), of(payload)),
        ClientStateAuth((b"kx8Q",), of(payload)),
    ):
        assert "kx8Q" not in repr(verifier)
        assert "aB3dE5" not in verifier.verify(delivery(), NOW).reason
