"""Rounds of recording a gateway under load and cutting its power, in a model."""

from __future__ import annotations

import random
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.power.checks import Promised, broken_promises
from tests.power.disk import Disk, Image
from tests.power.moments import some_moments
from tests.power.recording import Recording, record, unsound
from tests.power.records import Record, What

CUTS = 12
"""Cuts of the power in one recording; the next round goes on with what the last one left."""

LIFE = 4
"""Rounds of one store. Then another is made, so that files do not grow and are made anew."""


@dataclass(frozen=True, slots=True)
class Life:
    """A store as a power cut has left it, and what was promised before."""

    image: Image = field(default_factory=dict)
    promised: Promised = field(default_factory=Promised)


@dataclass(frozen=True, slots=True)
class Cut:
    """The power was cut at a moment: what was left, and what was wrong with that."""

    moment: str
    left: Life
    found: Sequence[str]


@dataclass(frozen=True, slots=True)
class Round:
    """What happened in one; `looked_for` are the deliveries and tasks promised before the cuts."""

    number: int
    answers: int
    syncs: int
    moments: Counter[str]
    looked_for: int
    found: Sequence[str]


class Ordeal:
    """Power cuts under gateways that `recorder` is loaded into; `environ` is added to theirs."""

    def __init__(
        self, directory: Path, seed: int, recorder: Path, environ: Mapping[str, str] | None = None
    ) -> None:
        self._directory = directory
        self._chance = random.Random(seed)
        self._recorder = recorder
        self._environ = environ or {}

    def rounds(self, count: int) -> Iterator[Round]:
        """So many."""
        life = Life()
        for number in range(1, count + 1):
            recording = self._record(number, life)
            cuts = list(self._cuts(recording.records, life))
            found = [
                *unsound(recording, life.image),
                *(fault for cut in cuts for fault in cut.found),
            ]
            yield _round(number, recording, cuts, found)
            life = Life() if number % LIFE == 0 or found else cuts[-1].left

    def _record(self, number: int, life: Life) -> Recording:
        seed = self._chance.randrange(2**32)
        with tempfile.TemporaryDirectory(dir=self._directory) as home:
            return record(Path(home), number, life.image, seed, self._recorder, self._environ)

    def _cuts(self, records: Sequence[Record], life: Life) -> Iterator[Cut]:
        disk, promised, done = Disk(life.image), life.promised.copy(), 0
        for moment in some_moments(self._chance, records, CUTS):
            for each in records[done : moment.after]:
                disk.apply(each)
                promised.tell(each)
            done = moment.after
            left = Life(disk.cut(self._chance), promised.copy())
            yield Cut(moment.name, left, self._wrong_with(left))

    def _wrong_with(self, left: Life) -> Sequence[str]:
        with tempfile.TemporaryDirectory(dir=self._directory) as place:
            return list(broken_promises(left.image, Path(place), left.promised, self._chance))


def _round(number: int, recording: Recording, cuts: Sequence[Cut], found: Sequence[str]) -> Round:
    return Round(
        number,
        answers=sum(each.what is What.TOLD for each in recording.records),
        syncs=sum(each.what is What.SYNCED for each in recording.records),
        moments=Counter(cut.moment for cut in cuts),
        looked_for=sum(
            len(cut.left.promised.deliveries) + len(cut.left.promised.tasks) for cut in cuts
        ),
        found=found,
    )
