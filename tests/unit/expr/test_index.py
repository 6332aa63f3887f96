"""The index over conditions: what it leaves out is what trying each would have found."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.errors import EvaluationError
from hookgate.expr.conditions import Condition, parse_condition
from hookgate.expr.index import ConditionIndex
from hookgate.expr.values import ExactFloat
from hookgate.model import JSON

NAMES = ("kind", "ref", "payload")
LITERALS = ("'a'", "'b'", "''", "1", "-1", "1.0", "True", "False", "None", "0")
SCALARS: tuple[JSON, ...] = ("a", "b", "A", "", 1, -1, 1.0, True, False, None, 0, ExactFloat("1.0"))


def condition(text: str) -> Condition:
    parsed = parse_condition(text, NAMES)
    assert isinstance(parsed, Condition), (text, parsed)
    return parsed


def outcome(tried: Condition, values: Mapping[str, JSON]) -> str:
    try:
        return "holds" if tried.holds(values) else "false"
    except EvaluationError:
        return "error"


def candidates(values: Mapping[str, JSON], *texts: str) -> list[int]:
    return ConditionIndex(map(condition, texts)).narrow(values).candidates


# --- the same as trying each ----------------------------------------------------------------

_literal = st.sampled_from(LITERALS)
_subject = st.sampled_from(
    ["kind", "ref", "payload", "payload['kind']", "payload['a']['b']", "lower(ref)", "len(kind)"]
)
_several = st.lists(_literal, max_size=5).map(", ".join)
_comparison = (
    st.builds("{} {} {}".format, _subject, st.sampled_from(["==", "!=", "is", "<"]), _literal)
    | st.builds("{} == {}".format, _subject | _literal, _subject)
    | st.builds("{} in {}{}{}".format, _subject, st.just("["), _several, st.just("]"))
    | st.builds("{} in {{{}, {}}}".format, _subject, _literal, _literal)
    | st.builds("{} == {} == {}".format, _subject, _literal, _literal)
    | _subject
    | _literal
).filter(lambda text: not isinstance(parse_condition(text, NAMES), tuple))
_equality = st.builds("{} == {}".format, _subject, st.sampled_from(["'a'", "1"]))
CONDITIONS = st.recursive(
    _equality | _comparison,
    lambda inner: (
        st.builds(
            lambda parts, sign: "(" + f" {sign} ".join(parts) + ")",
            st.lists(inner, min_size=2, max_size=4),
            st.sampled_from(["and", "and", "or"]),
        )
        | st.builds("(not {})".format, inner)
    ),
    max_leaves=6,
)
_scalar = st.sampled_from(SCALARS)
VALUES = st.fixed_dictionaries(
    {
        "kind": _scalar | st.lists(_scalar, max_size=1),
        "ref": _scalar | st.just({"a": 1}),
        "payload": _scalar
        | st.fixed_dictionaries({}, optional={"kind": _scalar, "a": st.just({"b": "a"}) | _scalar}),
    }
)


@given(st.lists(CONDITIONS, max_size=12), VALUES)
def test_what_is_left_out_is_false_or_counted_as_an_error(
    texts: list[str], values: Mapping[str, JSON]
) -> None:
    conditions = list(map(condition, texts))
    found = ConditionIndex(conditions).narrow(values)
    tried = [outcome(each, values) for each in conditions]
    left_out = [
        tried[position] for position in range(len(texts)) if position not in found.candidates
    ]
    assert "holds" not in left_out
    assert left_out.count("error") == found.failing
    assert found.candidates == sorted(set(found.candidates))


# --- what it finds --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "ref == 'b'",
        "'b' == ref",
        "ref in ['b', 'c']",
        "ref in ('b', 'c')",
        "ref == 'b' or ref in ['c', 'd']",
        "kind == 'x' and ref == 'b'",
        "(kind == 'x' and ref == 'b') and len(payload) > 0",
        "kind != 'y' and kind and not payload and ref == 'b'",
        "payload == -1",
        "upper(ref) == 'B'",
        "payload['kind'] == 1",
        "ref in []",
    ],
)
def test_a_condition_that_begins_with_a_false_comparison_is_left_out(text: str) -> None:
    values: Mapping[str, JSON] = {"kind": "x", "ref": "a", "payload": {"kind": 2}}
    assert candidates(values, "ref == 'a'", text, "kind in ['x']") == [0, 2]


@pytest.mark.parametrize(
    "text",
    [
        "payload > 1 and ref == 'b'",  # an error comes first
        "kind != 'y' and payload['x'] == 1",  # whether it is evaluated is not known
        "ref == 'b' or kind == 'y'",
        "ref == kind",
        "ref in {'b', 'c'}",
        "not ref == 'b'",
    ],
)
def test_a_condition_that_begins_with_anything_else_is_tried(text: str) -> None:
    assert candidates({"kind": "x", "ref": "a", "payload": {}}, text) == [0]


def test_what_has_no_value_fails_every_condition_that_needs_it_first() -> None:
    texts = [f"kind == 'x' and payload['missing'] == {number}" for number in range(100)]
    index = ConditionIndex(map(condition, [*texts, "ref == 'a'"]))
    found = index.narrow({"kind": "x", "ref": "a", "payload": {}})
    assert (found.candidates, found.failing) == ([100], 100)
    found = index.narrow({"kind": "y", "ref": "b", "payload": {}})
    assert (found.candidates, found.failing) == ([], 0)


def test_of_comparisons_with_many_literals_each_only_few_ways_are_kept() -> None:
    """Or a file of a few kilobytes could fill the memory."""
    several = ", ".join(f"'{number}'" for number in range(100))
    text = " and ".join(f"{name} in [{several}]" for name in NAMES)
    values: Mapping[str, JSON] = {"kind": "1", "ref": "no", "payload": "no"}
    assert candidates(values, text) == [0]
    assert candidates(dict(values, kind="no"), text) == []
