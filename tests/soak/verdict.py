"""Whether a figure that was taken again and again stayed flat.

Only the second half of the time counts: in the first one caches fill, and the store grows until as
much is purged as comes. Of that half two things are looked at: the line through it, as Theil and
Sen draw it (the median of the slopes between all pairs, which single peaks do not move), and the
difference between the medians of its last and its first third, which also sees a step. The larger
of what both say that the figure grew by has to stay within a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from statistics import median

MOST_PAIRED = 300
"""Figures that are paired with each other; of more, evenly chosen ones are."""


@dataclass(frozen=True, slots=True)
class Bound:
    """What a figure may grow by in the second half: so much, or this share of its median."""

    least: float
    share: float = 0.05


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a figure: its median at the start and at the end of the second half."""

    first: float
    last: float
    growth: float
    bound: float

    @property
    def flat(self) -> bool:
        """Whether it did not grow by more than its bound."""
        return self.growth <= self.bound


def judged(times: Sequence[float], figures: Sequence[float], bound: Bound) -> Verdict:
    """Whether the figures, taken at these times, stayed flat."""
    half = times[0] + (times[-1] - times[0]) / 2
    points = [point for point in zip(times, figures, strict=True) if point[0] >= half]
    values = [value for _, value in points]
    third = max(1, len(values) // 3)
    first, last = median(values[:third]), median(values[-third:])
    drawn = _slope(points) * (points[-1][0] - points[0][0])
    return Verdict(first, last, max(drawn, last - first), max(bound.least, bound.share * first))


def _slope(points: Sequence[tuple[float, float]]) -> float:
    chosen = points[:: len(points) // MOST_PAIRED + 1]
    slopes = [(b - a) / (t - s) for (s, a), (t, b) in combinations(chosen, 2) if t > s]
    return median(slopes) if slopes else 0.0
