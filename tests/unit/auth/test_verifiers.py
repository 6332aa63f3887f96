"""What every verifier promises, whatever a delivery holds."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, derive_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.adyen import AdyenAuth
from hookgate.auth.basic import BasicAuth
from hookgate.auth.client_state import ClientStateAuth
from hookgate.auth.ip import IpAuth
from hookgate.auth.keys import NO_KEYS
from hookgate.auth.mailgun import MailgunAuth
from hookgate.auth.none import NoneAuth
from hookgate.auth.public_keys import PublicKeys
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.templates import BodyOrForm, Template
from hookgate.auth.timestamps import Timestamp
from hookgate.auth.token import TokenAuth
from hookgate.auth.twilio import TwilioAuth
from hookgate.auth.verifier import Verifier
from hookgate.loading.sender_auth import read_payload
from hookgate.model import AuthStep, Delivery
from tests.unit.auth.deliveries import NOW, delivery

ED25519_KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()
P256_KEY = derive_private_key(7, SECP256R1()).public_key()
SECRETS = (b"kx8Q-first-secret", b"zw3J-second-secret")
EVERY_SLOT = Template(("method", "url", "id", "ts", "body"))

VERIFIERS: tuple[Verifier, ...] = (
    TokenAuth(SECRETS),
    TokenAuth(SECRETS, header="Authorization"),
    TokenAuth(SECRETS, header="X-Token"),
    TokenAuth(SECRETS, query="token"),
    BasicAuth(b"user", SECRETS),
    IpAuth((IPv4Network("198.51.100.0/24"),)),
    SignatureAuth(SECRETS, ("X-Signature",)),
    SignatureAuth(SECRETS, ("X-Other", "X-Signature"), "sha1", "base64", prefix="v1="),
    SignatureAuth(SECRETS, ("X-Signature-{n}",), "sha512", item_separator=","),
    SignatureAuth(
        SECRETS,
        ("X-Signature",),
        item_separator=",",
        signature_field="v1",
        template=Template(("ts", b".", "body")),
        timestamp=Timestamp(field="t"),
    ),
    SignatureAuth(
        SECRETS,
        ("X-Signature",),
        template=EVERY_SLOT,
        timestamp=Timestamp(header="X-Time", unit="iso8601"),
        id_header="X-Id",
        url="https://gate.example/shop",
    ),
    SignatureAuth(SECRETS, ("X-Signature",), keyed=False),
    TwilioAuth(SECRETS, "https://gate.example/shop?a=1"),
    TwilioAuth(SECRETS, "https://gate.example:8443", "sha256"),
    MailgunAuth(SECRETS, read_payload, 300.0),
    AdyenAuth(SECRETS, read_payload),
    ClientStateAuth(SECRETS, read_payload),
)
PUBLIC_KEYS: tuple[Verifier, ...] = (
    SignatureAuth((), ("X-Signature",), public_keys=PublicKeys("ed25519", (ED25519_KEY,))),
    SignatureAuth(
        (),
        ("X-Signature",),
        encoding="base64",
        item_separator=",",
        prefix="v1=",
        template=Template(("ts", BodyOrForm("payload"))),
        timestamp=Timestamp(header="X-Time"),
        public_keys=PublicKeys("ecdsa-p256", (P256_KEY,)),
    ),
)
WITHOUT_SECRETS: tuple[Verifier, ...] = (
    TokenAuth(()),
    TokenAuth((b"",)),
    TokenAuth((), query="token"),
    BasicAuth(b"", ()),
    BasicAuth(b"", (b"",)),
    IpAuth(()),
    SignatureAuth((), ("X-Signature",)),
    SignatureAuth((b"",), ("X-Signature",)),
    SignatureAuth((b"",), ("X-Signature",), keyed=False),
    TwilioAuth((), "https://gate.example/shop"),
    TwilioAuth((b"",), "https://gate.example/shop"),
    MailgunAuth((b"",), read_payload),
    AdyenAuth((b"",), read_payload),
    ClientStateAuth((b"",), read_payload),
    SignatureAuth(SECRETS, ("X-Signature",), public_keys=NO_KEYS),
    SignatureAuth((), ("X-Signature",), public_keys=PublicKeys("ed25519", ())),
)

TEXT = st.text(st.characters(), max_size=40)
LATIN_1 = st.text(st.characters(max_codepoint=255), max_size=40)
NEARLY = st.from_regex(
    r"\A(v1=|t=1700000000,v1=|Bearer |Basic )?"
    r"([0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{128}|[A-Za-z0-9+/]{27}=|YTpi)?"
    r"(,v1=[0-9a-f]{64})?\Z"
)
NAMES = st.sampled_from(
    ["authorization", "x-token", "x-webhook-token", "x-signature", "x-signature-1", "x-other",
     "x-signature-2", "x-time", "x-id", "x-twilio-signature", "content-type"]
)  # fmt: skip
MEDIA_TYPES = st.sampled_from(
    ["application/x-www-form-urlencoded", "multipart/form-data; boundary=b", "application/json"]
)
BODIES = st.sampled_from(
    [
        b"{}",
        b'{"value": [{"clientState": ""}]}',
        b'{"signature": {"timestamp": "1700000000", "token": "t", "signature": ""}}',
        b'{"signature": {"timestamp": "1700000000", "token": "t", "signature": "00"}}',
        b'{"notificationItems": [{"NotificationRequestItem": {"additionalData":'
        b' {"hmacSignature": "AAAA"}}}]}',
        b"timestamp=1700000000&token=t&signature=00",
        b'--b\r\nContent-Disposition: form-data; name="signature"\r\n\r\n00\r\n--b--',
    ]
)


@st.composite
def deliveries(draw: st.DrawFn) -> Delivery:
    return delivery(
        draw(st.dictionaries(NAMES, TEXT | LATIN_1 | NEARLY | MEDIA_TYPES)),
        draw(st.binary() | BODIES),
        query=draw(st.dictionaries(st.just("token") | TEXT, TEXT, max_size=2)),
        peer=draw(TEXT | st.sampled_from(["", "192.0.2.1", "::1%lo"])),
        method=draw(st.sampled_from(["POST", "put", "\xdf\u0149"]) | TEXT),
    )


@given(deliveries())
def test_whatever_a_delivery_holds_no_verifier_raises_and_a_stranger_never_passes(
    arrived: Delivery,
) -> None:
    for verifier in (*VERIFIERS, *PUBLIC_KEYS, *WITHOUT_SECRETS):
        step = verifier.verify(arrived, NOW)
        assert not step.passed
        assert step.scheme == verifier.scheme
        assert step.reason
        assert step.secret_index is None


@pytest.mark.parametrize("verifier", VERIFIERS, ids=repr)
def test_a_reason_holds_neither_the_presented_value_nor_a_secret(verifier: Verifier) -> None:
    presented = "aB3dE5" * 8
    names = [*verifier.credential_headers, "authorization", "x-time", "x-id"]
    arrived = delivery(dict.fromkeys(names, presented), query={"token": presented})
    reason = verifier.verify(arrived, NOW).reason
    assert "aB3dE5" not in reason
    assert "secret" not in reason


@pytest.mark.parametrize("verifier", VERIFIERS, ids=str)
def test_a_printed_verifier_shows_no_secret(verifier: Verifier) -> None:
    assert "kx8Q" not in repr(verifier)
    assert "zw3J" not in repr(verifier)


def test_the_names_of_private_headers_are_in_lower_case() -> None:
    names = {name for verifier in VERIFIERS for name in verifier.credential_headers}
    assert names == {name.lower() for name in names}


@given(deliveries())
def test_none_passes_everybody(arrived: Delivery) -> None:
    step = NoneAuth().verify(arrived, NOW)
    assert step == AuthStep("none", True, "no credentials are asked for")


@pytest.mark.parametrize(
    ("verifier", "scheme"),
    [
        (NoneAuth(), "none"),
        (TokenAuth(SECRETS), "token"),
        (BasicAuth(b"user", SECRETS), "basic"),
        (IpAuth(()), "ip"),
        (SignatureAuth(SECRETS, ("X-Signature",)), "signature"),
        (TwilioAuth(SECRETS, None), "twilio"),
        (MailgunAuth(SECRETS, read_payload), "mailgun"),
        (AdyenAuth(SECRETS, read_payload), "adyen"),
        (ClientStateAuth(SECRETS, read_payload), "client_state"),
    ],
    ids=str,
)
def test_each_verifier_bears_the_name_of_its_type(verifier: Verifier, scheme: str) -> None:
    assert verifier.scheme == scheme


def test_only_what_carries_a_credential_is_private() -> None:
    assert NoneAuth().credential_headers == IpAuth(()).credential_headers == frozenset()
    assert BasicAuth(b"user", SECRETS).credential_headers == {"authorization"}
