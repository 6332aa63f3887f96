"""``type: ip``: the caller's address is in an allowed network."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from hookgate.auth.addresses import Network, parse_address, within
from hookgate.model import AuthStep, Delivery


class IpAuth(Struct, frozen=True):
    """Passes a delivery whose peer, seen through trusted proxies, is in one of `networks`."""

    networks: tuple[Network, ...]

    scheme: ClassVar[str] = "ip"
    needs_body: ClassVar[bool] = False
    credential_headers: ClassVar[frozenset[str]] = frozenset()
    credential_query: ClassVar[frozenset[str]] = frozenset()
    secret_count: ClassVar[int] = 0

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Look the peer up in the networks; see `Verifier.verify`."""
        address = parse_address(delivery.peer)
        if address is None:
            return AuthStep(self.scheme, passed=False, reason="the caller has no IP address")
        allowed = within(address, self.networks)
        state = "is allowed" if allowed else "is not in an allowed network"
        return AuthStep(self.scheme, passed=allowed, reason=f"{address} {state}")
