"""Bearer tokens: made with PyJWT and by hand, with real keys."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from typing import Any

import jwt as pyjwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hookgate.auth.jwt import JwtAuth
from hookgate.auth.key_sets import MAX_KEYS, KeySet, parse_key_set
from hookgate.auth.material import Fetched, Given
from hookgate.model import AuthStep
from tests.certificates import rsa_key
from tests.unit.auth.deliveries import NOW, delivery

URL = "https://issuer.example/keys"
KEY, OTHER = rsa_key("issuer"), rsa_key("another issuer")
CLAIMS = {
    "iss": "https://issuer.example",
    "aud": "https://hooks.example.com/push",
    "sub": "1234567890",
    "email": "push@project.example",
    "email_verified": True,
    "iat": NOW - 10,
    "exp": NOW + 3590,
}
ASKED = (("email", "push@project.example"), ("email_verified", True))


def unpadded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwk(key: RSAPrivateKey = KEY, **more: Any) -> dict[str, Any]:
    """The public half of an RSA key (RFC 7518, 6.3.1), written out."""
    numbers = key.public_key().public_numbers()

    def number(value: int) -> str:
        return unpadded(value.to_bytes((value.bit_length() + 7) // 8, "big"))

    return {"kty": "RSA", "kid": "k1", "n": number(numbers.n), "e": number(numbers.e), **more}


def key_set(*keys: dict[str, Any]) -> bytes:
    return json.dumps({"keys": keys or [jwk()]}).encode()


def given_keys(*keys: dict[str, Any]) -> Given[KeySet]:
    parsed = parse_key_set(key_set(*keys))
    assert parsed is not None
    return Given(parsed)


def token(
    key: Any = KEY, algorithm: str = "RS256", head: dict[str, Any] | None = None, **changes: Any
) -> str:
    """A token of the issuer with some claims changed; ... leaves one out."""
    claims = {k: v for k, v in {**CLAIMS, **changes}.items() if v is not ...}
    return pyjwt.encode(claims, key, algorithm, {"kid": "k1"} if head is None else head)


def by_hand(head: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = [unpadded(json.dumps(part).encode()) for part in (head, claims)]
    return ".".join([*parts, unpadded(signature)])


AUTH = JwtAuth(
    issuers=("https://issuer.example", "issuer.example"),
    audiences=("https://hooks.example.com/push", "push"),
    claims=ASKED,
    keys=given_keys(),
    url=URL,
)


def verified(presented: str, verifier: JwtAuth = AUTH, now: float = NOW) -> AuthStep:
    return verifier.verify(delivery({"Authorization": f"Bearer {presented}"}), now)


# --- what passes ------------------------------------------------------------------------------


def test_a_token_passes() -> None:
    assert verified(token()) == AuthStep("jwt", True, "the token is signed, for us and in time")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "issuer.example"},
        {"aud": "push"},
        {"aud": ["somebody else", "push"]},
        {"nbf": NOW},
        {"iat": ...},
        {"exp": NOW + 0.5},
    ],
    ids=str,
)
def test_any_issuer_and_audience_of_the_lists_will_do(changes: dict[str, Any]) -> None:
    assert verified(token(**changes)).passed


def elliptic(algorithm: str, curve: ec.EllipticCurve) -> tuple[Any, dict[str, Any]]:
    key = ec.generate_private_key(curve)
    return key, {**json.loads(pyjwt.get_algorithm_by_name(algorithm).to_jwk(key.public_key()))}


@pytest.mark.parametrize(
    ("algorithm", "curve"),
    [("ES256", ec.SECP256R1()), ("ES384", ec.SECP384R1()), ("ES512", ec.SECP521R1())],
    ids=lambda value: getattr(value, "name", value),
)
def test_each_elliptic_algorithm_needs_a_key_on_its_curve(
    algorithm: str, curve: ec.EllipticCurve
) -> None:
    key, public = elliptic(algorithm, curve)
    verifier = replace(AUTH, algorithms=(algorithm,), keys=given_keys({**public, "kid": "k1"}))
    assert verified(token(key, algorithm), verifier).passed
    _, other = elliptic("ES256", ec.SECP256R1() if algorithm != "ES256" else ec.SECP384R1())
    elsewhere = replace(verifier, keys=given_keys({**other, "kid": "k1"}))
    step = verified(token(key, algorithm), elsewhere)
    assert step.reason == "the key that the token was signed with is not known"


@pytest.mark.parametrize("algorithm", ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"])
def test_each_rsa_algorithm_passes_where_it_is_allowed(algorithm: str) -> None:
    presented = token(algorithm=algorithm)
    assert verified(presented, replace(AUTH, algorithms=("EdDSA", algorithm))).passed
    assert verified(presented).passed == (algorithm == "RS256")


def test_eddsa_passes_where_it_is_allowed() -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    public = unpadded(key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw))
    keys = given_keys({"kty": "OKP", "crv": "Ed25519", "x": public, "kid": "k1"})
    assert verified(token(key, "EdDSA"), replace(AUTH, algorithms=("EdDSA",), keys=keys)).passed
    assert not verified(token(key, "EdDSA"), replace(AUTH, keys=keys)).passed


def test_a_token_that_names_no_key_is_tried_with_those_that_there_are() -> None:
    keys = given_keys(jwk(OTHER), jwk(kid="k2"))
    presented = token(head={})
    assert verified(presented, replace(AUTH, keys=keys)).passed
    assert not verified(presented, replace(AUTH, keys=given_keys(jwk(OTHER)))).passed


# --- what it claims ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": ...},
        {"iss": "https://issuer.example/"},
        {"iss": "https://evil.example"},
        {"aud": ...},
        {"aud": "https://hooks.example.com"},
        {"aud": []},
        {"aud": ["https://hooks.example.com/push/"]},
        {"aud": [["push"]]},
        {"email": ...},
        {"email": "evil@project.example"},
        {"email": ["push@project.example"]},
        {"email_verified": ...},
        {"email_verified": False},
        {"email_verified": 1},
        {"email_verified": "true"},
        {"exp": ...},
        {"exp": None},
        {"exp": True},
        {"exp": [NOW + 1]},
        {"exp": NOW - 31},
        {"exp": -1},
        {"exp": 1e300},
        {"exp": 10**400},
        {"nbf": NOW + 31},
    ],
    ids=lambda changes: str(changes)[:60],
)
def test_a_token_that_claims_anything_else_is_rejected(changes: dict[str, Any]) -> None:
    claims = {k: v for k, v in {**CLAIMS, **changes}.items() if v is not ...}
    text = f"{by_hand({'alg': 'RS256', 'kid': 'k1'}, claims).rpartition('.')[0]}"
    signature = pyjwt.get_algorithm_by_name("RS256").sign(text.encode(), KEY)
    assert not verified(f"{text}.{unpadded(signature)}").passed


def test_a_claim_that_is_a_number_is_no_other_number_and_no_boolean() -> None:
    verifier = replace(AUTH, claims=(("level", 1),))
    assert verified(token(level=1), verifier).passed
    for other in (2, True, 1.0, "1"):
        assert not verified(token(level=other), verifier).passed


def test_a_token_passes_to_the_end_of_its_leeway_and_not_beyond() -> None:
    expiring = token(exp=NOW, nbf=NOW)
    assert [verified(expiring, now=NOW + t).passed for t in (-31, -30, 0, 30, 31)] == [
        False,
        True,
        True,
        True,
        False,
    ]
    strict = replace(AUTH, leeway=1.0)
    assert not verified(expiring, strict, NOW + 2).passed


# --- how it is signed -------------------------------------------------------------------------


def test_a_token_that_is_not_signed_is_rejected() -> None:
    for algorithm in ("none", "None", "NONE", ""):
        step = verified(by_hand({"alg": algorithm, "kid": "k1"}, CLAIMS, b"x"))
        assert step.reason == "the token is not signed with RS256"
    assert not verified(by_hand({"alg": "none"}, CLAIMS)).passed


def test_a_public_key_is_no_shared_secret() -> None:
    """The attack on libraries that let a token choose what the key of its issuer is for."""
    pem = KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (pem, pem.strip(), key_set()):
        text = by_hand({"alg": "HS256", "kid": "k1"}, CLAIMS).rpartition(".")[0]
        signature = hmac.digest(secret, text.encode(), hashlib.sha256)
        for algorithms in (("RS256",), ("HS256",), ("RS256", "HS256")):
            verifier = replace(AUTH, algorithms=algorithms)
            assert not verified(f"{text}.{unpadded(signature)}", verifier).passed


def test_a_shared_secret_in_a_key_set_is_no_key() -> None:
    keys = key_set(jwk(), {"kty": "oct", "kid": "k2", "k": unpadded(b"secret" * 8)})
    parsed = parse_key_set(keys)
    assert parsed is not None
    assert [key.id for key in parsed.keys] == ["k1"]


def test_a_token_that_is_spoiled_is_rejected() -> None:
    whole = token()
    parts = whole.rpartition(".")[0]
    for presented in (
        token(OTHER),
        f"{whole[:-4]}AAAA",
        f"{parts}.",
        parts,
        f"{whole}.",
        f"{whole}.e30",
        f"{whole}=",
        f"{whole}\n",
        whole.replace(".", "..", 1),
        f"{whole}, {whole}",
        "",
        "a.b.c",
        "..",
        "e30.e30.e30",
        "W10.W10.W10",
        f"{'A' * 20_000}.e30.e30",
        "é.é.é",
    ):
        assert not verified(presented).passed, presented


@pytest.mark.parametrize(
    "head",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"kid": 1},
        {"kid": ["k1"]},
        {"alg": ["RS256"]},
        {"alg": None},
    ],
    ids=str,
)
def test_a_header_that_is_not_understood_spoils_the_token(head: dict[str, Any]) -> None:
    text = by_hand({"alg": "RS256", "kid": "k1", **head}, CLAIMS).rpartition(".")[0]
    signature = pyjwt.get_algorithm_by_name("RS256").sign(text.encode(), KEY)
    step = verified(f"{text}.{unpadded(signature)}")
    assert not step.passed
    if "alg" not in head:
        assert step.reason == "the token has a header that is not understood"


def test_a_key_that_comes_with_the_token_is_not_used() -> None:
    head = {"kid": "evil", "jwk": jwk(OTHER), "jku": "https://evil.example/keys", "x5u": "x"}
    assert not verified(token(OTHER, head=head)).passed


@pytest.mark.parametrize("header", [{}, {"Authorization": ""}, {"Authorization": "Basic YTpi"}])
def test_no_token_is_rejected(header: dict[str, str]) -> None:
    step = AUTH.verify(delivery(header), NOW)
    assert step.reason == "no Authorization: Bearer header"


def test_a_token_anywhere_else_is_not_looked_for() -> None:
    presented = token()
    elsewhere = delivery({"X-Webhook-Token": presented}, query={"access_token": presented})
    assert not AUTH.verify(elsewhere, NOW).passed


# --- which keys -------------------------------------------------------------------------------


def test_a_key_that_is_for_something_else_is_not_used() -> None:
    for more in ({"use": "enc"}, {"alg": "RS512"}, {"alg": "RSA-OAEP"}, {"kid": "k2"}):
        keys = key_set(jwk(OTHER, kid="k0"), {**jwk(), **more})
        parsed = parse_key_set(keys)
        assert parsed is not None
        assert not verified(token(), replace(AUTH, keys=Given(parsed))).passed, more


def test_a_short_rsa_key_is_not_used() -> None:
    weak = rsa_key("weak", 1024)
    text = by_hand({"alg": "RS256", "kid": "k1"}, CLAIMS).rpartition(".")[0]
    presented = f"{text}.{unpadded(weak.sign(text.encode(), PKCS1v15(), SHA256()))}"
    step = verified(presented, replace(AUTH, keys=given_keys(jwk(weak))))
    assert step.reason == "the key that the token was signed with is not known"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"keys": []}',
        b'{"keys": {}}',
        b'{"keys": [1, null, {}, {"kty": "RSA"}, {"kty": ["RSA"]}, {"kty": "EC", "crv": "x"}]}',
        b'{"keys": NaN}',
        b"\xff",
        b"[" * 100_000,
        KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_no_key_set_is_none(content: bytes) -> None:
    assert parse_key_set(content) is None


def test_of_a_key_set_so_many_keys_are_looked_at_and_no_more() -> None:
    parsed = parse_key_set(key_set(*[jwk(kid=str(number)) for number in range(MAX_KEYS + 1)]))
    assert parsed is not None
    assert len(parsed.keys) == MAX_KEYS


def test_a_private_key_in_a_key_set_is_not_used() -> None:
    private = json.loads(pyjwt.get_algorithm_by_name("RS256").to_jwk(KEY))
    assert parse_key_set(key_set({**private, "kid": "k1"})) is None


# --- keys that are fetched --------------------------------------------------------------------


def fetching() -> JwtAuth:
    return replace(AUTH, keys=Fetched(parse_key_set, 10_000, 3600.0))


def test_what_can_be_refused_without_a_key_asks_for_none() -> None:
    for presented in (
        token(iss="https://evil.example"),
        token(aud="evil"),
        token(email="evil"),
        token(exp=NOW - 100),
        token(algorithm="RS512"),
        by_hand({"alg": "none"}, CLAIMS, b"x"),
    ):
        step = verified(presented, fetching())
        assert (step.passed, step.wants) == (False, None)


def test_keys_that_are_not_known_are_wanted_from_the_configured_address_alone() -> None:
    step = verified(token(head={"kid": "k1", "jku": "https://evil.example/keys"}), fetching())
    assert step.wants is not None
    assert (step.wants.url, step.wants.known_at) == (URL, None)


def test_another_key_id_wants_newer_keys_and_a_wrong_signature_wants_nothing() -> None:
    verifier = fetching()
    wanted = verifier.keys.wanted(URL)
    assert wanted is not None
    assert wanted.learn(key_set(), NOW)
    assert verified(token(), verifier).passed
    assert verified(token(OTHER), verifier).wants is None
    rotated = verified(token(OTHER, head={"kid": "k2"}), verifier)
    assert rotated.wants is not None
    assert rotated.wants.known_at == NOW
    assert rotated.wants.learn(key_set(jwk(OTHER, kid="k2")), NOW + 100)
    assert verified(token(OTHER, head={"kid": "k2"}), verifier, NOW + 100).passed


def test_a_reason_holds_nothing_of_the_token() -> None:
    canary = "canary-5f2a"
    for presented in (
        token(iss=canary),
        token(aud=canary),
        token(email=canary),
        token(head={"kid": canary}),
        by_hand({"alg": canary}, CLAIMS, b"x"),
        canary,
    ):
        assert canary not in verified(presented).reason


ANYTHING = st.text(st.characters(), max_size=60)
PARTS = st.binary(max_size=60).map(unpadded) | ANYTHING


@given(st.lists(PARTS, min_size=2, max_size=4))
def test_whatever_is_presented_it_is_rejected_and_never_raises(parts: list[str]) -> None:
    assert not verified(".".join(parts)).passed


VALUES = st.none() | st.booleans() | st.floats() | st.integers() | ANYTHING | st.lists(ANYTHING)


@given(
    st.dictionaries(st.sampled_from(["kid", "typ", "crit", "b64", "zip", "jwk"]), VALUES),
    st.dictionaries(st.sampled_from([*CLAIMS, "nbf"]), VALUES, min_size=1),
    st.binary(max_size=300),
)
def test_whatever_it_claims_without_a_signature_it_is_rejected_and_never_raises(
    head: dict[str, Any], claims: dict[str, Any], signature: bytes
) -> None:
    presented = by_hand({"alg": "RS256", "kid": "k1", **head}, {**CLAIMS, **claims}, signature)
    assert not verified(presented).passed
