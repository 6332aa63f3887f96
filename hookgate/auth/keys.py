"""What a signature is checked with: keys, and shared secrets among them, by HMAC (RFC 2104).

The public keys of asymmetric schemes are in `public_keys`, which needs a library of its own.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, Self, TypeAlias

from hookgate.auth.secrets import matching

Algorithm: TypeAlias = Literal["sha1", "sha256", "sha512"]

_DIGEST_SIZE: dict[Algorithm, int] = {"sha1": 20, "sha256": 32, "sha512": 64}


class Keys(Protocol):
    """Keys of one kind, any of which may have signed."""

    @property
    def sizes(self) -> range:
        """How many bytes a signature may have."""
        ...

    def __len__(self) -> int:
        """How many keys there are."""
        ...

    def matching(self, signatures: Sequence[bytes], signed: bytes) -> int | None:
        """The index of the first key that one of the signatures of `signed` was made with.

        Never raises; without keys nothing matches.
        """
        ...


class _Digest(Protocol):
    """A digest that has been begun and can be taken on from there, any number of times."""

    def copy(self) -> Self: ...

    def update(self, data: bytes, /) -> None: ...

    def digest(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class HmacKeys:
    """Shared secrets; the signature is their HMAC with the hash `algorithm`."""

    secrets: tuple[bytes, ...] = field(repr=False)
    algorithm: Algorithm = "sha256"

    # For each secret the HMAC as far as it does not depend on what is signed (RFC 2104, 4). None
    # for an empty secret: it is one that everybody knows, and nothing may be compared with it.
    _begun: tuple[_Digest | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        begun = [hmac.new(s, digestmod=self.algorithm) if s else None for s in self.secrets]
        object.__setattr__(self, "_begun", tuple(begun))

    def __len__(self) -> int:
        """One for each secret."""
        return len(self.secrets)

    @property
    def sizes(self) -> range:
        """The size of the hash alone."""
        return _size(self.algorithm)

    def matching(self, signatures: Sequence[bytes], signed: bytes) -> int | None:
        """Compare the digest under each secret in constant time; see `Keys.matching`."""
        return _matching(self._begun, signatures, signed)


@dataclass(frozen=True, slots=True)
class HashKeys:
    """Shared secrets; the signature is the plain hash of a secret with what is signed behind it.

    Weaker than HMAC: whoever has seen a signature can make that of a longer text, without the
    secret. Such a text holds the padding of the first, which is not UTF-8, and no body that is not
    UTF-8 is read. It is there for senders that have nothing better.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    algorithm: Algorithm = "sha256"

    _begun: tuple[_Digest | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        begun = [hashlib.new(self.algorithm, s) if s else None for s in self.secrets]
        object.__setattr__(self, "_begun", tuple(begun))

    def __len__(self) -> int:
        """One for each secret."""
        return len(self.secrets)

    @property
    def sizes(self) -> range:
        """The size of the hash alone."""
        return _size(self.algorithm)

    def matching(self, signatures: Sequence[bytes], signed: bytes) -> int | None:
        """Compare the digest under each secret in constant time; see `Keys.matching`."""
        return _matching(self._begun, signatures, signed)


def _size(algorithm: Algorithm) -> range:
    size = _DIGEST_SIZE[algorithm]
    return range(size, size + 1)


def _matching(
    begun: Sequence[_Digest | None], signatures: Sequence[bytes], signed: bytes
) -> int | None:
    """The index of the first secret whose digest is among the signatures; all are compared."""
    first = None
    for index, digest in enumerate(begun):
        if digest is None:
            continue
        whole = digest.copy()
        whole.update(signed)
        if matching(signatures, whole.digest()) and first is None:
            first = index
    return first


NO_KEYS = HmacKeys(())
"""Keys that nobody can have signed with."""
