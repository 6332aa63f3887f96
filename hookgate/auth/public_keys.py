"""Public keys: Ed25519 (RFC 8032) and ECDSA on P-256 with SHA-256 (FIPS 186-5).

Imported only where a source needs it, for the library that it stands on is an optional one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_public_key
from msgspec import Struct

from hookgate.auth.encodings import from_base64, from_hex, text_bytes

PublicKeyScheme: TypeAlias = Literal["ed25519", "ecdsa-p256"]
PublicKey: TypeAlias = Ed25519PublicKey | EllipticCurvePublicKey

MAX_SIGNATURES = 8
"""How many signatures of one delivery are checked: each costs a pass over the whole body."""

_SIZES: dict[PublicKeyScheme, range] = {
    "ed25519": range(64, 65),
    # DER: two integers of at most 33 bytes, and 6 bytes around them.
    "ecdsa-p256": range(8, 73),
}
_ED25519_KEY_SIZE = 32
_PEM = "-----BEGIN "
_SHA256 = ECDSA(SHA256())


class PublicKeys(Struct, frozen=True):
    """Public keys of one scheme."""

    scheme: PublicKeyScheme
    keys: tuple[PublicKey, ...]

    def __len__(self) -> int:
        """One for each key."""
        return len(self.keys)

    @property
    def sizes(self) -> range:
        """64 bytes for Ed25519, and whatever DER comes to for ECDSA."""
        return _SIZES[self.scheme]

    def matching(self, signatures: Sequence[bytes], signed: bytes) -> int | None:
        """Verify the first `MAX_SIGNATURES` under each key; see `Keys.matching`."""
        for index, key in enumerate(self.keys):
            if any(_verifies(key, one, signed) for one in signatures[:MAX_SIGNATURES]):
                return index
        return None


def parse_public_key(text: str, scheme: PublicKeyScheme, strip_prefix: str = "") -> PublicKey | str:
    """Read a public key as its sender gives it out, or say, as text, what is wrong with it.

    That is PEM, or hex or base64 of either the SubjectPublicKeyInfo in DER (RFC 5280, 4.1) or, for
    Ed25519, the bare 32 bytes. `strip_prefix` is dropped where the text begins with it.
    """
    key = _read(text.removeprefix(strip_prefix).strip())
    if scheme == "ed25519":
        return key if isinstance(key, Ed25519PublicKey) else "this is not an Ed25519 public key"
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return key
    return "this is not a P-256 public key"


def _read(text: str) -> object:
    """Whatever public key the text holds; None for none."""
    try:
        if text.startswith(_PEM):
            return load_pem_public_key(text_bytes(text))
        # Hex comes first: 64 of its digits are base64 as well, but of 48 bytes, which no key has.
        raw = from_hex(text) or from_base64(text) or b""
        if len(raw) == _ED25519_KEY_SIZE:
            return Ed25519PublicKey.from_public_bytes(raw)
        return load_der_public_key(raw)
    except (ValueError, UnsupportedAlgorithm):
        return None


def _verifies(key: PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        if isinstance(key, Ed25519PublicKey):
            key.verify(signature, signed)
        else:
            key.verify(signature, signed, _SHA256)
    except InvalidSignature:
        return False
    return True
