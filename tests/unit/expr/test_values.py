from __future__ import annotations

import copy
import json
import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.expr.rendering import shown
from hookgate.expr.values import (
    MAX_DEPTH,
    MAX_VALUES,
    ExactFloat,
    MalformedJSON,
    json_text,
    number_text,
    parse_json,
    text_of,
)
from hookgate.model import JSON

NUMBERS = st.from_regex(
    r"-?(0|[1-9][0-9]{0,30})\.[0-9]{1,30}([eE][+-]?[0-9]{1,3})?", fullmatch=True
)
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | NUMBERS.map(ExactFloat),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@pytest.mark.parametrize(
    "text", ["19.90", "1.0", "-0.0", "1E5", "1e-7", "1e400", "0.1000000000000000055", "2.50E+01"]
)
def test_a_number_keeps_the_digits_it_was_written_with(text: str) -> None:
    value = parse_json(text.encode())
    assert isinstance(value, float)
    assert value == float(text)
    assert (number_text(value), json_text(value), shown(value)) == (text,) * 3


@pytest.mark.parametrize("space", ["", " "])
@given(JSON_VALUES)
def test_a_value_keeps_its_text_whether_it_was_written_compactly_or_not(
    space: str, value: JSON
) -> None:
    text = json_text(value)
    assert json_text(parse_json(f"{space}{text}".encode("utf-8", "backslashreplace"))) == text


def test_a_large_integer_stays_exact() -> None:
    digits = "9" * 4_000
    assert json_text(parse_json(digits.encode())) == digits


def test_an_exact_float_is_a_float_also_when_copied() -> None:
    number = ExactFloat("2.50")
    assert number == 2.5
    assert hash(number) == hash(2.5)
    assert math.isclose(number + 1, 3.5)
    assert [copy.deepcopy(number).text, pickle.loads(pickle.dumps(number)).text] == ["2.50"] * 2  # noqa: S301 - our own bytes


@given(NUMBERS)
def test_any_number_s_digits_survive_the_round_trip(text: str) -> None:
    raw = f'{{"a":[{text}]}}'
    assert json_text(parse_json(raw.encode())) == raw


@given(JSON_VALUES)
def test_any_value_survives_the_round_trip(value: JSON) -> None:
    raw = json_text(value).encode("utf-8", "surrogatepass")
    read = parse_json(raw)
    assert read == value
    assert json_text(read).encode("utf-8", "surrogatepass") == raw
    assert json.loads(raw) == value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("bare text", "bare text"),
        ("", ""),
        (None, ""),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (ExactFloat("1.0"), "1.0"),
        ([1, None, "a"], '[1,null,"a"]'),
        ({"é": {"b": False}}, '{"é":{"b":false}}'),
        ([], "[]"),
    ],
)
def test_text_of_is_what_a_command_line_gets(value: JSON, text: str) -> None:
    assert text_of(value) == text


@pytest.mark.parametrize(
    ("raw", "part"),
    [
        (b"", "Expecting value"),
        (b"{", "line 1 column 2"),
        (b'{"a": 1,}', "line 1 column"),
        (b"[1] 2", "Extra data"),
        (b"NaN", "NaN is not JSON"),
        (b"[-Infinity]", "-Infinity is not JSON"),
        (b'{"a": 1, "b": 2, "a": 3}', "twice"),
        (b'[{"x": {"a": 1, "a": 1}}]', "twice"),
        (b'"\xff"', "not UTF-8 at byte 1"),
        (b'"\xed\xa0\x80"', "not UTF-8"),
        (b"1" * 5_000, "too many digits"),
        (b'"tab\there"', "control character"),
    ],
)
def test_what_is_not_trustworthy_json_is_malformed(raw: bytes, part: str) -> None:
    with pytest.raises(MalformedJSON, match=part):
        parse_json(raw)


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_is_bounded(opening: bytes, closed: bool) -> None:
    closing = b"]" if opening == b"[" else b"}"
    parse_json(opening * MAX_DEPTH + b"1" + closing * MAX_DEPTH)
    for depth in (MAX_DEPTH + 1, 100_000):
        with pytest.raises(MalformedJSON, match="nested deeper than 128"):
            parse_json(opening * depth + b"1" + closing * depth * closed)


def test_brackets_within_strings_and_side_by_side_do_not_count_as_nesting() -> None:
    texts = ["[" * 500, '"' + "{" * 500, "\\" * 3 + "[" * 500, "\\"]
    assert parse_json(json.dumps(texts).encode()) == texts
    assert parse_json(b"[" + b"[]," * 500 + b"[]]") == [[]] * 501


@pytest.mark.parametrize("value", [b"1", b"[]", b"{}", b'{"a":1}', b'""', b"0.5", b" null"])
def test_the_number_of_values_is_bounded(value: bytes) -> None:
    """It is what a payload costs: 5 MB of empty lists take half a second and 200 MB."""
    fitting = MAX_VALUES // 2 - 1
    parse_json(b"[" + b",".join([value] * fitting) + b"]")
    for count in (MAX_VALUES + 1, 10 * MAX_VALUES):
        with pytest.raises(MalformedJSON, match="more than 250,000 values"):
            parse_json(b"[" + b",".join([value] * count) + b"]")


@pytest.mark.parametrize("text", [",", "[", "{", '",', "\\,", "a,b;"])
def test_what_stands_in_a_string_is_no_value(text: str) -> None:
    texts = [text * MAX_VALUES, text]
    assert parse_json(json.dumps(texts).encode()) == texts


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"[" * 129 + b'"' + b'\\"' * 500_000, id="strings that are never closed"),
        pytest.param(b"[" * 129 + b'"' * 500_001, id="quotes"),
        pytest.param(b"[" * 129 + b'"' + b"\\\n" * 500_000, id="escaped line breaks"),
        pytest.param(
            b"{" + b",".join(b'"%d":1' % n for n in range(100_000)) + b',"99999":1}',
            id="a key twice among many",
        ),
        pytest.param(b"1." + b"1" * 5_000_000 + b"x", id="digits"),
    ],
)
@pytest.mark.timeout(5)
def test_malformed_json_is_refused_in_linear_time(raw: bytes) -> None:
    with pytest.raises(MalformedJSON):
        parse_json(raw)


@given(st.binary() | st.text(alphabet='[]{}",:\\truefalsn01.e+- ').map(str.encode))
def test_any_bytes_are_a_value_or_malformed(raw: bytes) -> None:
    try:
        value = parse_json(raw)
    except MalformedJSON:
        return
    assert value == json.loads(raw)
