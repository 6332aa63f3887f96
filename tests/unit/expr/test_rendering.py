from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.expr.rendering import MAX_SHOWN, kind_of, shown
from hookgate.expr.values import ExactFloat

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
)


@pytest.mark.parametrize(
    "value",
    [
        *(None, True, 0, -7, 2.5, "it's", "\n"),
        *([], [1], [1, "a"], (), (1,), (1, 2), {}, set(), {1}, {"a": 1, "b": [None]}),
    ],
)
def test_a_short_value_is_shown_as_its_literal(value: object) -> None:
    assert shown(value) == repr(value)


def test_a_number_is_shown_with_the_digits_it_was_written_with() -> None:
    assert shown([ExactFloat("19.90")]) == "[19.90]"


def test_a_long_value_is_cut() -> None:
    assert shown("x" * 58) == repr("x" * 58)
    assert shown("x" * 59) == "'" + "x" * 58 + "…"
    assert shown(["x" * 40] * 3) == f"['{'x' * 40}', '{'x' * 13}…"


@pytest.mark.timeout(5)
def test_a_huge_value_is_shown_at_once() -> None:
    huge: list[object] = ["y" * 1_000_000]
    for _ in range(60):
        huge = [huge, huge]
    assert len(shown(huge)) <= MAX_SHOWN
    assert shown(10**10_000) == "an integer of 33220 bits"


@given(VALUES)
def test_any_value_is_shown_in_one_bounded_line(value: object) -> None:
    text = shown(value)
    assert len(text) <= MAX_SHOWN
    assert "\n" not in text
    assert text == repr(value) or text.endswith("…")


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (None, "missing"),
        (True, "a boolean"),
        (1, "a number"),
        (1.5, "a number"),
        ("", "text"),
        ([], "a list"),
        ({}, "an object"),
        ((), "a tuple"),
        (set(), "a set"),
    ],
)
def test_a_kind_is_told_in_the_words_of_json(value: object, kind: str) -> None:
    assert kind_of(value) == kind
