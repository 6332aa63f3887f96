"""What does not fit the schema, in words for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from hookgate.loading.codes import Code
from hookgate.loading.interpolation import Filled, complete
from hookgate.loading.nodes import Node, Span

Schema: TypeAlias = Mapping[str, Any]


class Misfit(NamedTuple):
    """A value that does not fit; `node` is what must not be used because of it."""

    node: Node | None
    code: Code
    place: Span
    message: str
    suggestion: str | None = None


TYPE_WORDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
}
_PYTHON_TYPES: dict[str, type | tuple[type, ...]] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def is_a(name: str, node: Node) -> bool:
    """Whether a value is of a type of JSON Schema."""
    if isinstance(node.value, bool):
        return name == "boolean"
    return isinstance(node.value, _PYTHON_TYPES[name])


def is_number(node: Node) -> bool:
    """Whether it is a number."""
    return is_a("number", node)


def found_words(node: Node) -> str:
    """What kind of value it is; never the value."""
    if node.value is None:
        return "nothing"
    names = ("boolean", "integer", "number", "string", "array", "object")
    return next(TYPE_WORDS[name] for name in names if is_a(name, node))


def is_open(node: Node) -> bool:
    """Whether the text is not known, since a variable in it is not set."""
    return node.text is not None and not complete(node.text)


def same(node: Node, value: object) -> bool:
    """Whether a value is this one, type and all."""
    return type(node.value) in (type(value), Filled) and node.value == value


def unfit(schema: Schema, node: Node) -> Misfit:
    """A value that is not written as it must be. It is not told, for it may hold a password."""
    message = f"this is not a valid {schema['title']}"
    return Misfit(node, Code.FORMAT, node.span, message, such_as(schema))


def unfit_once_filled(node: Node, fault: str) -> Misfit:
    """A text that is as it must be only until it is filled in."""
    return Misfit(node, Code.FILLED_VALUE, node.span, f"this {fault} once it is filled in")


def out_of_range(schema: Schema, node: Node) -> Misfit:
    """A number outside the bounds of its schema."""
    bounds = f"at least {schema['minimum']}"
    if "maximum" in schema:
        bounds = f"from {schema['minimum']} to {schema['maximum']}"
    message = f"{node.value} is out of range; it must be {bounds}"
    return Misfit(node, Code.OUT_OF_RANGE, node.span, message)


def such_as(schema: Schema) -> str | None:
    """The examples of a schema, as a suggestion."""
    examples = [str(example) for example in schema.get("examples", ())]
    return f"such as {' or '.join(examples)}" if examples else None
