"""What is told of a condition for every event is so, and no more than that is told."""

from __future__ import annotations

import ast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookgate.errors import EvaluationError
from hookgate.expr.conditions import Condition, parse_condition
from hookgate.loading.lint.certainty import MAX_TRIALS, always_is, may_be_certain
from hookgate.model import JSON

NAMES = ("a", "b")


def tree(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def truth(text: str, values: dict[str, JSON]) -> bool:
    """What comes of a condition, an error counting as false."""
    condition = parse_condition(text, NAMES)
    assert isinstance(condition, Condition), text
    try:
        return condition.holds(values)
    except EvaluationError:
        return False


LITERALS = st.sampled_from(["0", "1", "2", "1.5", "-1", "'x'", "'y'", "''", "None", "True", "[]"])
SUBJECTS = st.sampled_from(["a", "b", "len(a)", "a[0]", "a + 1"])
SIGNS = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
LISTS = st.lists(LITERALS, max_size=3).map(lambda items: f"[{', '.join(items)}]")
ATOMS = st.one_of(
    st.tuples(SUBJECTS, SIGNS, LITERALS).map(" ".join),
    st.tuples(LITERALS, SIGNS, SUBJECTS).map(" ".join),
    st.tuples(SUBJECTS, SIGNS, SUBJECTS).map(" ".join),
    st.tuples(LITERALS, SIGNS, SUBJECTS, SIGNS, LITERALS).map(" ".join),
    st.tuples(SUBJECTS, st.sampled_from(["in", "not in"]), LISTS).map(" ".join),
    st.tuples(SUBJECTS, st.sampled_from(["is", "is not"]), st.just("None")).map(" ".join),
    st.tuples(LITERALS, SIGNS, LITERALS).map(" ".join),
    st.sampled_from(["a", "b", "True", "False", "startswith(a, 'x')", "1 / 0 == 1"]),
)
CONDITIONS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda p: f"({' '.join(p)})"),
        inner.map(lambda text: f"(not {text})"),
        st.tuples(inner, inner, inner).map(lambda p: f"({p[0]} if {p[1]} else {p[2]})"),
    ),
    max_leaves=4,
)
VALUES: st.SearchStrategy[JSON] = st.one_of(
    st.sampled_from([None, True, False, 0, 1, 2, 3, 1.5, 0.5, -1, -2, 1.75]),
    st.sampled_from(["", "x", "y", "xy", "w", "z"]),
    st.sampled_from([[], [1], ["x", 0], {}, {"x": 1}]),
)


@settings(max_examples=500, deadline=None)
@given(CONDITIONS, VALUES, VALUES)
def test_what_is_certain_is_so_for_every_event(text: str, a: JSON, b: JSON) -> None:
    certain = always_is(tree(text))
    assert certain is None or truth(text, {"a": a, "b": b}) == certain


@pytest.mark.parametrize(
    "text",
    [
        "a == 'x' or a != 'x'",
        "a == 1 or not a == 1",
        "a != 'x' or a != 'y'",
        "a not in ['x'] or a != 'y'",
        "a or not a",
        "a is None or a is not None",
        "a == a",
        "1 < 2 < 3",
        "b == 1 or True",
        "a == 'x' or (b == 1 and a == 'y') or a != 'x'",
    ],
)
def test_a_condition_that_always_holds_is_found(text: str) -> None:
    assert always_is(tree(text)) is True


@pytest.mark.parametrize(
    "text",
    [
        "a == 'x' and a == 'y'",
        "a == 'x' and not a == 'x'",
        "a > 5 and a < 3",
        "5 < a < 3",
        "a > 5 and a == 5",
        "a > 'x' and a < 'x'",
        "a in ['x', 'y'] and a == 'z'",
        "a is None and a == 'x'",
        "a < None",
        "a < ''",
        "a in []",
        "a != a",
        "a < a",
        "len(a) > 5 and len(a) < 3",
        "a[0] == 1 and a[0] == 2",
        "a == 'x' and b == 1 and a != 'x'",
        "1 / 0 == 1",
        "not a and a == 'x'",
    ],
)
def test_a_condition_that_never_holds_is_found(text: str) -> None:
    assert always_is(tree(text)) is False


@pytest.mark.parametrize(
    "text",
    [
        "a == 'x'",
        "a > 3 or a <= 3",  # neither, where it is missing
        "a < 'x' or a >= 'x'",
        "a[0] == 1 or a[0] != 1",  # an error, where it is missing
        "a > 3 and a < 4",
        "a > 'x' and a < 'y'",
        "a == b or a != b",  # nothing is known of comparing two names
        "startswith(a, 'x') or not startswith(a, 'x')",
        "a == 9007199254740993 and a == 9007199254740992",
        "a < 1 and not a",
    ],
)
def test_nothing_is_told_of_what_may_come_out_either_way(text: str) -> None:
    assert always_is(tree(text)) is None


def test_a_condition_that_would_take_too_many_trials_is_left_alone() -> None:
    never = "a == 'x' and a == 'y'"
    free = [f"startswith(b, '{number}')" for number in range(12)]
    assert 3 ** len(free) > MAX_TRIALS
    assert always_is(tree(" and ".join([*free, never]))) is None


def test_what_is_known_of_a_name_narrows_it() -> None:
    known = {"a": lambda samples: [sample for sample in samples if sample != "x"]}
    assert always_is(tree("a == 'x'"), known) is False
    assert always_is(tree("a == 'y'"), known) is None


@settings(max_examples=300, deadline=None)
@given(CONDITIONS)
def test_what_cannot_be_certain_is_not(text: str) -> None:
    """The shortcut agrees with the trials, which are made where something is known."""
    if not may_be_certain(tree(text)):
        assert always_is(tree(text), {}) is None
