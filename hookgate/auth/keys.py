"""What a signature is checked with: keys, and HMAC with shared secrets (RFC 2104) among them.

The public keys of asymmetric schemes are in `public_keys`, which needs a library of its own.
"""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

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


@dataclass(frozen=True, slots=True)
class HmacKeys:
    """Shared secrets; the signature is their HMAC with the hash `algorithm`."""

    secrets: tuple[bytes, ...] = field(repr=False)
    algorithm: Algorithm = "sha256"

    # For each secret the HMAC as far as it does not depend on what is signed (RFC 2104, 4). None
    # for an empty secret: it is one that everybody knows, and nothing may be compared with it.
    _begun: tuple[hmac.HMAC | None, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        begun = [hmac.new(s, digestmod=self.algorithm) if s else None for s in self.secrets]
        object.__setattr__(self, "_begun", tuple(begun))

    def __len__(self) -> int:
        """One for each secret."""
        return len(self.secrets)

    @property
    def sizes(self) -> range:
        """The size of the hash alone."""
        size = _DIGEST_SIZE[self.algorithm]
        return range(size, size + 1)

    def matching(self, signatures: Sequence[bytes], signed: bytes) -> int | None:
        """Compare the digest under each secret in constant time; see `Keys.matching`."""
        first = None
        for index, begun in enumerate(self._begun):
            if begun is None:
                continue
            whole = begun.copy()
            whole.update(signed)
            if matching(signatures, whole.digest()) and first is None:
                first = index
        return first


NO_KEYS = HmacKeys(())
"""Keys that nobody can have signed with."""
