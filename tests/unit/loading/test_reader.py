"""Reading YAML into values that know their place."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from hookgate.expr.values import ExactFloat
from hookgate.loading import reader
from hookgate.loading.findings import Findings
from hookgate.loading.nodes import Node
from hookgate.loading.reader import MAX_DEPTH, MAX_NODES, read
from hookgate.model import JSON


def read_well(text: str) -> Node:
    findings = Findings("rules.yaml", text)
    node = read(text, findings)
    assert node is not None
    assert findings.sorted() == ()
    return node


def codes(text: str) -> list[str]:
    findings = Findings("rules.yaml", text)
    read(text, findings)
    return [problem.code for problem in findings.sorted()]


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("null", None),
        ("~", None),
        ("", None),
        ("True", True),
        ("FALSE", False),
        ("0", 0),
        ("-12", -12),
        ("123456789012345678901234567890", 123456789012345678901234567890),
        ("1.50", 1.5),
        ("-1e3", -1000.0),
    ],
)
def test_unquoted_scalars_are_what_json_has(written: str, value: JSON) -> None:
    found = read_well(f"a: {written}\n").entries()["a"].value
    assert (found, isinstance(found, bool)) == (value, isinstance(value, bool))


UNQUOTED = "on off yes no y n 012 0o17 0x1F 1_000 1:30 2024-01-31 .5 5. +1 .inf .nan 1e 1,5 tRue"


@pytest.mark.parametrize("written", [*UNQUOTED.split(), "9" * 5000, "'true'", '"12"'])
def test_everything_else_is_text_as_written(written: str) -> None:
    assert read_well(f"a: {written}\n").entries()["a"].value == written.strip("'\"")


def test_a_number_keeps_the_digits_it_was_written_with() -> None:
    number = read_well("a: 1.10\n").entries()["a"].value
    assert isinstance(number, ExactFloat)
    assert str(number) == "1.10"


def test_a_key_is_its_text_as_written() -> None:
    assert list(read_well("{404: a, on: b, true: c, 1.0: d, '': e}").entries()) == [
        "404",
        "on",
        "true",
        "1.0",
        "",
    ]


def test_every_value_and_key_has_its_place() -> None:
    text = "é: 1\nlist:\n  - {b: 'x y'}\n  - &anchor   z\n"
    root = read_well(text)
    found = root.get("list", 0, "b")
    anchored = root.get("list", 1)
    assert found is not None
    assert anchored is not None
    assert (found.span.line, found.span.column) == (3, 9)
    assert text[found.span.start : found.span.end] == "'x y'"
    assert found.key is not None
    assert text[found.key.start : found.key.end] == "b"
    assert text[anchored.span.start : anchored.span.end] == "z"
    assert (anchored.span.line, anchored.span.column) == (4, 15)
    assert root.get("list", 2) is None
    assert root.get("list", "b") is None


def test_an_alias_stands_for_the_value_at_its_anchor() -> None:
    root = read_well("a: &x {b: 1}\nc: *x\n")
    alias = root.get("c")
    assert alias is not None
    assert alias.plain() == {"b": 1}
    assert alias.span.line == 1
    assert alias.key is not None
    assert alias.key.line == 2


def test_a_byte_order_mark_inside_the_text_is_refused() -> None:
    assert codes("a: \ufffe\n") == ["HG106"]


def test_nesting_is_bounded_without_following_it() -> None:
    assert codes("[" * MAX_DEPTH + "]" * MAX_DEPTH) == []
    assert codes("[" * 100_000) == ["HG108"]
    assert codes("? " * 5_000) == ["HG108"]


def test_aliases_do_not_unfold_without_bounds() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]" for i in range(1, 45)]
    assert codes("\n".join(lines)) == ["HG108"]


def test_as_many_values_as_are_allowed_can_be_read() -> None:
    # The root, the list under `a`, and twice a list with its items.
    half = (MAX_NODES - 4) // 2
    assert codes(f"a: [&x [{'x, ' * half}], *x]") == []
    assert codes(f"a: [&x [{'x, ' * (half + 1)}], *x]") == ["HG108"]


def test_both_parsers_of_pyyaml_tell_the_same_places(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "é: &x 'a''b'\nlist: [1, *x, {b: \"c\\n\"}]\nd: |\n  e\n\nf: >-\n  g\n"
    with_libyaml = read_well(text)
    monkeypatch.setattr(reader, "Parser", yaml.SafeLoader)
    assert read_well(text) == with_libyaml


_YAML_LIKE = st.text(
    st.sampled_from("ab:- \n\t'\"[]{}&*!|>%@`#?,~0\\xé\ud800\0\ufeff"), max_size=60
)


@given(st.text(max_size=80) | _YAML_LIKE)
def test_any_text_is_read_or_gives_findings(text: str) -> None:
    findings = Findings("rules.yaml", text)
    node = read(text, findings)
    problems = findings.sorted()
    assert node is not None or problems
    for problem in problems:
        assert problem.line >= 1
        assert problem.column >= 1
        assert problem.length >= 1
