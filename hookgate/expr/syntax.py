"""Reading a condition's text into a tree, within bounds on its size, with Python's own parser."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from typing import Literal, TypeAlias

from msgspec import Struct

from hookgate.expr.places import Places

MAX_LENGTH = 4_000
"""The longest condition, in characters."""

MAX_PARTS = 500
"""The most parts (names, literals, operations) that a condition may have."""

MAX_NESTING = 60
"""How deep the parts of a condition may be nested."""

FaultKind: TypeAlias = Literal[
    "syntax", "name", "function", "forbidden", "pattern", "arguments", "too complex"
]

OTHER_SPELLINGS = {
    "&&": "and",
    "&": "and",
    "||": "or",
    "|": "or",
    "!": "not",
    "~": "not",
    "=": "==",
    "===": "==",
    "!==": "!=",
    "<>": "!=",
    "true": "True",
    "false": "False",
    "null": "None",
    "nil": "None",
}
"""What other languages write, and how it is written here."""

_WHITE_SPACE = " \t\f\r\n"
_SIGNS = re.compile(r"[&|!=<>]+")
_PYTHON_REMARKS = re.compile(r"\. (Maybe|Perhaps) .*| \(detected at .*")


class ConditionFault(Struct, frozen=True):
    """One thing that is wrong with a condition, at `offset` in its text, in characters.

    `near` is what was probably meant, where there is something to propose.
    """

    kind: FaultKind
    message: str
    offset: int
    length: int
    near: str | None = None


class Parsed(Struct, frozen=True):
    """A condition's tree with the places of its parts."""

    tree: ast.expr
    places: Places


def parse(text: str) -> Parsed | ConditionFault:
    """The tree of an expression, whatever it holds, or the fault that keeps it from having one."""
    if len(text) > MAX_LENGTH:
        return _whole(text, f"it is longer than {MAX_LENGTH:,} characters")
    if "\0" in text:
        return ConditionFault("syntax", "it holds a NUL character", text.index("\0"), 1)
    skipped = len(text) - len(text.lstrip(_WHITE_SPACE))
    if skipped == len(text):
        return ConditionFault("syntax", "the condition is empty", 0, len(text))
    places = Places(text, skipped)
    tree = _parse_python(text[skipped:].rstrip(_WHITE_SPACE), places)
    if isinstance(tree, ConditionFault):
        return tree
    return _too_complex(tree, text) or Parsed(tree, places)


def parts(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions directly within a node, also those within a keyword or a comprehension."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        else:
            yield from parts(child)


def _whole(text: str, message: str) -> ConditionFault:
    return ConditionFault("too complex", message, 0, len(text))


def _parse_python(source: str, places: Places) -> ast.expr | ConditionFault:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # e.g. for '\d', which Python takes as it is meant
            return ast.parse(source, "<condition>", "eval").body
    except SyntaxError as fault:
        return _syntax_fault(fault, places)
    except UnicodeEncodeError as fault:
        offset = places.text.index(source[fault.start])
        return ConditionFault("syntax", "it holds half of a surrogate pair", offset, 1)
    except (RecursionError, MemoryError):
        return _whole(places.text, "it is nested too deeply")


def _syntax_fault(fault: SyntaxError, places: Places) -> ConditionFault:
    if fault.msg.startswith("too many nested"):
        return _whole(places.text, "it is nested too deeply")
    offset = places.character_offset(fault.lineno, fault.offset)
    signs = next((run for run in _SIGNS.finditer(places.text) if run.end() > offset), None)
    if signs and signs.start() <= offset and signs[0] in OTHER_SPELLINGS:
        near = OTHER_SPELLINGS[signs[0]]
        message = f"'{signs[0]}' is not an operator here"
        return ConditionFault("syntax", message, signs.start(), len(signs[0]), near)
    end = places.character_offset(fault.end_lineno, fault.end_offset) if fault.end_offset else 0
    length = max(end - offset, 1 if offset < len(places.text) else 0)
    message = _syntax_message(fault.msg, offset, places.text)
    return ConditionFault("syntax", message, offset, length)


def _syntax_message(python: str, offset: int, text: str) -> str:
    message = _PYTHON_REMARKS.sub("", python)
    if message == "invalid syntax" and offset >= len(text.rstrip(_WHITE_SPACE)):
        return "it ends too early"
    if message in ("invalid syntax", "unexpected indent") and "\n" in text.strip(_WHITE_SPACE):
        return f"{message} (a condition of several lines must stand in parentheses)"
    return message


def _too_complex(tree: ast.expr, text: str) -> ConditionFault | None:
    count = 0
    level = [tree]
    for _ in range(MAX_NESTING):
        count += len(level)
        level = [part for node in level for part in parts(node)]
        if not level:
            return None
        if count + len(level) > MAX_PARTS:
            return _whole(text, f"it has more than {MAX_PARTS} parts")
    return _whole(text, f"it is nested deeper than {MAX_NESTING} levels")
