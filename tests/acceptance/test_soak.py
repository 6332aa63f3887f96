"""Nothing grows while a gateway is called, reloaded and purged.

`python -m tests.soak --minutes 30` is the long mode.
"""

from __future__ import annotations

import os
import random
import signal
import threading
from pathlib import Path

import pytest

from tests.soak.__main__ import main
from tests.soak.run import Soak, soak
from tests.soak.verdict import Bound, judged

TIMES = [float(second) for second in range(240)]
BOUND = Bound(5.0)


def _noise(second: float) -> float:
    """Up to 4 in both directions, with a peak now and then."""
    chance = random.Random(int(second))
    return chance.uniform(-4.0, 4.0) + (60.0 if chance.random() < 0.1 else 0.0)


def test_what_swings_and_has_peaks_is_flat() -> None:
    assert judged(TIMES, [50 + _noise(t) for t in TIMES], BOUND).flat


def test_what_grew_in_the_first_half_alone_is_flat() -> None:
    assert judged(TIMES, [min(t, 110.0) for t in TIMES], BOUND).flat


def test_what_grows_slowly_is_not_flat_however_it_swings() -> None:
    verdict = judged(TIMES, [50 + _noise(t) + t / 12 for t in TIMES], BOUND)
    assert not verdict.flat
    assert verdict.growth == pytest.approx(10.0, abs=3.0)


@pytest.mark.parametrize("at", [165.0, 180.0, 195.0])
def test_a_step_in_the_second_half_is_not_flat(at: float) -> None:
    assert not judged(TIMES, [50 + _noise(t) + 10 * (t >= at) for t in TIMES], BOUND).flat


def test_what_shrinks_is_flat() -> None:
    assert judged(TIMES, [500 - t for t in TIMES], BOUND).flat


def test_a_large_figure_may_grow_by_its_share() -> None:
    figures = [1000 + t / 6 for t in TIMES]
    assert judged(TIMES, figures, Bound(5.0, share=0.05)).flat
    assert not judged(TIMES, figures, Bound(5.0, share=0.01)).flat


def test_under_load_with_reloads_and_purges_nothing_is_lost_and_every_task_ends(
    tmp_path: Path,
) -> None:
    stop = threading.Event()

    def until_all_was_tried(seen: Soak) -> None:
        if len(seen.times) >= 5:
            stop.set()

    seen = soak(tmp_path, 30, 40, stop, until_all_was_tried)
    assert seen.faults() == []
    assert seen.reloads >= 1
    assert set(seen.callers.answers) == {200, 202, 400, 401}
    assert seen.ended >= seen.callers.accepted.keys()
    assert min(seen.figures["memory of the writing process"]) > 0
    seen.callers.accepted["never"] = "recorded"
    assert seen.faults() == ["task never is lost"]


def test_an_interrupt_ends_it_with_its_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    interrupt = threading.Timer(3.0, os.kill, (os.getpid(), signal.SIGINT))
    interrupt.start()
    assert main(["--minutes", "10"]) == 1
    assert "too short for a verdict" in capsys.readouterr().out
