from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.errors import EvaluationError
from hookgate.expr.conditions import (
    BUILT_IN_NAMES,
    FUNCTIONS,
    Condition,
    ConditionFault,
    parse_condition,
)
from hookgate.expr.values import ExactFloat, parse_json
from hookgate.model import JSON

VALUES: Mapping[str, JSON] = {
    "event_type": "issue_created",
    "source": "jira",
    "payload": {"issue": {"key": "AB-1", "votes": 3}, "tags": ["a", "b"]},
    "headers": {"x-kind": "test"},
    "query": {},
    "issue_type": "bug",
    "labels": ["ui", "urgent"],
    "none": None,
    "empty": [],
    "count": 3,
    "price": ExactFloat("19.90"),
    "draft": False,
    "ref": "refs/heads/main",
    "title": "Fix the Größe: [x] a.b\nsecond line",
}


def condition(text: str) -> Condition:
    parsed = parse_condition(text, VALUES.keys())
    assert isinstance(parsed, Condition), parsed
    return parsed


def faults(text: str) -> tuple[ConditionFault, ...]:
    parsed = parse_condition(text, VALUES.keys())
    assert isinstance(parsed, tuple), f"{text} was not refused"
    return parsed


def cause(text: str) -> str:
    with pytest.raises(EvaluationError) as raised:
        condition(text).holds(VALUES)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "True",
        "issue_type == 'bug'",
        "issue_type != 'task' and not draft",
        "draft or count",
        "1 < count <= 3 < 4",
        "issue_type in ['bug', 'incident']",
        "issue_type in ('bug',) and issue_type in {'bug'} and issue_type in {'bug': 1}",
        "'urgent' in labels and 'x' not in labels",
        "'key' in payload['issue']",
        "'heads' in ref",
        "none is None and draft is False and none is not True",
        "payload['issue']['key'] == 'AB-1'",
        "payload['tags'][0] == 'a' and payload['tags'][-1:] == ['b']",
        "ref[:5] == 'refs/' and ref[::-1][0] == 'n'",
        "headers['x-kind'] == 'test'",
        "count + 1 == 4 and count - 1 == 2 and count * 2 == 6 and count / 2 == 1.5",
        "count // 2 == 1 and count % 2 == 1 and -count == -3 and +count == 3",
        "price == 19.9 and price > 19 and price * 10 == 199",
        "'a' + 'b' == 'ab' and labels + ['x'] == ['ui', 'urgent', 'x'] and (1,) + (2,) == (1, 2)",
        "(count if issue_type == 'bug' else 0) == 3",
        "[1, 'a', None] == [1, 'a', None] and {'a': count} == {'a': 3}",
        "  count == 3  \n",
        "\ncount == 3\n  ",
        "(count == 3\n  and issue_type == 'bug')  # in brackets, lines do not matter",
        r"title == 'Fix the Gr\u00f6\xdfe: [x] a.b\nsecond line'",
        "0x10 == 16 and 1_000 == 1000 and 1e3 == 1000",
    ],
)
def test_a_condition_that_is_true_holds(text: str) -> None:
    assert condition(text).holds(VALUES) is True
    assert condition(f"not ({text}\n)").holds(VALUES) is False


@pytest.mark.parametrize(
    "text", ["False", "None", "0", "''", "none", "empty", "draft", "{}", "[]", "1 < count < 2"]
)
def test_the_result_is_a_truth_value(text: str) -> None:
    assert condition(text).holds(VALUES) is False


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("startswith(ref, 'refs/')", True),
        ("startswith(ref, 'main')", False),
        ("endswith(ref, 'main')", True),
        ("endswith(ref, 'refs')", False),
        ("contains(title, 'the')", True),
        ("contains(title, 'The')", False),
        ("contains(labels, 'ui')", True),
        ("contains(labels, 'u')", False),
        ("contains(payload, 'issue')", True),
        ("contains(payload, 'key')", False),
        ("contains(payload, ['issue'])", False),
        ("contains({'a', 'b'}, 'a')", True),
        ("len(labels)", 2),
        ("len(payload)", 2),
        ("len('äö')", 2),
        ("lower('ÄB')", "äb"),
        ("upper('äb')", "ÄB"),
        ("int('12')", 12),
        ("int(price)", 19),
        ("int(draft)", 0),
        ("float('1.5')", 1.5),
        ("float(count)", 3.0),
        ("str(price)", "19.90"),
        ("str(float(price))", "19.90"),
        ("str(none)", ""),
        ("str(draft)", "false"),
        ("str(labels)", '["ui","urgent"]'),
        ("min(3, 1, 2)", 1),
        ("max([3, 1, price])", 19.9),
        ("max('a', 'b')", "b"),
        ("min({2, 1})", 1),
        ("any([0, 'x'])", True),
        ("any(empty)", False),
        ("all([1, 'x'])", True),
        ("all([1, 0])", False),
        ("abs(-3)", 3),
        ("round(2.567, 2)", 2.57),
        ("round(price)", 20),
        ("round(1234, -2)", 1200),
    ],
)
def test_a_function_gives_its_value(text: str, value: JSON) -> None:
    assert condition(f"{text} == {value!r}").holds(VALUES) is True


@pytest.mark.parametrize(
    ("glob", "text", "matches"),
    [
        ("refs/*/main", "refs/heads/main", True),
        ("*", "a/b\nc", True),
        ("*", "", True),
        ("refs/*", "xrefs/y", False),
        ("*main", "main\n", False),
        ("v?.?", "v1.2", True),
        ("v?.?", "v1x2", False),
        ("?", "ß", True),
        ("?", "", False),
        ("?", "\n", True),
        ("Main", "main", False),
        ("[abc]x", "bx", True),
        ("[abc]x", "dx", False),
        ("[!abc]x", "dx", True),
        ("[!abc]x", "ax", False),
        ("[0-9]*", "7up", True),
        ("[^a]", "^", True),
        ("[^a]", "b", False),
        ("[]]", "]", True),
        ("[!]]", "]", False),
        ("[[:alpha:]]", "a]", True),
        ("[\\w]", "\\", True),
        ("[ab", "[ab", True),
        ("a.b+(c|d)$", "a.b+(c|d)$", True),
        ("a.b", "axb", False),
        ("\\*", "\\anything", True),
        ("", "", True),
        ("größe*", "größe 1", True),
    ],
)
def test_a_glob_is_for_the_whole_text_and_minds_case(glob: str, text: str, matches: bool) -> None:
    parsed = parse_condition(f"glob(text, {glob!r})", ["text"])
    computed = parse_condition("glob(text, pattern)", ["text", "pattern"])
    assert isinstance(parsed, Condition)
    assert isinstance(computed, Condition)
    assert parsed.holds({"text": text}) is matches
    assert computed.holds({"text": text, "pattern": glob}) is matches


@pytest.mark.parametrize(
    ("pattern", "text", "matches"),
    [
        ("^refs/heads/(main|dev)$", "refs/heads/dev", True),
        ("heads", "refs/heads/dev", True),
        ("^heads", "refs/heads/dev", False),
        ("main$", "main\n", False),
        ("(?m)main$", "main\nx", True),
        ("(?i)MAIN", "main", True),
        (r"\bfix\b", "a fix!", True),
        (r"\d{3}", "ab12", False),
        (r"^\pL+$", "Größe", True),
        ("a.b", "a\nb", False),
    ],
)
def test_matches_is_a_search_where_a_dollar_is_the_very_end(
    pattern: str, text: str, matches: bool
) -> None:
    parsed = parse_condition(f"matches(text, r'{pattern}')", ["text"])
    computed = parse_condition("matches(text, pattern)", ["text", "pattern"])
    assert isinstance(parsed, Condition)
    assert isinstance(computed, Condition)
    assert parsed.holds({"text": text}) is matches
    assert computed.holds({"text": text, "pattern": pattern}) is matches


def test_a_pattern_looks_at_half_a_surrogate_pair_as_at_a_replacement_character() -> None:
    parsed = parse_condition(r"matches(text, '^a.b$') and glob(text, 'a\ufffdb')", ["text"])
    assert isinstance(parsed, Condition)
    assert parsed.holds({"text": "a\ud800b"}) is True


def test_and_or_and_if_evaluate_no_more_than_they_need() -> None:
    assert condition("draft and 1 / 0").holds(VALUES) is False
    assert condition("count or 1 / 0").holds(VALUES) is True
    assert condition("1 if count else 1 / 0").holds(VALUES) is True
    assert condition("1 > 2 > 1 / 0").holds(VALUES) is False


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("none > 3", "'>' cannot compare None with 3 (none is missing?)"),
        ("3 <= none", "'<=' cannot compare 3 with None (none is missing?)"),
        ("labels < 3", "'<' cannot compare ['ui', 'urgent'] with 3"),
        ("'a' in none", "'in' cannot look for 'a' in None (none is missing?)"),
        ("none not in 'a'", "'not in' cannot look for None in 'a' (none is missing?)"),
        ("none + none", "'+' cannot take None and None (none, none are missing?)"),
        ("'a' + 1", "'+' cannot take 'a' and 1"),
        ("price + 'a'", "'+' cannot take 19.90 and 'a'"),
        ("'a' * 3", "'*' cannot take 'a' and 3"),
        ("-none", "'-' needs a number, not None"),
        ("+labels", "'+' needs a number, not ['ui', 'urgent']"),
        ("1 / 0", "'/' divides by zero"),
        ("count % (count - 3)", "'%' divides by zero"),
        ("payload['x']", "payload has no item 'x'"),
        ("payload['issue']['x']", "payload['issue'] has no item 'x'"),
        ("labels[2]", "labels has no item 2, its length is 2"),
        ("labels['0']", "labels is a list and has no item '0'"),
        ("none['a']", "none is missing and has no item 'a'"),
        ("count[0]", "count is a number and has no item 0"),
        ("payload[labels]", "payload has no item ['ui', 'urgent']"),
        ("labels[::0]", "slice step cannot be zero"),
        ("{labels}", "unhashable type: 'list'"),
        ("int(1e400)", "int: inf is not an integer"),
        ("startswith(none, 'a')", "startswith: its first argument is missing"),
        ("startswith(labels, 'a')", "startswith: its first argument is a list, not text"),
        ("startswith('a', none)", "startswith: its second argument is missing"),
        ("endswith(count, 'a')", "endswith: its first argument is a number, not text"),
        ("contains(none, 'a')", "contains: its first argument is missing"),
        ("contains('a', 1)", "contains: its second argument is a number, not text"),
        (
            "contains(draft, 1)",
            "contains: its first argument is a boolean, not text, a list or an object",
        ),
        ("glob(payload, '*')", "glob: its first argument is an object, not text"),
        ("matches('a', count)", "matches: its second argument is a number, not text"),
        ("matches('a', '(' + '')", "matches: the pattern '(': missing ): ("),
        (
            "glob('a', '[z-' + 'a]')",
            "glob: the pattern '[z-a]': invalid character class range: z-a",
        ),
        ("lower(none)", "lower: its first argument is missing"),
        ("len(none)", "len: its first argument is missing"),
        ("len(3)", "len: its first argument is a number, not text, a list or an object"),
        ("int('1.5')", "int: '1.5' is not an integer"),
        ("int(none)", "int: its first argument is missing"),
        ("float('x')", "float: 'x' is not a number"),
        ("float(labels)", "float: its first argument is a list, not a number or text"),
        ("str((1,))", "str: a tuple has no JSON text"),
        ("str({'a': [(1,)]})", "str: a tuple has no JSON text"),
        ("min(empty)", "min: the list is empty"),
        ("max(1, 'a')", "max: [1, 'a'] cannot be compared"),
        ("max('abc')", "max: its first argument is text, not a list"),
        ("any(none)", "any: its first argument is missing"),
        ("all('abc')", "all: its first argument is text, not a list"),
        ("abs('a')", "abs: its first argument is text, not a number"),
        ("round(1.5, 'a')", "round: 'a' is not a number of digits"),
        ("round(1.5, none) + round(none)", "round: its first argument is missing"),
    ],
)
def test_what_cannot_be_evaluated_says_why(text: str, said: str) -> None:
    assert cause(text) == said


def test_a_cause_stays_short_however_large_the_value() -> None:
    values: dict[str, JSON] = {**VALUES, "labels": [[{"k": "v" * 1_000_000}] * 1_000] * 1_000}
    with pytest.raises(EvaluationError) as raised:
        condition("labels > 3").holds(values)
    assert len(str(raised.value)) < 120


def test_a_name_without_a_value_is_an_evaluation_error() -> None:
    with pytest.raises(EvaluationError, match=r"^issue_type has no value$"):
        condition("issue_type == 'bug'").holds({})
    named_like_a_function = parse_condition("len", ["len"])
    assert isinstance(named_like_a_function, Condition)
    with pytest.raises(EvaluationError, match=r"^len has no value$"):
        named_like_a_function.holds({})


def test_a_param_may_have_the_name_of_a_function() -> None:
    parsed = parse_condition("len(len) == 2", ["len"])
    assert isinstance(parsed, Condition)
    assert parsed.holds({"len": "ab"}) is True


@pytest.mark.parametrize(
    ("text", "filled_in"),
    [
        ("True", "True"),
        ("issue_type == 'bug' and len(empty) > 2", "'bug' == 'bug' and 0 > 2"),
        ('issue_type=="task"  or  draft', "'bug'==\"task\"  or  False"),
        ("not draft", "not False"),
        ("none is None", "None is None"),
        ("price >= 1.50", "19.90 >= 1.50"),
        ("count * 2 + 1 > -count", "7 > -3"),
        ("(count + 1) > 2", "(4) > 2"),
        ("payload['issue']['key'] in ['AB-1', ref]", "'AB-1' in ['AB-1', 'refs/heads/main']"),
        ("payload['nothing'] == issue_type", "payload['nothing'] == 'bug'"),
        ("len(none) > 2 or count > 2", "len(none) > 2 or 3 > 2"),
        ("startswith(ref, 'refs/tags/')", "startswith('refs/heads/main', 'refs/tags/')"),
        ("matches(lower(ref), r'^\\w+$')", "matches('refs/heads/main', r'^\\w+$')"),
        ("any([count == 2, draft])", "any([3 == 2, False])"),
        ("all(labels)", "all(['ui', 'urgent'])"),
        ("\n (count ==\n count)", "\n (3 ==\n 3)"),
        ("lower(issue_type) == 'x'", "'bug' == 'x'"),
        ("count if draft else labels", "3 if False else ['ui', 'urgent']"),
        ("(count ==\n 3)  # three", "(3 ==\n 3)  # three"),
        ("'ä' == issue_type and 'é' == ref", "'ä' == 'bug' and 'é' == 'refs/heads/main'"),
        ("\n 'ä' == issue_type", "\n 'ä' == 'bug'"),
        ("title", r"'Fix the Größe: [x] a.b\nsecond line'"),
    ],
)
def test_a_condition_is_shown_with_the_values_that_decided_it(text: str, filled_in: str) -> None:
    assert condition(text).filled_in(VALUES) == filled_in


def test_long_values_are_cut_when_they_are_filled_in() -> None:
    values: dict[str, JSON] = {
        **VALUES,
        "title": "x" * 10_000_000,
        "labels": ["y" * 50] * 1_000_000,
    }
    shown = condition("title == 'a' and labels == count").filled_in(values)
    assert shown == f"'{'x' * 58}… == 'a' and ['{'y' * 50}', 'yyy… == 3"


def test_what_has_no_values_is_filled_in_as_written() -> None:
    assert condition("issue_type == 'bug'").filled_in({}) == "issue_type == 'bug'"


def test_a_condition_knows_the_names_it_uses() -> None:
    assert condition("len(labels) > 1 and payload['x'] in [ref]").names == {
        "labels",
        "payload",
        "ref",
    }
    assert condition("True").names == frozenset()
    assert set(VALUES) > set(BUILT_IN_NAMES)


def test_conditions_of_the_same_text_are_equal_and_hashable() -> None:
    assert condition("glob(ref, 'a')") == condition("glob(ref, 'a')")
    assert len({condition("count == 1"), condition("count == 1"), condition("count == 2")}) == 2


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [("syntax", "", None)]),
        (" \n", [("syntax", " \n", None)]),
        ("count ==", [("syntax", "", None)]),
        ("count = 3", [("syntax", "=", "==")]),
        ("count === 3", [("syntax", "===", "==")]),
        ("draft && count", [("syntax", "&&", "and")]),
        ("draft || count", [("syntax", "||", "or")]),
        ("!draft", [("syntax", "!", "not")]),
        ("count <> 3", [("syntax", "<>", "!=")]),
        ("(count", [("syntax", "(", None)]),
        ("count draft && ref", [("syntax", "draft", None)]),
        ("count =\x00= 3", [("syntax", "\x00", None)]),
        ("count)", [("syntax", ")", None)]),
        ("'abc", [("syntax", "'", None)]),
        ("issue_tpye == 'bug'", [("name", "issue_tpye", "issue_type")]),
        ("Payload == 1", [("name", "Payload", "payload")]),
        ("zzz == 1", [("name", "zzz", None)]),
        ("draft == false", [("name", "false", "False")]),
        ("none == null", [("name", "null", "None")]),
        ("len > 1", [("name", "len", None)]),
        ("startwith(ref, 'a')", [("function", "startwith", "startswith")]),
        ("ref('a')", [("function", "ref", None)]),
        ("len()", [("arguments", "len()", None)]),
        ("len(ref, 1)", [("arguments", "len(ref, 1)", None)]),
        ("min()", [("arguments", "min()", None)]),
        ("round(1, 2, 3)", [("arguments", "round(1, 2, 3)", None)]),
        ("glob(ref)", [("arguments", "glob(ref)", None)]),
        ("matches(ref, '(')", [("pattern", "'('", None)]),
        ("matches(ref, r'(?=a)')", [("pattern", "r'(?=a)'", None)]),
        ("matches(ref, '\\bfix')", [("pattern", "'\\bfix'", None)]),
        ("glob(ref, '[z-a]')", [("pattern", "'[z-a]'", None)]),
        ("payload.issue.key == 1", [("forbidden", "payload.issue.key", "payload['issue']['key']")]),
        ("ref.startswith('a')", [("forbidden", "ref.startswith", "startswith(ref, ...)")]),
        ("nmae.a", [("forbidden", "nmae.a", "nmae['a']"), ("name", "nmae", None)]),
        (
            "nmae.lower()",
            [("forbidden", "nmae.lower", "lower(nmae, ...)"), ("name", "nmae", None)],
        ),
        ("len(value=nmae)", [("forbidden", "nmae", None), ("name", "nmae", None)]),
        ("len(*ref, *ref)", [("forbidden", "*ref", None), ("forbidden", "*ref", None)]),
        ("count & 1", [("forbidden", "count & 1", "and")]),
        ("~count", [("forbidden", "~count", "not")]),
        ("2 ** 3", [("forbidden", "2 ** 3", None)]),
        ("ref is 'a'", [("forbidden", "ref is 'a'", "==")]),
        ("ref is not 1", [("forbidden", "ref is not 1", "!=")]),
        ("count == 1, draft", [("forbidden", "count == 1, draft", None)]),
    ],
)
def test_a_fault_has_its_kind_its_place_and_what_was_probably_meant(
    text: str, expected: list[tuple[str, str, str | None]]
) -> None:
    found = [
        (fault.kind, text[fault.offset : fault.offset + fault.length], fault.near)
        for fault in faults(text)
    ]
    assert found == expected


def test_every_fault_is_told_at_once_and_in_order() -> None:
    text = "é == 'ü' and (\n  payload.a == nmae\r\n or lne('ö' ** 2)) or matches(ref, '*')"
    found = faults(text)
    assert [text[fault.offset : fault.offset + fault.length] for fault in found] == [
        "é",
        "payload.a",
        "nmae",
        "lne",
        "'ö' ** 2",
        "'*'",
    ]
    assert [fault.kind for fault in found] == [
        "name",
        "forbidden",
        "name",
        "function",
        "forbidden",
        "pattern",
    ]


def test_a_misplaced_sign_is_found_on_a_later_line_after_other_alphabets() -> None:
    (fault,) = faults("('größe' == ref\n   and 'ä' && draft)")
    assert (fault.offset, fault.length, fault.near) == (27, 2, "and")


def test_a_condition_of_several_lines_is_told_about_parentheses() -> None:
    (fault,) = faults("count == 3\nand draft")
    assert "parentheses" in fault.message


def test_messages_are_in_words_for_people() -> None:
    assert faults("nmae")[0].message == "there is no name 'nmae'"
    assert faults("payload.a")[0].message == (
        "there are no attributes in a condition: write payload['a'], or take it as a param"
    )
    assert faults("len(1, 2)")[0].message == "len(value) is given 2 arguments"
    assert faults("matches(ref, '(')")[0].message == "the pattern of matches: missing ): ("
    assert faults("count ==")[0].message == "it ends too early"


def test_the_functions_are_those_of_the_reference() -> None:
    reference = (
        "len lower upper int float str min max any all abs round"
        " startswith endswith contains glob matches"
    )
    assert set(FUNCTIONS) == set(reference.split())


def test_one_condition_can_be_evaluated_in_many_threads_at_once() -> None:
    parsed = condition("payload['n'] == count and len(str(payload)) > 0 and count == payload['n']")

    def agrees(number: int) -> bool:
        return all(parsed.holds({"payload": {"n": n}, "count": n}) for n in range(number, 3_000))

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(agrees, range(4)))


def test_re2_is_loaded_only_for_patterns_and_prints_nothing() -> None:
    program = (
        "import sys\n"
        "from hookgate.expr.conditions import parse_condition\n"
        "parse_condition(\"startswith(source, 'a')\", ['source'])\n"
        "assert 're2' not in sys.modules\n"
        "assert parse_condition(\"matches(source, '(')\", ['source'])[0].kind == 'pattern'\n"
        "assert 're2' in sys.modules\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@given(st.text())
def test_any_text_is_a_literal_that_equals_itself(text: str) -> None:
    parsed = parse_condition(f"payload == {text!r}", ["payload"])
    if len(repr(text)) > 3_900:
        return
    assert isinstance(parsed, Condition)
    assert parsed.holds({"payload": text}) is True


@given(st.text(alphabet="ab*?[]!-\\.^$\n"), st.text(alphabet="ab*?[]!-\\.^$\n"))
def test_a_glob_without_special_characters_is_equality(glob: str, text: str) -> None:
    special = re.search(r"[*?\[]", glob)
    parsed = parse_condition("glob(text, pattern)", ["text", "pattern"])
    assert isinstance(parsed, Condition)
    try:
        held = parsed.holds({"text": text, "pattern": glob})
    except EvaluationError:
        assert special
    else:
        assert special or held is (text == glob)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_numbers_compare_by_value_whatever_their_digits(number: float) -> None:
    read = parse_json(repr(number).encode())
    parsed = parse_condition(f"n == {number!r} and n <= float('{number!r}')", ["n"])
    assert isinstance(parsed, Condition)
    assert parsed.holds({"n": read}) is True
