"""Time-ordered ids."""

from __future__ import annotations

import uuid

from hypothesis import given
from hypothesis import strategies as st

from hookgate.core.ids import ticks, uuid7
from hookgate.engine.ids import Ids


def test_an_id_has_the_layout_of_rfc_9562() -> None:
    """The example of RFC 9562, appendix A.6: 2022-02-22 14:22:22 -05:00."""
    tick = 0x017F22E279B0 * 4096 + 0xCC3
    assert uuid7(tick, 0x18C4DC0C0C07398F) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


@given(st.floats(0, 4e9), st.integers(0, 2**62 - 1))
def test_every_id_is_a_version_7_uuid(now: float, random_bits: int) -> None:
    parsed = uuid.UUID(uuid7(ticks(now), random_bits))
    assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)


def test_ids_rise_also_when_the_clock_stands_still_or_steps_back() -> None:
    times = iter([5.0, 5.0, 4.0, 4.0, 6.0])
    ids = Ids(lambda: next(times))
    made = [ids.next() for _ in range(5)]
    assert made == sorted(set(made))
