"""The types that an expression of a condition can have, as far as they are known at load.

Header and query values are text, params with a `type` are of it; of a value of the payload
nothing is known. JSON's null stands for whatever is missing.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeAlias

from hookgate.core.config import Choice, FromHeader, FromPath, FromQuery, FromValue, Param, Source


class Kind(StrEnum):
    """A type of JSON, in words for people."""

    TEXT = "text"
    NUMBER = "a number"
    BOOLEAN = "a boolean"
    NULL = "no value"
    LIST = "a list"
    OBJECT = "an object"


Kinds: TypeAlias = frozenset[Kind]

ANY: Kinds = frozenset(Kind)
_TEXT = frozenset({Kind.TEXT})
_NUMBER = frozenset({Kind.NUMBER})
_BOOLEAN = frozenset({Kind.BOOLEAN})
_OBJECT = frozenset({Kind.OBJECT})
_LIST = frozenset({Kind.LIST})

_OF_TYPES = {"str": _TEXT, "int": _NUMBER, "float": _NUMBER, "bool": _BOOLEAN, "json": ANY}
_OF_FUNCTIONS = {
    **dict.fromkeys(("lower", "upper", "str"), _TEXT),
    **dict.fromkeys(("len", "int", "float", "abs", "round"), _NUMBER),
    **dict.fromkeys(
        ("startswith", "endswith", "contains", "glob", "matches", "any", "all"), _BOOLEAN
    ),
}
_OF_NODES: Mapping[type[ast.expr], Kinds] = {
    ast.List: _LIST,
    ast.Tuple: _LIST,
    ast.Set: _LIST,
    ast.Dict: _OBJECT,
    ast.Compare: _BOOLEAN,
}


def kinds_of_names(source: Source) -> dict[str, Kinds]:
    """The kinds of every name that the conditions of a source can use."""
    return {
        **{param.name: _of_param(param) for param in source.params},
        "event_type": _TEXT,
        "source": _TEXT,
        "headers": _OBJECT,
        "query": _OBJECT,
        "payload": ANY,
    }


def kinds_of(node: ast.expr, names: Mapping[str, Kinds]) -> Kinds:
    """The kinds that a part of a condition can have."""
    match node:
        case ast.Name(name):
            return names.get(name, ANY)
        case ast.Constant(value):
            return frozenset({_of_value(value)})
        case ast.Call(ast.Name(function)):
            return _OF_FUNCTIONS.get(function, ANY)
        case ast.Subscript(ast.Name("headers" | "query")):
            return _TEXT
        case ast.BoolOp(_, parts):
            return frozenset[Kind]().union(*(kinds_of(part, names) for part in parts))
        case ast.IfExp(_, body, orelse):
            return kinds_of(body, names) | kinds_of(orelse, names)
        case ast.BinOp(left, ast.Add()):
            return kinds_of(left, names) & (_TEXT | _NUMBER | _LIST | _BOOLEAN)
        case ast.BinOp():
            return _NUMBER
        case ast.UnaryOp(operation):
            return _BOOLEAN if isinstance(operation, ast.Not) else _NUMBER
    return _OF_NODES.get(type(node), ANY)


def comparable(kinds: Kinds) -> Kinds:
    """The kinds as Python compares them: to it, True is the number 1."""
    return kinds - _BOOLEAN | _NUMBER if Kind.BOOLEAN in kinds else kinds


def in_words(kinds: Kinds) -> str:
    """The kinds that a value has where it is not missing."""
    if kinds >= ANY - {Kind.NULL}:
        return "of any type"
    told = [kind.value for kind in Kind if kind in kinds and kind is not Kind.NULL]
    return " or ".join(told) or Kind.NULL.value


def _of_param(param: Param) -> Kinds:
    found = frozenset[Kind]().union(*(_of_choice(choice) for choice in param.selector))
    given = _OF_TYPES[param.type] if param.type else found
    return given | {_of_value(param.default)}


def _of_choice(choice: Choice) -> Kinds:
    match choice:
        case FromPath():
            return ANY
        case FromHeader() | FromQuery():
            return _TEXT
        case FromValue(value):
            return frozenset({_of_value(value)})


def _of_value(value: object) -> Kind:
    match value:
        case None:
            return Kind.NULL
        case bool():
            return Kind.BOOLEAN
        case int() | float():
            return Kind.NUMBER
        case str():
            return Kind.TEXT
        case list():
            return Kind.LIST
        case _:
            return Kind.OBJECT
