"""``type: client_state``: a secret that the sender repeats in every item of the body.

Microsoft Graph does so with the ``clientState`` that a subscription was made with ("Receive change
notifications through webhooks" in its documentation). Nothing is signed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from hookgate.auth.encodings import text_bytes
from hookgate.auth.payloads import PayloadReader, every_item, list_inside, text_inside
from hookgate.auth.secrets import matching_index
from hookgate.model import JSON, AuthStep, Delivery


@dataclass(frozen=True, slots=True)
class ClientStateAuth:
    """Passes a delivery in which ``value[].clientState`` is one of `secrets` throughout.

    `payload` reads the body.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    payload: PayloadReader = field(repr=False)

    scheme: ClassVar[str] = "client_state"
    needs_body: ClassVar[bool] = True
    credential_headers: ClassVar[frozenset[str]] = frozenset()
    credential_query: ClassVar[frozenset[str]] = frozenset()

    @property
    def secret_count(self) -> int:
        """One for each secret."""
        return len(self.secrets)

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Compare item by item; see `Verifier.verify`."""
        items = list_inside(self.payload(delivery), "value")
        return every_item(self.scheme, "clientState", items, self._matching)

    def _matching(self, item: JSON) -> int | None:
        return matching_index((text_bytes(text_inside(item, "clientState")),), self.secrets)
