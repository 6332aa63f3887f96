"""``type: signature``: an HMAC (RFC 2104) of the raw body and of what its sender signs with it.

One form serves every sender that signs with a shared secret; what differs is data: which header,
how the signatures lie in it, what they cover.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import chain, islice
from typing import ClassVar, Literal, TypeAlias

from hookgate.auth.encodings import from_base64, from_hex, header_bytes, text_bytes
from hookgate.auth.headers import stripped
from hookgate.auth.secrets import matching_index
from hookgate.auth.templates import BODY, Slot, Template
from hookgate.auth.timestamps import Timestamp
from hookgate.model import AuthStep, Delivery

Algorithm: TypeAlias = Literal["sha1", "sha256", "sha512"]
Encoding: TypeAlias = Literal["hex", "base64"]

MAX_CANDIDATES = 100
"""How many signatures of one delivery are looked at."""

_DIGEST_SIZE: dict[Algorithm, int] = {"sha1": 20, "sha256": 32, "sha512": 64}


@dataclass(frozen=True, slots=True)
class _Presented:
    """What a delivery's signature header holds: all its items, and the signatures among them."""

    header: str
    items: Sequence[str]
    signatures: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class SignatureAuth:
    """Passes a delivery that was signed with one of `secrets`.

    The first of `headers` that is present holds the signatures; ``{n}`` in a name stands for 1 to
    100, and all of those present count. `item_separator` splits a value into items. With
    `signature_field` an item is ``label=value`` and a signature where it has that label. Each
    signature follows the exact `prefix`. Other items are skipped. One match is enough.

    `template` is what is signed, ``{ts}`` as `timestamp` finds it, ``{id}`` from `id_header`,
    ``{url}`` as `url` gives it: the URL that the sender was told, whole.
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

    scheme: ClassVar[str] = "signature"
    credential_query: ClassVar[frozenset[str]] = frozenset()

    @property
    def credential_headers(self) -> frozenset[str]:
        """The headers that may carry a signature, in lower case."""
        return frozenset(chain.from_iterable(map(_keys, self.headers)))

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Find the signatures, compute what they should be, compare; see `Verifier.verify`.

        The time is judged last: only a genuine timestamp has an age that means something.
        """
        presented = self._find(delivery)
        if isinstance(presented, str):
            return self._failed(presented)
        signed = self._signed_bytes(delivery, presented)
        if isinstance(signed, str):
            return self._failed(signed)
        index = self._matching_secret(presented, signed)
        if index is None:
            return self._failed(f"{presented.header} does not match")
        untimely = self._untimely(delivery, presented, now)
        if untimely is not None:
            return self._failed(untimely)
        reason = f"{presented.header} matches"
        return AuthStep(self.scheme, passed=True, reason=reason, secret_index=index)

    def _failed(self, reason: str) -> AuthStep:
        return AuthStep(self.scheme, passed=False, reason=reason)

    # --- the signatures that are presented ----------------------------------------------------

    def _find(self, delivery: Delivery) -> _Presented | str:
        for name in self.headers:
            values = [delivery.headers[key] for key in _keys(name) if key in delivery.headers]
            if values:
                return self._read(name, values)
        return f"no {' or '.join(self.headers)} header"

    def _read(self, name: str, values: Sequence[str]) -> _Presented | str:
        items = self._items(values)
        candidates = self._candidates(items)
        if not candidates:
            return f"{name} holds no signature{self._marked}"
        signatures = tuple(filter(None, map(self._decoded, candidates)))
        if not signatures:
            return f"{name} is malformed: not {self._well_formed}"
        return _Presented(name, items, signatures)

    def _items(self, values: Sequence[str]) -> Sequence[str]:
        if not self.item_separator:
            return values
        return [stripped(item) for value in values for item in value.split(self.item_separator)]

    def _candidates(self, items: Iterable[str]) -> list[str]:
        label = "" if self.signature_field is None else f"{self.signature_field}="
        start = label + self.prefix
        found = (item[len(start) :] for item in items if item.startswith(start))
        return list(islice(filter(None, found), MAX_CANDIDATES))

    def _decoded(self, candidate: str) -> bytes | None:
        decode = from_hex if self.encoding == "hex" else from_base64
        signature = decode(candidate)
        if signature is None or len(signature) != _DIGEST_SIZE[self.algorithm]:
            return None
        return signature

    @property
    def _marked(self) -> str:
        marks = [mark for mark in (self.signature_field, self.prefix) if mark]
        return f" marked {' '.join(map(repr, marks))}" if marks else ""

    @property
    def _well_formed(self) -> str:
        size = _DIGEST_SIZE[self.algorithm]
        return f"{2 * size} hex digits" if self.encoding == "hex" else f"base64 of {size} bytes"

    # --- what they should be ------------------------------------------------------------------

    def _signed_bytes(self, delivery: Delivery, presented: _Presented) -> bytes | str:
        values: dict[Slot, bytes] = {}
        for slot in self.template.slots:
            value = self._value(slot, delivery, presented)
            if isinstance(value, str):
                return value
            values[slot] = value
        return self.template.fill(values)

    def _value(self, slot: Slot, delivery: Delivery, presented: _Presented) -> bytes | str:
        match slot:
            case "body":
                return delivery.body
            case "ts":
                return self._timestamp(delivery, presented)
            case "id":
                return self._id(delivery)
            case "url":
                return text_bytes(self.url) if self.url else "the source has no URL to check with"
            case "method":
                return header_bytes(delivery.method.upper())

    def _timestamp(self, delivery: Delivery, presented: _Presented) -> bytes | str:
        if self.timestamp is None:
            return "the source does not say where the timestamp is"
        return self.timestamp.find(delivery, presented.items)

    def _id(self, delivery: Delivery) -> bytes | str:
        if self.id_header is None:
            return "the source does not say where the id is"
        value = delivery.headers.get(self.id_header.lower())
        return header_bytes(value) if value else f"{self.id_header} is missing"

    def _matching_secret(self, presented: _Presented, signed: bytes) -> int | None:
        # An empty secret is one that everybody knows: its digest is never asked for.
        digests = (
            hmac.digest(secret, signed, self.algorithm) if secret else b""
            for secret in self.secrets
        )
        return matching_index(presented.signatures, digests)

    def _untimely(self, delivery: Delivery, presented: _Presented, now: float) -> str | None:
        if self.timestamp is None or self.timestamp.tolerance is None:
            return None
        found = self.timestamp.find(delivery, presented.items)
        return found if isinstance(found, str) else self.timestamp.untimely(found, now)


@cache
def _keys(header: str) -> tuple[str, ...]:
    """The lower-case names that a configured header name stands for."""
    name = header.lower()
    if "{n}" not in name:
        return (name,)
    return tuple(name.replace("{n}", str(number)) for number in range(1, MAX_CANDIDATES + 1))
