"""JWK Sets (RFC 7517): public keys by their ids, and which algorithms of RFC 7518 each can serve.

Imported only where a source needs it, for the libraries that it stands on are optional ones.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    SECP384R1,
    SECP521R1,
    EllipticCurve,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from msgspec import Struct

from hookgate.auth.jose import parse_object
from hookgate.model import JSON

PublicKey: TypeAlias = RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey

MAX_BYTES = 256 * 1024
"""How large a key set may be that is fetched."""

MAX_AGE = 3600.0
"""For how many seconds a fetched key set is used before it is fetched again."""

MAX_KEYS = 100
"""How many keys of a set are looked at."""

_LEAST_RSA_BITS = 2048
_CURVES: Mapping[str, type[EllipticCurve]] = {
    "ES256": SECP256R1,
    "ES384": SECP384R1,
    "ES512": SECP521R1,
}


class JsonWebKey(Struct, frozen=True):
    """A public key of a set. `algorithm` is the only one that it is for, where it says so."""

    id: str | None
    algorithm: str | None
    key: PublicKey

    def serves(self, algorithm: str) -> bool:
        """Whether it is a key for this algorithm, and one that is long enough (RFC 7518, 3)."""
        if self.algorithm not in (None, algorithm):
            return False
        match self.key:
            case RSAPublicKey():
                return algorithm[:2] in ("RS", "PS") and self.key.key_size >= _LEAST_RSA_BITS
            case EllipticCurvePublicKey():
                return _CURVES.get(algorithm) is type(self.key.curve)
            case Ed25519PublicKey():
                return algorithm == "EdDSA"


class KeySet(Struct, frozen=True):
    """The public keys of one issuer."""

    keys: tuple[JsonWebKey, ...]

    def candidates(self, key_id: str | None, algorithm: str) -> list[JsonWebKey]:
        """The keys of an id, or all where a token names none, that serve an algorithm."""
        return [
            key
            for key in self.keys
            if (key_id is None or key.id == key_id) and key.serves(algorithm)
        ]


def parse_key_set(content: bytes) -> KeySet | None:
    """The public keys for signatures in a set, without its other keys; None where it has none."""
    found = parse_object(content)
    entries = None if found is None else found.get("keys")
    if not isinstance(entries, list):
        return None
    keys = tuple(key for key in map(_key, entries[:MAX_KEYS]) if key is not None)
    return KeySet(keys) if keys else None


def _key(entry: JSON) -> JsonWebKey | None:
    if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
        return None
    key_id, algorithm = entry.get("kid"), entry.get("alg")
    try:
        key = jwt.PyJWK(entry).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if not isinstance(key, PublicKey):  # a shared secret, or a private key, is no public key
        return None
    return JsonWebKey(
        id=key_id if isinstance(key_id, str) else None,
        algorithm=algorithm if isinstance(algorithm, str) else None,
        key=key,
    )
