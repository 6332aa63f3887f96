"""What a verifier is: pure code that looks at a delivery and passes it or says why not."""

from __future__ import annotations

from typing import Protocol

from hookgate.model import AuthStep, Delivery


class Verifier(Protocol):
    """One compiled `auth` entry of a source.

    `scheme` is the entry's `type` as it appears in traces and in the start banner. `needs_body`
    tells whether the body has to be there for `verify` to mean anything. The two sets name (in
    lower case for headers) where this verifier's credentials travel, so that they can be kept out
    of the store, of logs and of conditions.
    """

    @property
    def scheme(self) -> str: ...

    @property
    def needs_body(self) -> bool: ...

    @property
    def credential_headers(self) -> frozenset[str]: ...

    @property
    def credential_query(self) -> frozenset[str]: ...

    @property
    def secret_count(self) -> int:
        """How many secrets it knows; a step's `secret_index` is below that."""
        ...

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Check the delivery's credentials at the time `now` (seconds since the epoch).

        Never raises, whatever the delivery holds; whatever is missing fails.
        """
        ...
