from __future__ import annotations

import re
import tracemalloc
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.runners.output import HeadAndTail

GAP = re.compile(r"\n… (\d+) bytes left out …\n")


def fed(limit: int, *chunks: bytes) -> HeadAndTail:
    output = HeadAndTail(limit)
    for chunk in chunks:
        output.feed(chunk)
    return output


@given(st.text(), st.integers(0, 50))
def test_what_fits_is_kept_whole(text: str, spare: int) -> None:
    raw = text.encode()
    assert fed(len(raw) + spare, raw).text() == text


def test_what_does_not_fit_loses_its_middle_and_says_how_much() -> None:
    assert fed(10, b"0123456789abcdefghij").text() == "01234\n… 10 bytes left out …\nfghij"


@given(st.text(min_size=1), st.integers(0, 40))
def test_head_gap_and_tail_add_up_to_what_was_printed(text: str, limit: int) -> None:
    """No character is shown broken where the gap cuts through it."""
    raw = text.encode()
    if len(raw) <= limit:
        return
    head, left_out, tail = GAP.split(fed(limit, raw).text(), maxsplit=1)
    assert text.startswith(head)
    assert text.endswith(tail)
    assert len(head.encode()) + int(left_out) + len(tail.encode()) == len(raw)
    assert len(head.encode()) > limit // 2 - 4
    assert len(tail.encode()) > limit - limit // 2 - 4


@given(st.binary(max_size=200), st.lists(st.integers(0, 200)), st.integers(0, 60))
def test_how_the_bytes_are_split_into_chunks_makes_no_difference(
    raw: bytes, cuts: list[int], limit: int
) -> None:
    places = [0, *sorted(min(cut, len(raw)) for cut in cuts), len(raw)]
    chunks = [raw[start:end] for start, end in pairwise(places)]
    assert fed(limit, *chunks).text() == fed(limit, raw).text()


def test_bytes_that_are_not_utf_8_are_replaced() -> None:
    assert fed(100, b"caf\xe9\xff\n").text() == "caf\ufffd\ufffd\n"


def test_stray_continuation_bytes_do_not_empty_the_kept_ends() -> None:
    kept = fed(20, b"\x80" * 100).text()
    assert kept == "\ufffd" * 10 + "\n… 83 bytes left out …\n" + "\ufffd" * 7


def test_memory_stays_at_the_limit_however_much_is_fed() -> None:
    output, chunk = HeadAndTail(64 * 1024), b"x" * 64 * 1024
    tracemalloc.start()
    try:
        for _ in range(400):
            output.feed(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * 64 * 1024


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        (b"", ""),
        (b" \n\t\n", ""),
        (b"first\nlast\n\n  \n", "last"),
        (b"  indented \n", "indented"),
        (b"10%\r50%\rno space left\r\n", "no space left"),
        (b"\x1b[31mred\x1b[0m\ta\x00b", "\ufffd[31mred\ufffd[0m a\ufffdb"),
        ("rtl \u202etxt".encode(), "rtl \ufffdtxt"),
        ("größer".encode(), "größer"),
    ],
)
def test_the_last_line_is_the_last_that_says_something_without_control_characters(
    printed: bytes, line: str
) -> None:
    assert fed(100, printed).last_line() == line


def test_a_long_last_line_is_shortened_to_200_characters() -> None:
    assert fed(1000, b"x" * 200).last_line() == "x" * 200
    assert fed(1000, b"x" * 201).last_line() == "x" * 199 + "…"


def test_the_last_line_of_long_output_comes_from_its_tail() -> None:
    assert fed(20, b"head\n" * 100 + b"the end\n").last_line() == "the end"


def test_the_line_that_marks_the_gap_is_never_the_last_line() -> None:
    assert fed(20, b"head\n" * 100 + b"\n" * 10).last_line() == ""
    assert fed(0, b"anything").last_line() == ""
