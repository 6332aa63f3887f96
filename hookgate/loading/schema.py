"""Checking the shape of a rules file against `rules.schema.json`.

The schema is JSON Schema draft-07, and editors use it as such. Here it is read by the few keywords
that it uses, over values that know their place: the words for people come out sharper than those of
a general validator, and a small file is checked before such a validator would be imported. A test
holds the verdicts equal to those of the `jsonschema` library.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hookgate.loading.codes import Code
from hookgate.loading.findings import Findings, did_you_mean, listed, quoted
from hookgate.loading.interpolation import Filled, shown
from hookgate.loading.misfits import (
    TYPE_WORDS,
    Misfit,
    Schema,
    found_words,
    is_a,
    is_number,
    is_open,
    out_of_range,
    same,
    such_as,
    unfit,
    unfit_once_filled,
)
from hookgate.loading.nodes import Node

SCHEMA_FILE = Path(__file__).with_name("rules.schema.json")

_REFERENCE = r"\$\{|"

_NO_AUTH = "the source does not say how its sender proves who it is; {type: none} lets anybody in"


def check_shape(root: Node, findings: Findings, definition: str | None = None) -> Node:
    """Report what does not fit the schema, or one definition in it; give back the tree without."""
    schema = _schema() if definition is None else _definition(definition)
    faulty = set()
    for misfit in _misfits(schema, root):
        findings.add(misfit.code, misfit.place, misfit.message, misfit.suggestion)
        if misfit.node is not None:
            faulty.add(id(misfit.node))
    return _without(root, faulty) if faulty else root


@cache
def _schema() -> Schema:
    schema: Schema = json.loads(SCHEMA_FILE.read_text("utf-8"))
    return schema


@cache
def _definition(reference: str) -> Schema:
    definition: Schema = _schema()["definitions"][reference.removeprefix("#/definitions/")]
    return definition


def _without(node: Node, faulty: set[int]) -> Node:
    if isinstance(node.value, dict):
        entries = {
            key: _without(child, faulty)
            for key, child in node.value.items()
            if id(child) not in faulty
        }
        return Node(entries, node.span, node.key)
    if isinstance(node.value, list):
        items = [_without(child, faulty) for child in node.value if id(child) not in faulty]
        return Node(items, node.span, node.key)
    return node


# --- the keywords ---------------------------------------------------------------------------


def _misfits(schema: Schema, node: Node) -> Iterator[Misfit]:
    while "$ref" in schema:
        schema = _definition(schema["$ref"])
    wrong_type = _check_type(schema, node) if "type" in schema else None
    if wrong_type is not None:
        yield wrong_type
        return
    for keyword, argument in schema.items():
        check = _CHECKS.get(keyword)
        if check is not None:
            yield from check(schema, argument, node)


def _fits(schema: Schema, node: Node) -> bool:
    # A key that is misspelt is not there, whatever `_check_required` makes of it.
    present = all(name in node.entries() for name in schema.get("required", ()))
    return present and next(_misfits(schema, node), None) is None


def _check_type(schema: Schema, node: Node) -> Misfit | None:
    wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if any(is_a(name, node) for name in wanted):
        return None
    unquoted = "string" in wanted and isinstance(node.value, bool | int | float)
    if unquoted and "pattern" in schema:
        return unfit(schema, node)
    words = " or ".join(TYPE_WORDS[name] for name in wanted)
    message = f"expected {words}, found {found_words(node)}"
    suggestion = "quote it to make it text" if unquoted else None
    return Misfit(node, Code.WRONG_TYPE, node.span, message, suggestion)


def _check_enum(schema: Schema, allowed: list[Any], node: Node) -> Iterator[Misfit]:
    if is_open(node) or any(same(node, value) for value in allowed):
        return
    names = [_word(value) for value in allowed]
    choice = names[0] if len(names) == 1 else f"one of {', '.join(names)}"
    if isinstance(node.value, Filled):
        yield unfit_once_filled(node, f"is not {choice}")
    elif node.text is None or not isinstance(allowed[0], str):
        plain = is_number(node) or isinstance(node.value, bool)
        found = _word(node.value) if plain else found_words(node)
        message = f"expected {choice}, found {found}"
        yield Misfit(node, Code.NOT_ONE_OF, node.span, message)
    else:
        message = f"{quoted(node.text)} is not {choice}"
        yield Misfit(node, Code.NOT_ONE_OF, node.span, message, did_you_mean(node.text, names))


def _word(value: object) -> str:
    """A plain value as a rules file writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _check_const(schema: Schema, wanted: Any, node: Node) -> Iterator[Misfit]:
    """One value, for the schema to dispatch on; a text that is not known is not that value."""
    if not same(node, wanted):
        yield Misfit(node, Code.NOT_ONE_OF, node.span, f"this is not {wanted}")


def _check_pattern(schema: Schema, pattern: str, node: Node) -> Iterator[Misfit]:
    if node.text is None or is_open(node):
        return
    if isinstance(node.value, Filled):
        # The patterns let ${...} pass, for editors; what it stands for must fit as well.
        if not _regex(pattern.removeprefix(_REFERENCE)).search(node.value):
            yield unfit_once_filled(node, f"is not a valid {schema['title']}")
    elif not _regex(pattern).search(node.text):
        yield unfit(schema, node)


def _check_min_length(schema: Schema, least: int, node: Node) -> Iterator[Misfit]:
    if node.text is None or is_open(node) or len(node.text) >= least:
        return
    if isinstance(node.value, Filled):
        yield unfit_once_filled(node, "is empty")
    else:
        yield Misfit(node, Code.OUT_OF_RANGE, node.span, "the text is empty")


def _check_minimum(schema: Schema, least: int, node: Node) -> Iterator[Misfit]:
    if is_number(node) and node.value < least:  # type: ignore[operator]
        yield out_of_range(schema, node)


def _check_maximum(schema: Schema, most: int, node: Node) -> Iterator[Misfit]:
    if is_number(node) and node.value > most:  # type: ignore[operator]
        yield out_of_range(schema, node)


def _check_min_items(schema: Schema, least: int, node: Node) -> Iterator[Misfit]:
    if isinstance(node.value, list) and len(node.value) < least:
        yield Misfit(node, Code.OUT_OF_RANGE, node.place, "the list is empty")


def _check_min_properties(schema: Schema, least: int, node: Node) -> Iterator[Misfit]:
    if isinstance(node.value, dict) and len(node.value) < least:
        yield Misfit(node, Code.OUT_OF_RANGE, node.place, "the mapping is empty")


def _check_unique(schema: Schema, wanted: bool, node: Node) -> Iterator[Misfit]:
    seen = []
    for item in node.items():
        if item.plain() in seen:
            what = quoted(shown(item.text)) if item.text is not None else "this"
            yield Misfit(None, Code.LISTED_TWICE, item.span, f"{what} is listed twice")
        seen.append(item.plain())


def _check_items(schema: Schema, item_schema: Schema, node: Node) -> Iterator[Misfit]:
    if isinstance(node.value, list):
        for item in node.value:
            yield from _misfits(item_schema, item)


def _check_properties(schema: Schema, properties: Schema, node: Node) -> Iterator[Misfit]:
    for key, child in node.entries().items():
        if key in properties:
            yield from _misfits(properties[key], child)


def _check_others(schema: Schema, others: Schema | bool, node: Node) -> Iterator[Misfit]:
    known = schema.get("properties", {})
    for key, child in node.entries().items():
        if key in known:
            continue
        if isinstance(others, Mapping):
            yield from _misfits(others, child)
        else:
            suggestion = did_you_mean(key, known) or f"known here: {', '.join(known)}"
            message = f"unknown key {quoted(key)}"
            yield Misfit(child, Code.UNKNOWN_KEY, child.place, message, suggestion)


def _check_names(schema: Schema, name_schema: Schema, node: Node) -> Iterator[Misfit]:
    while "$ref" in name_schema:
        name_schema = _definition(name_schema["$ref"])
    title = name_schema["title"]
    taken = name_schema.get("not", {}).get("enum", ())
    for key, child in node.entries().items():
        if not _regex(name_schema["pattern"]).search(key):
            message = f"{quoted(key)} is not a valid {title}"
            yield Misfit(None, Code.FORMAT, child.place, message, such_as(name_schema))
        elif key in taken:
            message = f"{quoted(key)} cannot be a {title}; the gateway itself uses {listed(taken)}"
            yield Misfit(None, Code.FORMAT, child.place, message)


def _check_required(schema: Schema, names: list[str], node: Node) -> Iterator[Misfit]:
    if not isinstance(node.value, dict):
        return
    strangers = _strangers(schema, node)
    for name in names:
        # A misspelt key is reported as such where it is one, not as a missing one as well.
        if name in node.value or did_you_mean(name, strangers):
            continue
        if name == "auth":
            yield Misfit(None, Code.NO_AUTH, node.place, _NO_AUTH)
        else:
            message = f"{schema.get('title', 'this')} needs the key {quoted(name)}"
            yield Misfit(None, Code.MISSING_KEY, node.place, message)


def _strangers(schema: Schema, node: Node) -> list[str]:
    """The keys that a mapping does not know."""
    known = schema.get("properties", {})
    closed = schema.get("additionalProperties") is False
    return [key for key in node.entries() if closed and key not in known]


def _check_one_of(schema: Schema, branches: list[Schema], node: Node) -> Iterator[Misfit]:
    """Exactly one of several keys; the schema uses `oneOf` for nothing else."""
    names = [branch["required"][0] for branch in branches]
    present = [name for name in names if name in node.entries()]
    strangers = _strangers(schema, node)
    if len(present) == 1 or (not present and any(did_you_mean(n, strangers) for n in names)):
        return
    found = f"here are {listed(map(quoted, present))}" if present else "here is none"
    message = f"exactly one of {listed(map(quoted, names))} is needed; {found}"
    yield Misfit(node, Code.NOT_EXACTLY_ONE, node.place, message)


def _check_not(schema: Schema, excluded: Schema, node: Node) -> Iterator[Misfit]:
    """Keys that exclude each other; names that are taken are `_check_names`'."""
    names = excluded["required"]
    if all(name in node.entries() for name in names):
        message = f"only one of {listed(map(quoted, names))} can be set"
        yield Misfit(node, Code.NOT_EXACTLY_ONE, node.place, message)


def _check_all_of(schema: Schema, parts: list[Schema], node: Node) -> Iterator[Misfit]:
    for part in parts:
        yield from _misfits(part, node)


def _check_if(schema: Schema, test: Schema, node: Node) -> Iterator[Misfit]:
    branch = schema.get("then" if _fits(test, node) else "else")
    if branch is not None:
        yield from _misfits(branch, node)


_CHECKS: dict[str, Callable[[Schema, Any, Node], Iterator[Misfit]]] = {
    "enum": _check_enum,
    "const": _check_const,
    "pattern": _check_pattern,
    "minLength": _check_min_length,
    "minimum": _check_minimum,
    "maximum": _check_maximum,
    "minItems": _check_min_items,
    "minProperties": _check_min_properties,
    "uniqueItems": _check_unique,
    "items": _check_items,
    "properties": _check_properties,
    "additionalProperties": _check_others,
    "propertyNames": _check_names,
    "required": _check_required,
    "oneOf": _check_one_of,
    "not": _check_not,
    "allOf": _check_all_of,
    "if": _check_if,
}

KEYWORDS = frozenset(_CHECKS) | {"$ref", "type", "then", "else"}
"""The keywords of JSON Schema that are understood; the schema may use no other."""


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    """The pattern with `$` as JSON Schema means it (ECMA 262): the very end of the text."""
    return re.compile(re.sub(r"\$(?=$|\))", r"\\Z", pattern))
