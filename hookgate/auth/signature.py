"""``type: signature``: a signature of the raw body and of what its sender signs with it.

One form serves every sender that signs; what differs is data: which header, how the signatures lie
in it, what they cover, and which kind of key they are made with.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from hookgate.auth.encodings import header_bytes, text_bytes
from hookgate.auth.forms import body_or_field
from hookgate.auth.keys import Algorithm, HashKeys, HmacKeys, Keys
from hookgate.auth.presented import Encoding, SignatureHeader
from hookgate.auth.templates import BODY, BodyOrForm, Slot, Template
from hookgate.auth.timestamps import Timestamp
from hookgate.auth.urls import decoded
from hookgate.model import AuthStep, Delivery

_NO_URL = "the source has no URL to check with"

# What JSON begins with is no part of an id. Else an id could hold the beginning of a signed body
# up to where that holds a newer time, and what is left of it would pass as the body.
_ID = re.compile(r'[^\s"{}\[\]]+')


@dataclass(frozen=True, slots=True)
class SignatureAuth:
    """Passes a delivery that was signed with one of `secrets`, or of `public_keys` where those are.

    `headers`, `encoding`, `prefix`, `item_separator` and `signature_field` say where the signatures
    are, as in `SignatureHeader`; one that matches is enough. `template` is what is signed: ``{ts}``
    as `timestamp` finds it, ``{id}`` from `id_header`, ``{url}`` and ``{url_decoded}`` as `url`
    gives it: the URL that the sender was told, whole. `keyed` tells that a secret is the key of an
    HMAC, and not the beginning of what is hashed.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    headers: tuple[str, ...]
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""
    item_separator: str | None = None
    signature_field: str | None = None
    template: Template = BODY
    timestamp: Timestamp | None = None
    id_header: str | None = None
    url: str | None = None
    public_keys: Keys | None = None
    keyed: bool = True

    # What follows from the above, made once: a delivery is verified while its sender waits.
    _keys: Keys = field(init=False, repr=False, compare=False)
    _header: SignatureHeader = field(init=False, repr=False, compare=False)

    scheme: ClassVar[str] = "signature"
    needs_body: ClassVar[bool] = True
    credential_query: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        keys = self.public_keys
        if keys is None:
            kind = HmacKeys if self.keyed else HashKeys
            keys = kind(self.secrets, self.algorithm)
        object.__setattr__(self, "_keys", keys)
        header = SignatureHeader(
            names=self.headers,
            encoding=self.encoding,
            prefix=self.prefix,
            item_separator=self.item_separator,
            signature_field=self.signature_field,
            sizes=keys.sizes,
        )
        object.__setattr__(self, "_header", header)

    @property
    def credential_headers(self) -> frozenset[str]:
        """The headers that may carry a signature, in lower case."""
        return self._header.keys

    @property
    def secret_count(self) -> int:
        """One for each secret, or for each public key."""
        return len(self._keys)

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Find the signatures, work out what they cover, check them; see `Verifier.verify`.

        The time is judged last: only a genuine timestamp has an age that means something.
        """
        presented = self._header.read(delivery.headers)
        if isinstance(presented, str):
            return self._failed(presented)
        signed = self.signed_bytes(delivery, presented.items)
        if isinstance(signed, str):
            return self._failed(signed)
        index = self._keys.matching(presented.signatures, signed)
        if index is None:
            return self._failed(f"{presented.header} does not match")
        untimely = self._untimely(delivery, presented.items, now)
        if untimely is not None:
            return self._failed(untimely)
        return AuthStep(self.scheme, True, f"{presented.header} matches", index)

    def signed_bytes(self, delivery: Delivery, items: Sequence[str]) -> bytes | str:
        """What the signatures of a delivery cover, or, as text, why that cannot be told.

        `items` are the items of its signature header.
        """
        if self.template is BODY:
            return delivery.body
        values: dict[Slot, bytes] = {}
        for slot in self.template.slots:
            value = self._value(slot, delivery, items)
            if isinstance(value, str):
                return value
            values[slot] = value
        return self.template.fill(values)

    def _failed(self, reason: str) -> AuthStep:
        return AuthStep(self.scheme, passed=False, reason=reason)

    def _value(self, slot: Slot, delivery: Delivery, items: Sequence[str]) -> bytes | str:
        match slot:
            case "body":
                return delivery.body
            case BodyOrForm(field):
                return body_or_field(delivery, field)
            case "ts":
                return self._timestamp(delivery, items)
            case "id":
                return self._id(delivery)
            case "url":
                return text_bytes(self.url) if self.url else _NO_URL
            case "url_decoded":
                return text_bytes(decoded(self.url)) if self.url else _NO_URL
            case "method":
                return header_bytes(delivery.method.upper())

    def _timestamp(self, delivery: Delivery, items: Sequence[str]) -> bytes | str:
        if self.timestamp is None:
            return "the source does not say where the timestamp is"
        return self.timestamp.find(delivery, items)

    def _id(self, delivery: Delivery) -> bytes | str:
        if self.id_header is None:
            return "the source does not say where the id is"
        value = delivery.headers.get(self.id_header.lower())
        if not value:
            return f"{self.id_header} is missing"
        return header_bytes(value) if _ID.fullmatch(value) else f"{self.id_header} is malformed"

    def _untimely(self, delivery: Delivery, items: Sequence[str], now: float) -> str | None:
        if self.timestamp is None:
            return None
        if self.timestamp.tolerance is None and "ts" not in self.template.slots:
            return None
        found = self.timestamp.find(delivery, items)
        return found if isinstance(found, str) else self.timestamp.untimely(found, now)
