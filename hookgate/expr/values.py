"""JSON values with their exact digits: reading them, and the text they have on a command line.

The standard library reads ``19.90`` as the float 19.9 and ``1e400`` as infinity. A gateway hands
values on, so a number that is not an integer keeps the text it was written with.
"""

from __future__ import annotations

import json
import math
import re
from itertools import accumulate
from typing import NoReturn

import orjson

from hookgate.model import JSON

MAX_DEPTH = 128
"""How deep objects and lists may be nested in a payload."""

MAX_VALUES = 250_000
"""How many values a payload may hold: a few bytes make an object that takes hundreds to keep."""

# Possessive, and content with a string that is never closed: anything else could be made to take
# quadratic time.
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?')
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_NOT_BEFORE_VALUES = bytes(set(range(256)) - set(b"[{,"))
_NOT_OPENING = bytes(set(range(256)) - set(b"[{"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}


class MalformedJSON(ValueError):  # noqa: N818 - it names the state of affairs
    """The text is not JSON that can be trusted to mean one thing; the message says why."""


class ExactFloat(float):
    """A float that remembers the digits it was written with."""

    __slots__ = ("text",)
    text: str

    def __new__(cls, text: str) -> ExactFloat:
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def parse_json(raw: bytes) -> JSON:
    """Read UTF-8 JSON strictly.

    Raises `MalformedJSON` also for what the standard library lets pass: NaN and infinities, a key
    that appears twice in one object, nesting deeper than `MAX_DEPTH`, more than `MAX_VALUES`.
    """
    if len(raw) > MAX_VALUES and _has_too_many_values(raw):
        raise MalformedJSON(f"it holds more than {MAX_VALUES:,} values")
    if len(raw.translate(None, _NOT_OPENING)) > MAX_DEPTH and _depth(raw) > MAX_DEPTH:
        raise MalformedJSON(f"it is nested deeper than {MAX_DEPTH} levels")
    try:
        value: JSON = orjson.loads(raw)
    except orjson.JSONDecodeError:
        return _parse_exactly(raw)
    # Most senders write compact JSON. What comes out again byte by byte has lost no digit and no
    # key, and reading it with orjson costs a third of what our own decoder does.
    return value if orjson.dumps(value) == raw else _parse_exactly(raw)


def _parse_exactly(raw: bytes) -> JSON:
    try:
        value: JSON = _decoder.decode(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise MalformedJSON(f"it is not UTF-8 at byte {error.start}") from None
    except json.JSONDecodeError as error:
        raise MalformedJSON(f"{error.msg} at line {error.lineno} column {error.colno}") from None
    except RecursionError:
        raise MalformedJSON(f"it is nested deeper than {MAX_DEPTH} levels") from None
    except MalformedJSON:
        raise
    except ValueError:
        raise MalformedJSON("it holds a number with too many digits") from None
    return value


def json_text(value: JSON) -> str:
    """Compact JSON with every number as it was written; non-ASCII characters stay as they are."""
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(k)}:{json_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "null"}[value]
    return number_text(value)


def json_bytes(value: JSON) -> bytes:
    """The same in UTF-8; a lone surrogate, which UTF-8 cannot carry, is written as its escape."""
    try:
        return orjson.dumps(value)
    except orjson.JSONEncodeError:  # an exact number, a lone surrogate, a large integer
        return json_text(value).encode("utf-8", "backslashreplace")


def number_text(value: float) -> str:
    """A number as it was written; one that was computed has the shortest text that reads back."""
    exact = isinstance(value, int | ExactFloat) or not math.isfinite(value)
    return str(value) if exact else orjson.dumps(value).decode()


def text_of(value: JSON) -> str:
    """The text of a value on a command line: strings bare, nothing for None, else JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else json_text(value)


def for_show(value: JSON) -> JSON:
    """The value as people may see it: text from the environment as the rules file wrote it.

    Such text is a `str` that has the written form as its attribute `shown`.
    """
    if isinstance(value, str):
        shown: str = getattr(value, "shown", value)
        return shown
    if isinstance(value, dict):
        return {key: for_show(inner) for key, inner in value.items()}
    return [for_show(inner) for inner in value] if isinstance(value, list) else value


def _has_too_many_values(raw: bytes) -> bool:
    if _most_values(raw) <= MAX_VALUES:
        return False
    # A value has one string of its own and one for its key. Where there are more strings than
    # that, taking each of them out would cost more than it tells.
    strings = (raw.count(b'"') - raw.count(b'\\"')) // 2
    return strings > 2 * MAX_VALUES or _most_values(_bare(raw)) > MAX_VALUES


def _most_values(raw: bytes) -> int:
    """How many values there are at most: each but the first follows a comma or a bracket."""
    return 1 + len(raw.translate(None, _NOT_BEFORE_VALUES))


def _bare(raw: bytes) -> bytes:
    """The text without what stands in strings, or for one."""
    return _STRING.sub(b"", raw)


def _depth(raw: bytes) -> int:
    brackets = _bare(raw).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0)


def _unique(pairs: list[tuple[str, JSON]]) -> dict[str, JSON]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedJSON("a key appears twice in one object")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise MalformedJSON(f"{name} is not JSON")


_quote = json.JSONEncoder(ensure_ascii=False).encode

_decoder = json.JSONDecoder(
    object_pairs_hook=_unique, parse_float=ExactFloat, parse_constant=_refuse_constant
)
