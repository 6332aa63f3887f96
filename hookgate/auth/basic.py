"""``type: basic``: a user name and a password in the Authorization header (RFC 7617)."""

from __future__ import annotations

import hmac
from dataclasses import dataclass, field
from typing import ClassVar

from hookgate.auth.encodings import from_base64
from hookgate.auth.headers import after_scheme
from hookgate.auth.secrets import matching_index
from hookgate.model import AuthStep, Delivery


@dataclass(frozen=True, slots=True)
class BasicAuth:
    """Passes a delivery that presents `username` with one of `passwords`."""

    username: bytes = field(repr=False)
    passwords: tuple[bytes, ...] = field(repr=False)

    scheme: ClassVar[str] = "basic"
    needs_body: ClassVar[bool] = False
    credential_headers: ClassVar[frozenset[str]] = frozenset({"authorization"})
    credential_query: ClassVar[frozenset[str]] = frozenset()

    @property
    def secret_count(self) -> int:
        """One for each password."""
        return len(self.passwords)

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Compare user name and password, each in any case; see `Verifier.verify`."""
        presented = _presented(delivery)
        if isinstance(presented, str):
            return AuthStep(self.scheme, passed=False, reason=presented)
        username, password = presented
        # Both are compared, so that the time does not tell whether the user name exists.
        known = hmac.compare_digest(username, self.username)
        index = matching_index((password,), self.passwords)
        if not known or index is None:
            reason = "the user name or the password in Authorization does not match"
            return AuthStep(self.scheme, passed=False, reason=reason)
        return AuthStep(
            self.scheme, passed=True, reason="Authorization matches", secret_index=index
        )


def _presented(delivery: Delivery) -> tuple[bytes, bytes] | str:
    """The user name and the password that are presented, or why there are none."""
    encoded = after_scheme(delivery.headers, "basic")
    if not encoded:
        return "no Authorization: Basic header"
    decoded = from_base64(encoded)
    if decoded is None:
        return "Authorization is not valid base64"
    username, colon, password = decoded.partition(b":")
    return (username, password) if colon else "Authorization holds no colon after the user name"
