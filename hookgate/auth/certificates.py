"""X.509 certificates (RFC 5280): reading them, what they signed, and whom they lead to.

Imported only where a source needs it, for the library that it stands on is an optional one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal, TypeAlias

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.x509 import (
    Certificate,
    DNSName,
    ExtensionNotFound,
    SubjectAlternativeName,
    load_pem_x509_certificates,
)
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError

RsaHash: TypeAlias = Literal["sha1", "sha256"]
Certificates: TypeAlias = tuple[Certificate, ...]

MAX_BYTES = 64 * 1024
"""How large a file of certificates may be that is fetched."""

MAX_AGE = 24 * 3600.0
"""For how many seconds fetched certificates are used before they are fetched again."""

LEAST_RSA_BITS = 2048
"""The least size of an RSA key that is believed (NIST SP 800-131A)."""

_HASHES = {"sha1": SHA1(), "sha256": SHA256()}  # noqa: S303 - a sender's choice, not ours


def read_certificates(content: bytes) -> Certificates | None:
    """The certificates in PEM, in the order of the file; None where there are none."""
    try:
        return tuple(load_pem_x509_certificates(content)) or None
    except ValueError:
        return None


def is_valid(certificate: Certificate, now: float) -> bool:
    """Whether the time `now` is within the validity of the certificate."""
    begin, end = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    return begin.timestamp() <= now <= end.timestamp()


def signed_by(certificate: Certificate, signature: bytes, signed: bytes, name: RsaHash) -> bool:
    """Whether the signature is by the RSA key of the certificate (RFC 8017, 8.2)."""
    try:
        key = certificate.public_key()
        if not isinstance(key, RSAPublicKey) or key.key_size < LEAST_RSA_BITS:
            return False
        key.verify(signature, signed, PKCS1v15(), _HASHES[name])
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Roots:
    """Certificates that are trusted, and with them those that they vouch for."""

    trusted: Certificates = field(repr=False)

    _store: Store | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # The library has no store of nothing.
        object.__setattr__(self, "_store", Store(list(self.trusted)) if self.trusted else None)

    def vouch_for(self, chain: Sequence[Certificate], domain: str, now: float) -> bool:
        """Whether the first certificate of `chain` is one for a host in `domain`, and trusted.

        The others may lead from it to a trusted one. The rules are those for HTTPS servers.
        """
        name = next((name for name in _names(chain[0]) if name.endswith(f".{domain}")), None)
        if self._store is None or name is None:
            return False
        builder = PolicyBuilder().store(self._store).time(datetime.fromtimestamp(now, UTC))
        try:
            builder.build_server_verifier(DNSName(name)).verify(chain[0], list(chain[1:]))
        except (VerificationError, ValueError):
            return False
        return True


def _names(certificate: Certificate) -> list[str]:
    """The hosts that a certificate is for."""
    try:
        found = certificate.extensions.get_extension_for_class(SubjectAlternativeName)
    except (ExtensionNotFound, ValueError):
        return []
    return [name.lower() for name in found.value.get_values_for_type(DNSName)]
