"""``type: mailgun``: a time and a random token, signed inside the body.

The signature covers these two and nothing else: whoever has seen one can put any event beside it.
Source: "Securing webhooks" in Mailgun's documentation. Webhooks have the three texts in an object
``signature`` of their JSON, and routes among the fields of their form. For an event of a subaccount
there is a ``parent-signature`` beside the signature, made with the key of the primary account.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import ClassVar

from hookgate.auth.encodings import from_hex, text_bytes
from hookgate.auth.keys import HmacKeys
from hookgate.auth.payloads import PayloadReader, digits_or_text, inside, text_inside
from hookgate.auth.timestamps import Timestamp
from hookgate.model import JSON, AuthStep, Delivery

# Nothing stands between the time and the token. With any other number of digits, the same two
# would be signed as soon as a digit moved from one to the other.
_SECONDS = re.compile(r"[0-9]{10}")
_SIGNATURES = ("signature", "parent-signature")


@dataclass(frozen=True, slots=True)
class MailgunAuth:
    """Passes a delivery whose time and token were signed with one of `secrets`.

    `payload` reads the body. `tolerance` is how far the time may be from now in seconds; None
    allows any.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    payload: PayloadReader = field(repr=False)
    tolerance: float | None = None

    _keys: HmacKeys = field(init=False, repr=False, compare=False)
    _timestamp: Timestamp = field(init=False, repr=False, compare=False)

    scheme: ClassVar[str] = "mailgun"
    needs_body: ClassVar[bool] = True
    credential_headers: ClassVar[frozenset[str]] = frozenset()
    credential_query: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", HmacKeys(self.secrets))
        object.__setattr__(self, "_timestamp", Timestamp(tolerance=self.tolerance))

    @property
    def secret_count(self) -> int:
        """One for each secret."""
        return len(self.secrets)

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Check the signature, then how old its time is; see `Verifier.verify`."""
        proof = _proof(self.payload(delivery))
        timestamp = digits_or_text(inside(proof, "timestamp")) or ""
        token = text_inside(proof, "token")
        written = [from_hex(text_inside(proof, name)) for name in _SIGNATURES]
        signatures = [signature for signature in written if signature]
        if not (_SECONDS.fullmatch(timestamp) and token and signatures):
            return self._failed("the body holds no timestamp, token and signature")
        index = self._keys.matching(signatures, text_bytes(timestamp + token))
        if index is None:
            return self._failed("the signature in the body does not match")
        untimely = self._timestamp.untimely(text_bytes(timestamp), now)
        if untimely is not None:
            return self._failed(untimely)
        return AuthStep(self.scheme, True, "the signature in the body matches", index)

    def _failed(self, reason: str) -> AuthStep:
        return AuthStep(self.scheme, passed=False, reason=reason)


def _proof(payload: JSON) -> JSON:
    """What holds the time, the token and the signature of a payload."""
    nested = inside(payload, "signature")
    return nested if isinstance(nested, dict) else payload
