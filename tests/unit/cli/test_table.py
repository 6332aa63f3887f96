"""Tables and times for people."""

from __future__ import annotations

import pytest

from hookgate.cli.table import table
from hookgate.cli.terminal import bad, plain
from hookgate.cli.times import exactly, span

HEAD = ("NAME", "STATE", "WHY")
ROWS = [("short", "failed", "because of that"), ("a longer name", "ended", "")]


def lines(width: int) -> list[str]:
    return [plain(line) for line in table(HEAD, ROWS, width)]


def test_columns_are_as_wide_as_what_is_in_them() -> None:
    assert lines(80) == [
        "NAME           STATE   WHY",
        "short          failed  because of that",
        "a longer name  ended",
    ]


def test_the_last_column_takes_what_the_line_has_left() -> None:
    assert lines(34)[1] == "short          failed  because of…"
    assert len(lines(34)[1]) == 34


def test_a_narrow_line_leaves_something_of_the_last_column() -> None:
    assert lines(10)[1] == "short          failed  because o…"


def test_a_column_before_the_last_takes_no_more_than_its_share() -> None:
    assert list(table(HEAD, [("x" * 100, "failed", "why")], 80))[1] == f"{'x' * 23}…  failed  why"


def test_colours_do_not_count_for_the_width() -> None:
    coloured = list(table(HEAD, ROWS, 80, lambda column, _: bad if column == 1 else str))
    assert coloured[1] == f"short          {bad('failed')}  because of that"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "60m"), (3600, "1h"), (172_799, "48h"),
     (172_800, "2d"), (86_400 * 30, "30d")],
)  # fmt: skip
def test_a_span_is_said_in_its_largest_unit(seconds: float, said: str) -> None:
    assert span(seconds) == said


@pytest.mark.parametrize(("seconds", "said"), [(0.0123, "12ms"), (1.5, "1.5s"), (90, "90.0s")])
def test_a_duration_that_was_measured_is_said_exactly(seconds: float, said: str) -> None:
    assert exactly(seconds) == said
