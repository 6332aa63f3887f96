"""Filling in blanks changes the blanks and nothing else."""

from __future__ import annotations

from textwrap import dedent

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.engine.config_tests.updating import as_yaml, fill_blanks
from hookgate.expr.values import ExactFloat, json_text
from hookgate.loading.cases import Blank
from hookgate.loading.findings import Findings
from hookgate.loading.reader import read
from hookgate.loading.tests import load_tests
from hookgate.model import JSON


def blanks_of(text: str) -> tuple[Blank, ...]:
    rules = read("sources: {it: {params: {a: a}}}\nprograms: {act: {}}\n", Findings("", ""))
    assert rules is not None
    loaded = load_tests(text, "rules_test.yaml", "/", rules)
    assert loaded.problems == ()
    return tuple(blank for case in loaded.cases for blank in case.blanks)


def filled(text: str, *values: JSON) -> str:
    """The text with its blanks filled in, in their order."""
    text = dedent(text)
    return fill_blanks(text, zip(blanks_of(text), values, strict=True))


ARGV: list[JSON] = ["python", "run.py", "--name=a b", "--empty=", "--note=x: y #z"]
LONG: list[JSON] = ["python", "handlers/deploy.py", *(f"--value_{n}=something" for n in range(6))]


def test_a_blank_can_stand_for_a_value_or_for_all_of_a_mapping_but_not_inside_a_param() -> None:
    text = (
        'tests: [{name: one, source: it, expect: {status: "?", params: {a: {b: "?"}}, '
        'argv: {act: "?"}, env: {A: "?", act: {B: "?"}}}}]'
    )
    assert [blank.path for blank in blanks_of(text)] == [
        ("status",),
        ("argv", "act"),
        ("env", "A"),
        ("env", "act", "B"),
    ]


def test_comments_and_layout_stay() -> None:
    assert filled(
        """\
            # about
            tests:
              - name: "one"    # first
                source:   it
                expect:
                  status: "?"    # the answer
                  argv:  '?'
            """,
        202,
        ARGV,
    ) == dedent(
        """\
            # about
            tests:
              - name: "one"    # first
                source:   it
                expect:
                  status: 202    # the answer
                  argv:  [python, run.py, --name=a b, --empty=, "--note=x: y #z"]
            """
    )


def test_a_long_list_is_spread_over_lines() -> None:
    text = """\
        tests:
          - name: one
            source: it
            expect:
              argv: "?"
              status: 202
        """
    lines = filled(text, LONG).splitlines()
    assert lines[4:8] == [
        "      argv:",
        "        - python",
        "        - handlers/deploy.py",
        "        - --value_0=something",
    ]
    assert lines[-1] == "      status: 202"


def test_a_long_mapping_is_spread_over_lines() -> None:
    text = """\
        tests:
          - name: one
            source: it
            expect: {params: "?"}
          - name: two
            source: it
            expect:
              params: "?"
        """
    value: dict[str, JSON] = {f"name_{n}": ["some text"] for n in range(6)}
    lines = filled(text, value, value).splitlines()
    assert lines[3].startswith("    expect: {params: {name_0: [some text], name_1: [some text],")
    assert lines[7:9] == ["      params:", "        name_0: [some text]"]


def test_a_value_inside_braces_stays_on_its_line() -> None:
    text = """\
        tests:
          - {name: one, source: it, expect: {argv: {act: "?"}}}
        """
    assert filled(text, LONG).count("\n") == 2


def test_line_ends_are_those_of_the_file() -> None:
    text = 'tests:\r\n- name: one\r\n  source: it\r\n  expect:\r\n    argv: "?"\r\n'
    new = fill_blanks(text, [(blanks_of(text)[0], LONG)])
    assert new.count("\r\n") == new.count("\n") == 5 + len(LONG)


def test_what_two_cases_disagree_about_stays_blank() -> None:
    text = dedent(
        """\
        tests:
          - {name: one, source: it, expect: &both {status: "?", event_id: "?"}}
          - {name: two, source: it, expect: *both}
        """
    )
    values: list[JSON] = [202, "7", 200, "7"]
    new = fill_blanks(text, zip(blanks_of(text), values, strict=True))
    assert '{status: "?", event_id: "7"}' in new


def test_what_yaml_cannot_hold_stays_blank() -> None:
    text = 'tests: [{name: one, source: it, expect: {event_id: "?"}}]\n'
    assert fill_blanks(text, [(blanks_of(text)[0], "\ud800")]) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("push", "push"),
        ("--flag=refs/heads/main", "--flag=refs/heads/main"),
        ("two words", "two words"),
        ("push[0]", '"push[0]"'),
        ("true", '"true"'),
        ("1.0", '"1.0"'),
        ("", '""'),
        ("-", '"-"'),
        ("- a", '"- a"'),
        ("--", "--"),
        ("@x", '"@x"'),
        ("a: b", '"a: b"'),
        (" a", '" a"'),
        ("é\x07\x85", '"é\\u0007\\u0085"'),
        (ExactFloat("1.10"), "1.10"),
        (None, "null"),
        ([True, []], "[true, []]"),
        ({"a b": {}}, "{a b: {}}"),
    ],
)
def test_a_value_is_written_as_one_would_write_it(value: JSON, text: str) -> None:
    assert as_yaml(value) == text


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | TEXTS
    | st.decimals(-1000, 1000, places=3).map(lambda number: ExactFloat(str(number))),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
)
LAYOUTS = (  # the last leaves so little room that a list or a mapping is spread over lines
    'tests: [{name: one, source: it, expect: {params: {a: "?"}}}]\n',
    'tests:\n- name: one\n  source: it\n  expect:\n    params:\n      a: "?"   # here\n',
    f"tests:\n- name: one\n  source: it\n  expect:\n    params:\n{'':95}a: '?'\n",
)


@given(VALUES, st.sampled_from(LAYOUTS))
def test_whatever_is_written_is_read_again(value: JSON, text: str) -> None:
    new = fill_blanks(text, [(blanks_of(text)[0], value)])
    root = read(new, Findings("", new))
    assert root is not None
    found = root.get("tests", 0, "expect", "params", "a")
    assert found is not None
    assert json_text(found.plain()) == json_text(value)
    assert new.endswith(text[text.index("?") + 2 :])
