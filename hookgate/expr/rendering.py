"""Values as a trace or an error shows them: Python literals, cut to one short line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hookgate.expr.values import number_text

MAX_SHOWN = 60
"""The longest that a value is shown, in characters."""

_MAX_BITS = 2_000  # some 600 digits: below every limit on turning an integer into text


def shown(value: object) -> str:
    """A value as its literal, with ``…`` where it would be longer than `MAX_SHOWN`.

    Costs no more for a large value than for a small one.
    """
    text = ""
    for piece in _pieces(value):
        text += piece
        if len(text) > MAX_SHOWN:
            return text[: MAX_SHOWN - 1] + "…"
    return text


def kind_of(value: object) -> str:
    """What a value is, in the words of JSON."""
    match value:
        case None:
            return "missing"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case dict():
            return "an object"
        case _:
            return f"a {type(value).__name__}"


def _pieces(value: object) -> Iterator[str]:
    match value:
        case str():
            yield repr(value[: MAX_SHOWN + 1])
        case bool():
            yield repr(value)
        case int() if value.bit_length() > _MAX_BITS:
            yield f"an integer of {value.bit_length()} bits"
        case float():
            yield number_text(value)
        case list():
            yield from _enclosed("[", value, "]")
        case tuple():
            yield from _enclosed("(", value, ",)" if len(value) == 1 else ")")
        case set() if value:
            yield from _enclosed("{", value, "}")
        case dict():
            yield from _object_pieces(value)
        case _:
            yield repr(value)


def _enclosed(opening: str, values: Iterable[object], closing: str) -> Iterator[str]:
    yield opening
    for position, value in enumerate(values):
        if position:
            yield ", "
        yield from _pieces(value)
    yield closing


def _object_pieces(value: dict[object, object]) -> Iterator[str]:
    yield "{"
    for position, (key, item) in enumerate(value.items()):
        if position:
            yield ", "
        yield from _pieces(key)
        yield ": "
        yield from _pieces(item)
    yield "}"
