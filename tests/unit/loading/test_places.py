"""Places inside scalars: the caret stands under the very character."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.loading.context import place_inside
from hookgate.loading.findings import Findings
from hookgate.loading.nodes import Node
from hookgate.loading.reader import read

# Everything that can stand in quotes on one line; the quotes and the backslash often.
VALUES = st.text(
    st.sampled_from("'\"\\ ")
    | st.characters(min_codepoint=32, codec="utf-8", exclude_categories=["C", "Z"])
)


def scalar(written: str) -> tuple[str, Node]:
    text = f"# é\nkey: {written}\n"
    root = read(text, Findings("rules.yaml", text))
    assert root is not None
    return text, root.entries()["key"]


@given(VALUES, st.data())
def test_every_character_of_a_single_quoted_text_is_found(value: str, data: st.DataObject) -> None:
    text, node = scalar("'" + value.replace("'", "''") + "'")
    assert node.string == value
    offset = data.draw(st.integers(0, max(0, len(value) - 1)))
    place = place_inside(text, node, offset, 1)
    assert text[place.start : place.end].replace("''", "'") == value[offset : offset + 1]
    assert place.column == place.start - text.index("\n")


@given(VALUES, st.data())
def test_every_character_of_a_double_quoted_text_is_found(value: str, data: st.DataObject) -> None:
    text, node = scalar(json.dumps(value, ensure_ascii=False))
    assert node.string == value
    offset = data.draw(st.integers(0, max(0, len(value) - 1)))
    place = place_inside(text, node, offset, 1)
    assert json.loads(f'"{text[place.start : place.end]}"') == value[offset : offset + 1]


@pytest.mark.parametrize(
    ("written", "offset", "length", "found"),
    [
        ("a b c", 2, 1, "b"),
        ("a b c", 0, 5, "a b c"),
        ("a b c", 5, 0, ""),
        ('"\\x41\\u0042\\U00000043d"', 1, 2, "\\u0042\\U00000043"),
        ('"a\\tb"', 2, 1, "b"),
    ],
)
def test_an_escape_counts_as_one_character(
    written: str, offset: int, length: int, found: str
) -> None:
    text, node = scalar(written)
    place = place_inside(text, node, offset, length)
    assert text[place.start : place.end] == found


@pytest.mark.parametrize(
    "written", ["|\n  a b\n", ">-\n  a\n  b\n", "a\n  b", '"a\n  b"', "'a\n  b'"]
)
def test_a_text_on_several_lines_is_pointed_at_as_a_whole(written: str) -> None:
    text, node = scalar(written)
    assert place_inside(text, node, 1, 1) == node.span
