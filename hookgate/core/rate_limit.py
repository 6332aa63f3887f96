"""How many deliveries of a source are taken in a time: token buckets, as pure arithmetic.

A bucket holds `burst` tokens at most and gains `requests` of them in `per` seconds; a delivery
takes one. What is kept of a bucket is one number, the time at which it will be full: a bucket that
is full and one that is not kept are the same.
"""

from __future__ import annotations

from collections import OrderedDict

from hookgate.core.config import RateLimit, Source
from hookgate.core.decide import condition_values
from hookgate.core.keys import UNKNOWN, KeyFault, key_text
from hookgate.core.selectors import ParamFault, read_params, view_of
from hookgate.model import Accepted, Delivery, Ignored

MAX_BUCKETS = 10_000
"""Keys that are counted apart in one source; those that were not used for longest are forgotten."""

_ROUNDING = 1e-6
"""Part of a token that may be missing, so that sums of floats do not refuse the last of a burst."""


class Buckets:
    """The buckets of one source, by key. `now` is a time in seconds that never goes back."""

    def __init__(self, limit: RateLimit) -> None:
        self.limit = limit
        self._full_at: OrderedDict[str, float] = OrderedDict()

    def take(self, key: str, now: float) -> float:
        """Take a token; 0.0, or how many seconds it will be until there is one."""
        a_token = self.limit.per / self.limit.requests
        full_at = max(self._full_at.get(key, now), now) + a_token
        wait = full_at - now - self.limit.burst * a_token
        if wait > a_token * _ROUNDING:
            return wait
        self._full_at[key] = full_at
        self._full_at.move_to_end(key)
        if len(self._full_at) > MAX_BUCKETS:
            self._full_at.popitem(last=False)
        return 0.0


def bucket_key(source: Source, delivery: Delivery, decision: Accepted | Ignored) -> str:
    """Which bucket a delivery is counted in.

    Those whose key cannot be told share one: who leaves it out gains nothing by it.
    """
    if source.rate_limit is None or source.rate_limit.key is None:
        return UNKNOWN
    view = view_of(source, delivery, decision.event.payload)
    params = read_params(source.params, view)
    if isinstance(params, ParamFault):
        return UNKNOWN
    key = key_text(source.rate_limit.key, condition_values(decision.event, view, params))
    return UNKNOWN if isinstance(key, KeyFault) else key
