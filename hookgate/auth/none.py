"""``type: none``: anyone may call, which a rules file must say in so many words."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from hookgate.model import AuthStep, Delivery


class NoneAuth(Struct, frozen=True):
    """Passes every delivery."""

    scheme: ClassVar[str] = "none"
    needs_body: ClassVar[bool] = False
    credential_headers: ClassVar[frozenset[str]] = frozenset()
    credential_query: ClassVar[frozenset[str]] = frozenset()
    secret_count: ClassVar[int] = 0

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Pass; see `Verifier.verify`."""
        return AuthStep(self.scheme, passed=True, reason="no credentials are asked for")
