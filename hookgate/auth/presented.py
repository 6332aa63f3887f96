"""The signatures that a delivery presents: which header holds them, and how they lie in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypeAlias

from hookgate.auth.encodings import from_base64, from_hex
from hookgate.auth.headers import stripped

Encoding: TypeAlias = Literal["hex", "base64"]

MAX_SIGNATURES = 100
"""How many signatures of one delivery are compared."""

_MAX_NUMBER = 100
"""The last number that ``{n}`` in the name of a header stands for."""

_DECODERS = {"hex": from_hex, "base64": from_base64}


class Presented(NamedTuple):
    """What a delivery's signature header holds: all its items, and the signatures among them."""

    header: str
    items: Sequence[str]
    signatures: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class SignatureHeader:
    """Where a sender puts its signatures, and how they are written.

    The first of `names` that is present holds them; ``{n}`` in a name stands for 1 to 100, and all
    of those present count. `item_separator` splits a value into items. With `signature_field` an
    item is ``label=value`` and a signature where it has that label. Each signature follows the
    exact `prefix`, and decoded it has one of `sizes` in bytes. Other items are skipped.
    """

    names: tuple[str, ...]
    encoding: Encoding
    prefix: str
    item_separator: str | None
    signature_field: str | None
    sizes: range

    # What follows from the above: the keys of each name, and what stands before a signature.
    _keys: tuple[tuple[str, tuple[str, ...]], ...] = field(init=False, repr=False, compare=False)
    _start: str = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_keys", tuple((name, _numbered(name)) for name in self.names))
        label = "" if self.signature_field is None else f"{self.signature_field}="
        object.__setattr__(self, "_start", label + self.prefix)

    @property
    def keys(self) -> frozenset[str]:
        """The names of all headers that may carry a signature, in lower case."""
        return frozenset(key for _, keys in self._keys for key in keys)

    def read(self, headers: Mapping[str, str]) -> Presented | str:
        """The signatures that the headers hold, or, as text, why there are none."""
        for name, keys in self._keys:
            values = [headers[key] for key in keys if key in headers]
            if values:
                return self._read(name, values)
        return f"no {' or '.join(self.names)} header"

    def _read(self, name: str, values: Sequence[str]) -> Presented | str:
        items = self._items(values) if self.item_separator else values
        signatures = self._signatures(items)
        if not signatures:
            return f"{name} {self._fault(items)}"
        return Presented(name, items, signatures)

    def _items(self, values: Sequence[str]) -> Sequence[str]:
        return [stripped(item) for value in values for item in value.split(self.item_separator)]

    def _signatures(self, items: Sequence[str]) -> Sequence[bytes]:
        start, decode, sizes = self._start, _DECODERS[self.encoding], self.sizes
        signatures: list[bytes] = []
        for item in items:
            if item.startswith(start):
                signature = decode(item[len(start) :])
                if signature is not None and len(signature) in sizes:
                    signatures.append(signature)
                    if len(signatures) == MAX_SIGNATURES:
                        break
        return signatures

    def _fault(self, items: Sequence[str]) -> str:
        if any(item.startswith(self._start) and item != self._start for item in items):
            return f"is malformed: not {self._well_formed}"
        return f"holds no signature{self._marked}"

    @property
    def _marked(self) -> str:
        marks = [mark for mark in (self.signature_field, self.prefix) if mark]
        return f" marked {' '.join(map(repr, marks))}" if marks else ""

    @property
    def _well_formed(self) -> str:
        least, most = self.sizes[0], self.sizes[-1]
        if least != most:
            return f"{self.encoding} of {least} to {most} bytes"
        return f"{2 * least} hex digits" if self.encoding == "hex" else f"base64 of {least} bytes"


def _numbered(name: str) -> tuple[str, ...]:
    """The lower-case names that a configured header name stands for."""
    key = name.lower()
    if "{n}" not in key:
        return (key,)
    return tuple(key.replace("{n}", str(number)) for number in range(1, _MAX_NUMBER + 1))
