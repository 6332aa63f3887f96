"""``type: adyen``: payment webhooks, each of whose items is signed by itself, in the body.

Eight fields of an item are signed, with colons between them. Source: "Verify HMAC signatures" in
Adyen's documentation. It does not escape anything; the notifications with colons and backslashes
in the tests of Adyen's own libraries say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hookgate.auth.encodings import from_base64, text_bytes
from hookgate.auth.keys import HmacKeys
from hookgate.auth.payloads import (
    PayloadReader,
    digits_or_text,
    every_item,
    inside,
    list_inside,
    text_inside,
)
from hookgate.model import JSON, AuthStep, Delivery

_SIGNED: tuple[tuple[str, ...], ...] = (
    ("pspReference",),
    ("originalReference",),
    ("merchantAccountCode",),
    ("merchantReference",),
    ("amount", "value"),
    ("amount", "currency"),
    ("eventCode",),
    ("success",),
)


@dataclass(frozen=True, slots=True)
class AdyenAuth:
    """Passes a delivery of which every item was signed with one of `secrets`.

    `payload` reads the body.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    payload: PayloadReader = field(repr=False)

    _keys: HmacKeys = field(init=False, repr=False, compare=False)

    scheme: ClassVar[str] = "adyen"
    needs_body: ClassVar[bool] = True
    credential_headers: ClassVar[frozenset[str]] = frozenset()
    credential_query: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", HmacKeys(self.secrets))

    @property
    def secret_count(self) -> int:
        """One for each secret."""
        return len(self.secrets)

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Check item by item; see `Verifier.verify`."""
        items = notification_items(self.payload(delivery))
        return every_item(self.scheme, "the signature", items, self._matching)

    def _matching(self, item: JSON) -> int | None:
        signature = from_base64(text_inside(item, "additionalData", "hmacSignature"))
        signed = signed_text(item)
        if not signature or signed is None:
            return None
        return self._keys.matching([signature], signed)


def notification_items(payload: JSON) -> Sequence[JSON]:
    """The items of a payload."""
    wrapped = list_inside(payload, "notificationItems")
    return [inside(item, "NotificationRequestItem") for item in wrapped]


def signed_text(item: JSON) -> bytes | None:
    """What the signature of an item covers. What is not there is signed as nothing.

    None where one of the fields is neither a text nor a whole number: Adyen sends no such thing,
    and it would stand where nothing was signed.
    """
    values = [inside(item, *keys) for keys in _SIGNED]
    texts = ["" if value is None else digits_or_text(value) for value in values]
    known = [text for text in texts if text is not None]
    return text_bytes(":".join(known)) if len(known) == len(texts) else None
