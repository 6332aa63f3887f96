"""Taking values out of an event: selectors, params, and how each value was come by."""

from __future__ import annotations

import re
from collections.abc import Mapping

from msgspec import Struct

from hookgate.core.config import (
    Choice,
    FromHeader,
    FromPath,
    FromQuery,
    FromValue,
    Param,
    ParamType,
    Selector,
    Source,
)
from hookgate.expr.paths import Found, Missing
from hookgate.expr.values import ExactFloat, MalformedJSON, parse_json, text_of
from hookgate.model import JSON, Delivery

_INTEGER = re.compile(r"[+-]?[0-9]{1,1000}\Z")
# A number as JSON writes it (RFC 8259, 6), since it is handed on as it was written.
_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,999})(\.[0-9]{1,1000})?([eE][+-]?[0-9]{1,4})?\Z")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class View(Struct, frozen=True):
    """What selectors and conditions may see of a delivery: never its credentials."""

    payload: JSON
    headers: Mapping[str, str]
    query: Mapping[str, str]


def view_of(source: Source, delivery: Delivery, payload: JSON) -> View:
    """The delivery without the headers and query parameters that carry credentials."""
    return View(
        payload,
        {k: v for k, v in delivery.headers.items() if k not in source.private_headers},
        {k: v for k, v in delivery.query.items() if k not in source.private_query},
    )


class ParamFault(Struct, frozen=True):
    """Why an event does not give a param what it asks for."""

    param: str
    reason: str


def look_up(choice: Choice, view: View) -> Found | Missing:
    """What one choice finds. A JSON null counts as missing, so that a default can stand in."""
    match choice:
        case FromPath(path):
            found = path.find(view.payload)
        case FromHeader(name, key):
            found = _look_up_text(view.headers, key, name)
        case FromQuery(name):
            found = _look_up_text(view.query, name, name)
        case FromValue(value):
            found = Found(value)
    if isinstance(found, Found) and found.value is None:
        return Missing(describe(choice))
    return found


def select(selector: Selector, view: View) -> JSON:
    """The first value that is present, or None."""
    for choice in selector:
        value = _value(choice, view)
        if value is not None:
            return value
    return None


def _value(choice: Choice, view: View) -> JSON:
    """What `look_up` finds, or None: nobody asks here for the place where it is missing."""
    if isinstance(choice, FromPath):
        return choice.path.value(view.payload)
    if isinstance(choice, FromHeader):
        return view.headers.get(choice.key)
    if isinstance(choice, FromQuery):
        return view.query.get(choice.name)
    return choice.value


def select_text(selector: Selector, view: View) -> str | None:
    """The text of the first value that is present; None where that is empty."""
    return text_of(select(selector, view)) or None


def read_params(params: tuple[Param, ...], view: View) -> dict[str, JSON] | ParamFault:
    """Every param's value, in the order of the file, or the first that cannot be had."""
    values: dict[str, JSON] = {}
    for param in params:
        value = select(param.selector, view)
        if value is None:
            if param.required:
                return ParamFault(param.name, f"is required and {_places(param)} is missing")
            value = param.default
        elif param.type is not None:
            converted = convert(value, param.type)
            if isinstance(converted, Unconvertible):
                return ParamFault(param.name, f"should be {param.type} and is {converted.found}")
            value = converted
        values[param.name] = value
    return values


class Unconvertible(Struct, frozen=True):
    """The kind of value found where another was asked for."""

    found: str


def convert(value: JSON, wanted: ParamType) -> JSON | Unconvertible:
    """A value as another type, where nothing is lost by it."""
    match wanted:
        case "str":
            return text_of(value)
        case "int":
            return _to_int(value)
        case "float":
            return _to_float(value)
        case "bool":
            return _to_bool(value)
        case "json":
            return _to_json(value)


def describe(choice: Choice) -> str:
    """A choice in the words of a trace."""
    match choice:
        case FromPath(path):
            return path.text
        case FromHeader(name, _):
            return f"header {name}"
        case FromQuery(name):
            return f"query parameter {name}"
        case FromValue(_, place):
            return place


def _look_up_text(texts: Mapping[str, str], key: str, name: str) -> Found | Missing:
    value = texts.get(key)
    return Missing(name) if value is None else Found(value)


def _places(param: Param) -> str:
    return ", ".join(describe(choice) for choice in param.selector)


def _to_int(value: JSON) -> JSON | Unconvertible:
    if isinstance(value, bool):
        return Unconvertible("a boolean")
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, str) and _INTEGER.match(value.strip()):
        return int(value)
    return _unconvertible(value)


def _to_float(value: JSON) -> JSON | Unconvertible:
    if isinstance(value, bool):
        return Unconvertible("a boolean")
    if isinstance(value, int | float):
        return value
    if isinstance(value, str) and _NUMBER.match(value.strip()):
        return ExactFloat(value.strip())
    return _unconvertible(value)


def _to_bool(value: JSON) -> JSON | Unconvertible:
    if isinstance(value, bool):
        return value
    converted = _BOOLEANS.get(text_of(value).lower())
    return _unconvertible(value) if converted is None else converted


def _to_json(value: JSON) -> JSON | Unconvertible:
    if not isinstance(value, str):
        return value
    try:
        return parse_json(value.encode("utf-8", "surrogatepass"))
    except MalformedJSON:
        return Unconvertible("text that is not JSON")


def _unconvertible(value: JSON) -> Unconvertible:
    kinds = {str: "text", list: "a list", dict: "an object", int: "a number", bool: "a boolean"}
    return Unconvertible(kinds.get(type(value), "a number"))
