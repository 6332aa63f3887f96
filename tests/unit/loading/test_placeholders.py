"""Templates of commands, variables and answers."""

from __future__ import annotations

import pytest

from hookgate.core.templates import Fixed, Placeholder, fill, fill_for_show
from hookgate.loading.interpolation import Filled, Piece, pieces
from hookgate.loading.templates import compile_template


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("plain", "plain"),
        ("", ""),
        ("{a}", "1"),
        ("--x={a}{b_2}", "--x=12"),
        ("{{a}}", "{a}"),
        ("{{a}} {a}", "{a} 1"),
        ("{{.Name}}", "{{.Name}}"),
        ('{"a": 1}', '{"a": 1}'),
        ('{"a": "{a}"}', '{"a": "1"}'),
        ("{ a }{}{1}{a-b}", "{ a }{}{1}{a-b}"),
    ],
)
def test_only_names_in_braces_are_placeholders(text: str, filled: str) -> None:
    assert fill(compile_template(pieces(text)), {"a": 1, "b_2": "2"}) == filled


def test_neighbouring_texts_are_one_part() -> None:
    assert compile_template(pieces("x{{a}}y{b}")) == (Fixed("x{a}y", "x{a}y"), Placeholder("b"))


def test_what_was_filled_in_holds_no_placeholder_and_is_not_shown() -> None:
    text = Filled([Piece("{a}", "{a}"), Piece("{a}!", "${X}", filled=True), Piece("${", "$${")])
    template = compile_template(pieces(text))
    assert fill(template, {"a": 1}) == "1{a}!${"
    assert fill_for_show(template, {"a": 1}) == "1${X}${"
    assert "{a}!" not in repr(template)
