"""The moments at which the power is cut."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

from tests.power.records import Record, What

_FIRST = 80
"""Records of a start in which a store is made, or what a cut has left is mended; about."""


class Moment(NamedTuple):
    """After so many records."""

    after: int
    name: str


def some_moments(chance: random.Random, records: Sequence[Record], count: int) -> list[Moment]:
    """So many moments, the earliest first."""
    places = {
        # The promise is fresh.
        "an answer": [n for n, record in enumerate(records, 1) if record.what is What.TOLD],
        # As much as can be is not on disk yet.
        "a sync": [n for n, record in enumerate(records) if record.what is What.SYNCED],
        "the start": range(min(_FIRST, len(records))),
        "any time": range(len(records)),
    }
    kinds = [(name, found) for name, found in places.items() if found]
    chosen = [chance.choice(kinds) for _ in range(count)]
    return sorted(Moment(chance.choice(found), name) for name, found in chosen)
