"""Keys to check with that are not a secret of ours: given as a file, or to be fetched.

A verifier is pure and fetches nothing. It looks at what is known; where that does not do, its step
says what it wants, and whoever runs the gateway may fetch that and ask again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, NamedTuple, Protocol, TypeVar

from hookgate.model import Wanted

MAX_ADDRESSES = 32
"""From how many addresses a verifier keeps keys; the one that was used longest ago goes."""

Kind = TypeVar("Kind")
Kind_co = TypeVar("Kind_co", covariant=True)


class Material(Protocol[Kind_co]):
    """Where a verifier finds keys of one kind."""

    def at(self, url: str, now: float) -> Kind_co | None:
        """The keys that are at `url`, None where they are not known at the time `now`."""
        ...

    def wanted(self, url: str) -> Wanted | None:
        """What to fetch where those at `url` are not known, or do not do; None for nothing."""
        ...


@dataclass(frozen=True, slots=True)
class Given(Generic[Kind]):
    """Keys that the rules file gives: they are used whatever address a sender names."""

    keys: Kind

    def at(self, url: str, now: float) -> Kind:
        """The keys; see `Material.at`."""
        return self.keys

    def wanted(self, url: str) -> Wanted | None:
        """Nothing, ever; see `Material.wanted`."""
        return None


class _Known(NamedTuple, Generic[Kind]):
    keys: Kind
    fetched_at: float


@dataclass(frozen=True, slots=True)
class Fetched(Generic[Kind]):
    """Keys that are fetched by need. `parse` reads them; None where it cannot.

    At most `max_bytes` are read, and they are used for `max_age` seconds.
    """

    parse: Callable[[bytes], Kind | None] = field(repr=False)
    max_bytes: int
    max_age: float

    _known: OrderedDict[str, _Known[Kind]] = field(
        default_factory=OrderedDict, init=False, repr=False, compare=False
    )

    def at(self, url: str, now: float) -> Kind | None:
        """What was fetched from there, unless it is too old; see `Material.at`."""
        known = self._known.get(url)
        # A clock that was set back makes it younger than nothing, and so of no use either.
        if known is None or not 0 <= now - known.fetched_at <= self.max_age:
            return None
        self._known.move_to_end(url)
        return known.keys

    def wanted(self, url: str) -> Wanted:
        """What is there now; see `Material.wanted`."""
        known = self._known.get(url)
        known_at = None if known is None else known.fetched_at
        return Wanted(url, self.max_bytes, self.max_age, known_at, partial(self._learn, url))

    def _learn(self, url: str, content: bytes, fetched_at: float) -> bool:
        known = self._known.get(url)
        if known is not None and known.fetched_at == fetched_at:
            return True  # many deliveries can have waited for the same
        keys = self.parse(content)
        if keys is None:
            return False
        self._known[url] = _Known(keys, fetched_at)
        self._known.move_to_end(url)
        if len(self._known) > MAX_ADDRESSES:
            self._known.popitem(last=False)
        return True
