"""Signatures that are checked with a public key."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256, SHA512
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.public_keys import (
    MAX_SIGNATURES,
    PublicKey,
    PublicKeys,
    PublicKeyScheme,
    parse_public_key,
)
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.templates import Template
from hookgate.auth.timestamps import Timestamp
from hookgate.model import AuthStep
from tests.unit.auth.deliveries import NOW, delivery, rfc2104

ED25519 = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
P256 = ec.derive_private_key(7, ec.SECP256R1())
P384 = ec.derive_private_key(7, ec.SECP384R1())
RSA = rsa.generate_private_key(65537, 2048)
SPKI = PublicFormat.SubjectPublicKeyInfo
RAW = ED25519.public_key().public_bytes_raw()
ED25519_DER = ED25519.public_key().public_bytes(Encoding.DER, SPKI)
ED25519_PEM = ED25519.public_key().public_bytes(Encoding.PEM, SPKI).decode()
P256_DER = P256.public_key().public_bytes(Encoding.DER, SPKI)
P256_PEM = P256.public_key().public_bytes(Encoding.PEM, SPKI).decode()
ECDSA = ec.ECDSA(SHA256())

# RFC 8032, 7.1: public key, message, signature.
RFC_8032 = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
        "d25bf5f0595bbe24655141438e7a100b",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
        "387b2eaeb4302aeeb00d291612bb0c00",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
        "4a7c15e9716ed28dc027beceea1ec40a",
    ),
]


def key_of(text: str, scheme: PublicKeyScheme) -> PublicKey:
    key = parse_public_key(text, scheme)
    assert not isinstance(key, str), key
    return key


ED25519_KEYS = PublicKeys("ed25519", (key_of(RAW.hex(), "ed25519"),))
P256_KEYS = PublicKeys("ecdsa-p256", (key_of(P256_PEM, "ecdsa-p256"),))


def auth(keys: PublicKeys, **settings: object) -> SignatureAuth:
    return SignatureAuth((), ("X-Sig",), encoding="base64", public_keys=keys, **settings)  # type: ignore[arg-type]


def verify(verifier: SignatureAuth, signature: bytes | str, body: bytes = b"{}") -> AuthStep:
    value = signature if isinstance(signature, str) else base64.b64encode(signature).decode()
    return verifier.verify(delivery({"X-Sig": value}, body), NOW)


# --- the primitives ---------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "message", "signature"), RFC_8032)
def test_the_vectors_of_rfc_8032_pass(key: str, message: str, signature: str) -> None:
    keys = PublicKeys("ed25519", (key_of(key, "ed25519"),))
    assert keys.matching([bytes.fromhex(signature)], bytes.fromhex(message)) == 0
    assert keys.matching([bytes.fromhex(signature)], bytes.fromhex(message) + b"\0") is None


@given(st.binary(max_size=200))
def test_any_body_that_is_signed_passes(body: bytes) -> None:
    assert verify(auth(ED25519_KEYS), ED25519.sign(body), body).passed
    assert verify(auth(P256_KEYS), P256.sign(body, ECDSA), body).passed


@given(st.integers(0, 63), st.integers(1, 255))
def test_a_signature_that_differs_in_one_byte_fails(index: int, change: int) -> None:
    signature = bytearray(ED25519.sign(b"{}"))
    signature[index] ^= change
    assert verify(auth(ED25519_KEYS), bytes(signature)).reason == "X-Sig does not match"


@given(st.binary(min_size=64, max_size=64), st.binary(min_size=8, max_size=72))
def test_any_other_bytes_fail_and_never_raise(ed25519_like: bytes, der_like: bytes) -> None:
    assert ED25519_KEYS.matching([ed25519_like], b"{}") is None
    assert P256_KEYS.matching([der_like], b"{}") is None


def test_a_signature_with_another_hash_fails() -> None:
    assert not verify(auth(P256_KEYS), P256.sign(b"{}", ec.ECDSA(SHA512()))).passed


@pytest.mark.parametrize(
    ("keys", "signature", "reason"),
    [
        (ED25519_KEYS, bytes(63), "X-Sig is malformed: not base64 of 64 bytes"),
        (ED25519_KEYS, bytes(65), "X-Sig is malformed: not base64 of 64 bytes"),
        (ED25519_KEYS, "é", "X-Sig is malformed: not base64 of 64 bytes"),
        (ED25519_KEYS, "", "X-Sig holds no signature"),
        (P256_KEYS, bytes(7), "X-Sig is malformed: not base64 of 8 to 72 bytes"),
        (P256_KEYS, bytes(73), "X-Sig is malformed: not base64 of 8 to 72 bytes"),
        (P256_KEYS, bytes(64), "X-Sig does not match"),
    ],
)
def test_what_cannot_be_a_signature_is_told_apart(
    keys: PublicKeys, signature: bytes | str, reason: str
) -> None:
    assert verify(auth(keys), signature).reason == reason


# --- in a delivery ----------------------------------------------------------------------------


def test_the_key_that_matched_is_named_by_its_index() -> None:
    other = ed25519.Ed25519PrivateKey.generate().public_key()
    keys = PublicKeys("ed25519", (other, ED25519.public_key()))
    assert verify(auth(keys), ED25519.sign(b"{}")) == AuthStep(
        "signature", True, "X-Sig matches", 1
    )


def test_without_keys_nothing_passes() -> None:
    assert not verify(auth(PublicKeys("ed25519", ())), ED25519.sign(b"{}")).passed


def test_secrets_are_not_looked_at_where_there_are_public_keys() -> None:
    verifier = SignatureAuth((b"key",), ("X-Sig",), public_keys=ED25519_KEYS)
    by_secret = rfc2104(b"key", b"{}").hex()
    assert verify(SignatureAuth((b"key",), ("X-Sig",)), by_secret).passed
    assert verify(verifier, by_secret).reason == "X-Sig is malformed: not 128 hex digits"


def test_the_timestamp_is_signed_and_judged() -> None:
    verifier = auth(
        ED25519_KEYS,
        template=Template(("ts", "body")),
        timestamp=Timestamp(header="X-Time", tolerance=300),
    )
    signature = base64.b64encode(ED25519.sign(b"1700000000{}")).decode()
    headers = {"X-Sig": signature, "X-Time": "1700000000"}
    assert verifier.verify(delivery(headers), NOW).passed
    assert "is 301 s old" in verifier.verify(delivery(headers), NOW + 301).reason
    moved = verifier.verify(delivery(headers | {"X-Time": "1700000001"}), NOW)
    assert moved.reason == "X-Sig does not match"


def test_one_good_signature_among_a_few_is_enough_and_a_flood_is_cut_off() -> None:
    verifier = auth(ED25519_KEYS, item_separator=",", prefix="v1a=")
    good = base64.b64encode(ED25519.sign(b"{}")).decode()
    other = base64.b64encode(bytes(64)).decode()

    def passes(before: int) -> bool:
        items = [f"v1a={other}"] * before + [f"v1a={good}"]
        return verify(verifier, ",".join(["v1=x", *items])).passed

    assert passes(MAX_SIGNATURES - 1)
    assert not passes(MAX_SIGNATURES)


# --- reading keys -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        RAW.hex(),
        RAW.hex().upper(),
        base64.b64encode(RAW).decode(),
        base64.b64encode(RAW).decode().rstrip("="),
        ED25519_DER.hex(),
        base64.b64encode(ED25519_DER).decode(),
        ED25519_PEM,
        f"\n{ED25519_PEM}\n",
        f" {RAW.hex()}\n",
    ],
)
def test_an_ed25519_key_is_read_however_it_is_written(text: str) -> None:
    assert parse_public_key(text, "ed25519") == ED25519.public_key()
    assert parse_public_key(text, "ecdsa-p256") == "this is not a P-256 public key"


@pytest.mark.parametrize("text", [P256_PEM, base64.b64encode(P256_DER).decode(), P256_DER.hex()])
def test_a_p256_key_is_read_however_it_is_written(text: str) -> None:
    assert parse_public_key(text, "ecdsa-p256") == P256.public_key()
    assert parse_public_key(text, "ed25519") == "this is not an Ed25519 public key"


def test_a_prefix_is_dropped_from_a_key() -> None:
    text = f"whpk_{base64.b64encode(RAW).decode()}"
    assert parse_public_key(text, "ed25519", "whpk_") == ED25519.public_key()
    assert isinstance(parse_public_key(text, "ed25519"), str)


PKCS8 = ED25519.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "key",
        RAW.hex()[:-2],
        RAW.hex() + "00",
        "é" * 32,
        "-----BEGIN PUBLIC KEY-----",
        ED25519_PEM[:-40],
        PKCS8,
        P384.public_key().public_bytes(Encoding.PEM, SPKI).decode(),
        RSA.public_key().public_bytes(Encoding.PEM, SPKI).decode(),
    ],
)
def test_what_is_no_key_of_the_scheme_is_a_fault_and_never_told(text: str) -> None:
    assert parse_public_key(text, "ed25519") == "this is not an Ed25519 public key"
    assert parse_public_key(text, "ecdsa-p256") == "this is not a P-256 public key"


@given(st.text(st.characters()) | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
def test_reading_a_key_never_raises(text: str) -> None:
    for scheme in ("ed25519", "ecdsa-p256"):
        parse_public_key(text, scheme)
        parse_public_key(f"-----BEGIN {text}", scheme)
