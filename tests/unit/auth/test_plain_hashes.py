"""``scheme: hash``: the plain hash of the secret and what is signed behind it."""

from __future__ import annotations

import hashlib

import pytest

from hookgate.auth.keys import Algorithm, HashKeys, HmacKeys
from hookgate.auth.signature import SignatureAuth
from tests.unit.auth.deliveries import NOW, delivery

SIZES: dict[Algorithm, int] = {"sha1": 20, "sha256": 32, "sha512": 64}


@pytest.mark.parametrize("algorithm", SIZES)
def test_the_secret_stands_before_what_is_signed(algorithm: Algorithm) -> None:
    keys = HashKeys((b"first", b"second"), algorithm)
    signature = hashlib.new(algorithm, b"secondtext").digest()
    assert keys.matching([signature], b"text") == 1
    assert keys.matching([signature], b"texts") is None
    assert len(signature) in keys.sizes
    assert len(signature) + 1 not in keys.sizes


def test_the_first_secret_that_matches_is_told() -> None:
    signature = hashlib.sha256(b"secrettext").digest()
    assert HashKeys((b"x", b"secret", b"secret")).matching([signature], b"text") == 1


def test_an_empty_secret_matches_nothing() -> None:
    assert HashKeys((b"",)).matching([hashlib.sha256(b"text").digest()], b"text") is None
    assert HashKeys(()).matching([b""], b"") is None


def test_a_hash_is_no_hmac_and_an_hmac_no_hash() -> None:
    plain = hashlib.sha256(b"keytext").digest()
    assert HmacKeys((b"key",)).matching([plain], b"text") is None
    headers = {"X-Sig": plain.hex()}
    assert (
        SignatureAuth((b"key",), ("X-Sig",), keyed=False)
        .verify(delivery(headers, b"text"), NOW)
        .passed
    )
    assert not SignatureAuth((b"key",), ("X-Sig",)).verify(delivery(headers, b"text"), NOW).passed


def test_one_who_verified_before_leaves_no_trace() -> None:
    keys = HashKeys((b"key",))
    signature = hashlib.sha256(b"keytext").digest()
    assert [keys.matching([signature], b"text") for _ in range(2)] == [0, 0]


def test_neither_shows_its_secret() -> None:
    assert "kx8Q" not in repr(HashKeys((b"kx8Q",)))
