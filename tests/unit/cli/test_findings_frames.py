"""A code frame shows the line of a finding and points at its token, whatever is in the line."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.cli.findings.frames import frame_of, shown_lines
from hookgate.loading.problems import Problem, Severity


def problem(line: int, column: int, length: int) -> Problem:
    return Problem("rules.yaml", line, column, length, "HG204", Severity.ERROR, "wrong")


def framed(line: str, token: str, width: int = 80) -> list[str]:
    """The line as shown, and the carets under it, for the first `token` in a line."""
    frame = frame_of(problem(1, line.index(token) + 1, len(token)), [line], width)
    assert frame is not None
    return [frame.source, " " * frame.indent + "^" * frame.carets]


def cells(text: str) -> int:
    """How many columns of a terminal a text takes."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    marks = sum(unicodedata.category(character) in ("Mn", "Me") for character in text)
    return len(text) + wide - marks


@pytest.mark.parametrize(
    ("line", "token", "shown", "carets"),
    [
        ("program: opne", "opne", "program: opne", "         ^^^^"),
        ("  - a: b", "a", "  - a: b", "    ^"),
        ("{a: '日本', b: 開く}", "開く", "{a: '日本', b: 開く}", "               ^^^^"),
        ("{a: '🚀', b: x}", "x", "{a: '🚀', b: x}", "             ^"),
        ("{a: 'ｗ', b: x}", "x", "{a: 'ｗ', b: x}", "             ^"),  # noqa: RUF001 - a wide w
        ("e\u0301: x", "x", "e\u0301: x", "   ^"),
        ("o\u20dd: x", "x", "o\u20dd: x", "   ^"),
        ("ab\tc: x", "c", "ab  c: x", "    ^"),
        ("\t\tx", "x", "        x", "        ^"),
        ("日\tx", "x", "日  x", "    ^"),
        ("a: \x1b[31m", "[31m", "a: \\x1b[31m", "       ^^^^"),
        ("a: \x1b[31m", "\x1b", "a: \\x1b[31m", "   ^^^^"),
        ("a\u202eb: x", "x", "a\\u202eb: x", "          ^"),
        ("a: \udce9", "\udce9", "a: \\udce9", "   ^^^^^^"),
    ],
)
def test_carets_stand_under_the_token(line: str, token: str, shown: str, carets: str) -> None:
    assert framed(line, token) == [shown, carets]


@pytest.mark.parametrize(
    ("line", "token", "shown", "carets"),
    [
        ("0123456789" * 2, "9", "0123456789" * 2, "         ^"),
        ("0123456789" * 3, "8", "012345678901234567…", "        ^"),
        ("0123456789" * 2 + "x", "x", "…3456789" + "0123456789x", "                  ^"),
        ("0123456789" * 9 + "x" + "0" * 9, "x", "…23456789x" + "0" * 9, "         ^"),
        ("0123456789" * 5 + "x" + "0" * 50, "x", "…23456789x" + "0" * 9 + "…", "         ^"),
        ("a: " + "x" * 50, "x" * 50, "…" + "x" * 18 + "…", " ^^^^^^^^^^^^^^^^^^"),
        ("a: " + "日" * 50, "日" * 50, "…" + "日" * 9 + "…", " ^^^^^^^^^^^^^^^^^^"),
    ],
)
def test_a_long_line_is_cut_around_the_token(
    line: str, token: str, shown: str, carets: str
) -> None:
    assert framed(line, token, 20) == [shown, carets]


def test_a_cut_is_shown_also_where_marks_that_take_no_cell_hide_the_distance() -> None:
    marks = "\u0301" * 40
    shown, carets = framed(f"{'a' * 30}{marks}x{marks}{'b' * 30}", "x", 20)
    assert (shown[0], shown[-1], cells(shown)) == ("…", "…", 3)
    assert carets == " ^"
    shown, carets = framed(f"x{'a' * 19}{marks}b", "x", 20)
    assert shown == f"x{'a' * 17}…"
    shown, carets = framed(f"b{marks}{'a' * 19}x", "x", 20)
    assert shown == f"…{'a' * 17}x"


@given(
    before=st.text(max_size=60),
    token=st.text(min_size=1, max_size=60).filter(lambda token: token.strip() != ""),
    after=st.text(max_size=60),
    width=st.integers(10, 90),
)
def test_a_frame_fits_and_points_at_the_whole_token_where_there_is_room(
    before: str, token: str, after: str, width: int
) -> None:
    frame = frame_of(problem(1, len(before) + 1, len(token)), [before + token + after], width)
    assert frame is not None
    assert cells(frame.source) <= width
    assert 0 <= frame.indent < width
    assert 1 <= frame.carets <= max(1, width - frame.indent)
    assert frame.source.isprintable()


@given(
    before=st.text("ab日🚀\u0301", max_size=60),
    token=st.text("xy界", min_size=1, max_size=8),
    after=st.text("ab日🚀", max_size=60),
    width=st.integers(18, 90),
)
def test_what_stands_above_the_carets_is_the_token(
    before: str, token: str, after: str, width: int
) -> None:
    frame = frame_of(problem(1, len(before) + 1, len(token)), [before + token + after], width)
    assert frame is not None
    above = [character for character in frame.source for _ in range(cells(character))]
    assert "".join(dict.fromkeys(above[frame.indent : frame.indent + frame.carets])) == "".join(
        dict.fromkeys(token)
    )
    assert frame.carets == cells(token)


@pytest.mark.parametrize(
    ("line", "column", "length"),
    [(1, 7, 1), (1, 3, 1), (3, 1, 1), (0, 1, 1), (2, 1, 1)],
    ids=["past the end", "a blank", "no such line", "line zero", "an empty line"],
)
def test_where_there_is_no_token_there_is_no_frame(line: int, column: int, length: int) -> None:
    assert frame_of(problem(line, column, length), shown_lines("ab c d\n"), 80) is None


def test_lines_are_counted_as_yaml_counts_them() -> None:
    assert shown_lines("a\r\nb\rc\nd\x85e\u2028f\u2029g") == list("abcdefg")


def test_a_very_long_line_takes_no_long_time() -> None:
    line = "x" * 5_000_000
    for column in range(1, 2000):
        assert frame_of(problem(1, column * 1000, 3), [line], 80) is not None
