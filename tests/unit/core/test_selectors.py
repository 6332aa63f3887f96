"""Values out of events."""

from __future__ import annotations

import pytest

from hookgate.core.config import Param
from hookgate.core.selectors import ParamFault, Unconvertible, View, convert, read_params
from hookgate.expr.values import ExactFloat
from hookgate.model import JSON
from tests.rules import compiled

VIEW = View(
    {"issue": {"key": "P-1", "labels": [], "assignee": None, "score": 2}},
    {"x-kind": "bug"},
    {"page": "7"},
)


def params(text: str) -> tuple[Param, ...]:
    return (
        compiled(
            f"""
            version: 1
            sources:
              crm:
                auth: {{type: none}}
                params: {text}
                rules: {{"*": [{{program: act}}]}}
            programs: {{act: {{command: act}}}}
            """
        )
        .sources["crm"]
        .params
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{p: issue.key}", "P-1"),
        ("{p: {path: issue.key}}", "P-1"),
        ("{p: {header: X-Kind}}", "bug"),
        ("{p: {query: page}}", "7"),
        ("{p: {value: 5}}", 5),
        ("{p: [{path: issue.id}, {header: X-Kind}]}", "bug"),
        ("{p: [{path: issue.assignee}, {query: page}]}", "7"),
        ("{p: {path: issue.id, default: none}}", "none"),
        ("{p: {path: issue.assignee, default: nobody}}", "nobody"),
        ("{p: {path: issue.labels, default: [x]}}", []),
        ("{p: issue.id}", None),
        ("{p: {query: page, type: int}}", 7),
        ("{p: {path: issue.score, type: str}}", "2"),
    ],
)
def test_a_param_is_the_first_value_that_is_present(text: str, value: JSON) -> None:
    assert read_params(params(text), VIEW) == {"p": value}


def test_a_required_param_that_is_missing_names_the_places_that_were_tried() -> None:
    text = "{p: {path: issue.id, required: true}}"
    fault = read_params(params(text), VIEW)
    assert fault == ParamFault("p", "is required and issue.id is missing")


def test_a_value_of_another_type_is_a_fault_that_does_not_show_it() -> None:
    fault = read_params(params("{p: {path: issue.key, type: int}}"), VIEW)
    assert fault == ParamFault("p", "should be int and is text")


@pytest.mark.parametrize(
    ("value", "wanted", "converted"),
    [
        (True, "str", "true"),
        ({"a": [1]}, "str", '{"a":[1]}'),
        ("-12", "int", -12),
        (3.0, "int", 3),
        (12345678901234567890123, "int", 12345678901234567890123),
        ("2.50", "float", ExactFloat("2.50")),
        (2, "float", 2),
        ("TRUE", "bool", True),
        (0, "bool", False),
        ('{"a":1}', "json", {"a": 1}),
        ([1], "json", [1]),
    ],
)
def test_a_value_is_converted_where_nothing_is_lost(
    value: JSON, wanted: str, converted: JSON
) -> None:
    found = convert(value, wanted)  # type: ignore[arg-type]  # parametrized literal
    assert (found, str(found)) == (converted, str(converted))


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("x", "int"),
        ("1.5", "int"),
        (2.5, "int"),
        (True, "int"),
        ("9" * 5000, "int"),
        ([], "int"),
        ("nan", "float"),
        ("+5", "float"),
        ("007.5", "float"),
        ("5.", "float"),
        ("inf", "float"),
        (False, "float"),
        ("yes", "bool"),
        (2, "bool"),
        ("{", "json"),
    ],
)
def test_what_would_lose_something_is_not_converted(value: JSON, wanted: str) -> None:
    assert isinstance(convert(value, wanted), Unconvertible)  # type: ignore[arg-type]
