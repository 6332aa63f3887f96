"""The functions that a condition may call.

Each checks what it is given and says what is wrong with it, and none gives more than a bounded
amount of text or takes more than time in proportion to its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NoReturn, cast

from msgspec import Struct

from hookgate.errors import EvaluationError
from hookgate.expr.patterns import COMPILERS, BadPattern, Pattern
from hookgate.expr.rendering import kind_of, shown
from hookgate.expr.values import text_of
from hookgate.model import JSON

MAX_TEXT = 100_000
"""The longest text that a condition may change or make, in characters."""

MAX_DIGITS = 4_300
"""The longest text that is read as a number, in characters."""

_MAX_PLACES = 400  # a float has no digit beyond its 324th place
_ORDINALS = ("first", "second")


class Function(Struct, frozen=True):
    """A function by its `arguments`' names; `least` of them are needed (None: all).

    `open_ended` allows any number more. `tells` marks one that, like a comparison, is better shown
    with its arguments than by its result.
    """

    call: Callable[..., object]
    arguments: tuple[str, ...]
    least: int | None = None
    open_ended: bool = False
    tells: bool = False

    def takes(self, count: int) -> bool:
        """Whether it can be called with that many arguments."""
        least = len(self.arguments) if self.least is None else self.least
        return least <= count and (self.open_ended or count <= len(self.arguments))

    @property
    def signature(self) -> str:
        """Its arguments as one writes them."""
        return ", ".join(self.arguments) + (", ..." if self.open_ended else "")


def _wrong(function: str, position: int, value: object, wanted: str) -> NoReturn:
    found = "missing" if value is None else f"{kind_of(value)}, not {wanted}"
    raise EvaluationError(f"{function}: its {_ORDINALS[position]} argument is {found}")


def _text(function: str, position: int, value: object) -> str:
    return value if isinstance(value, str) else _wrong(function, position, value, "text")


def _elements(function: str, value: object) -> list[Any]:
    if isinstance(value, list):
        return value
    if isinstance(value, tuple | set):
        return list(value)
    return _wrong(function, 0, value, "a list")


# --- text -----------------------------------------------------------------------------------


def _short_text(function: str, value: object) -> str:
    text = _text(function, 0, value)
    if len(text) > MAX_TEXT:
        raise EvaluationError(f"{function}: the text is longer than {MAX_TEXT:,} characters")
    return text


def _lower(text: object) -> str:
    return _short_text("lower", text).lower()


def _upper(text: object) -> str:
    return _short_text("upper", text).upper()


def _startswith(text: object, prefix: object) -> bool:
    return _text("startswith", 0, text).startswith(_text("startswith", 1, prefix))


def _endswith(text: object, suffix: object) -> bool:
    return _text("endswith", 0, text).endswith(_text("endswith", 1, suffix))


def _contains(whole: object, part: object) -> bool:
    if isinstance(whole, str):
        return _text("contains", 1, part) in whole
    if isinstance(whole, list | tuple):
        return part in whole
    if isinstance(whole, dict | set):
        return part in list(whole)  # a list, since what cannot be a key is not in it either
    return _wrong("contains", 0, whole, "text, a list or an object")


def _glob(text: object, pattern: object) -> bool:
    return _pattern("glob", pattern).found_in(_text("glob", 0, text))


def _matches(text: object, pattern: object) -> bool:
    return _pattern("matches", pattern).found_in(_text("matches", 0, text))


def _pattern(function: str, pattern: object) -> Pattern:
    if isinstance(pattern, Pattern):
        return pattern
    text = _text(function, 1, pattern)
    try:
        return COMPILERS[function](text)
    except BadPattern as fault:
        raise EvaluationError(f"{function}: the pattern {shown(text)}: {fault}") from None


# --- conversions ----------------------------------------------------------------------------


def _int(value: object) -> int:
    if isinstance(value, int | float):
        return _whole(value)
    text = _number_text("int", value)
    try:
        return int(text)
    except ValueError:
        raise EvaluationError(f"int: {shown(text)} is not an integer") from None


def _whole(number: float) -> int:
    try:
        return int(number)
    except (OverflowError, ValueError):
        raise EvaluationError(f"int: {shown(number)} is not an integer") from None


def _float(value: object) -> float:
    if isinstance(value, float):
        return value  # as it is: it may know the digits it was written with
    if isinstance(value, int):
        return float(value)
    text = _number_text("float", value)
    try:
        return float(text)
    except ValueError:
        raise EvaluationError(f"float: {shown(text)} is not a number") from None


def _number_text(function: str, value: object) -> str:
    if not isinstance(value, str):
        _wrong(function, 0, value, "a number or text")
    if len(value) > MAX_DIGITS:
        raise EvaluationError(f"{function}: the text is longer than {MAX_DIGITS:,} characters")
    return value


def _str(value: object) -> str:
    _check_size(value)
    text = text_of(cast(JSON, value))
    if len(text) > MAX_TEXT:
        raise _too_long()
    return text


def _too_long() -> EvaluationError:
    return EvaluationError(f"str: its result is longer than {MAX_TEXT:,} characters")


def _check_size(value: object) -> None:
    """Raise if a value has no JSON text, or one that would be far too long to make."""
    size, pending = 0, [value]
    while pending:
        item = pending.pop()
        if isinstance(item, tuple | set):
            raise EvaluationError(f"str: {kind_of(item)} has no JSON text")
        size += len(item) if isinstance(item, str | list | dict) else 1
        if size > MAX_TEXT:
            raise _too_long()
        if isinstance(item, list):
            pending += item
        elif isinstance(item, dict):
            pending += item
            pending += item.values()


# --- numbers and lists ----------------------------------------------------------------------


def _number(function: str, position: int, value: object) -> float:
    return (
        value if isinstance(value, int | float) else _wrong(function, position, value, "a number")
    )


def _abs(number: object) -> float:
    return abs(_number("abs", 0, number))


def _round(number: object, digits: object = None) -> float:
    value = _number("round", 0, number)
    if digits is None:
        return round(value)
    if not isinstance(digits, int) or abs(digits) > _MAX_PLACES:
        raise EvaluationError(f"round: {shown(digits)} is not a number of digits")
    return round(value, digits)


def _len(value: object) -> int:
    if isinstance(value, str | list | dict | tuple | set):
        return len(value)
    return _wrong("len", 0, value, "text, a list or an object")


def _min(*values: object) -> object:
    return _extreme("min", min, values)


def _max(*values: object) -> object:
    return _extreme("max", max, values)


def _extreme(function: str, choose: Callable[[Any], object], values: tuple[object, ...]) -> object:
    candidates = _elements(function, values[0]) if len(values) == 1 else list(values)
    if not candidates:
        raise EvaluationError(f"{function}: the list is empty")
    try:
        return choose(candidates)
    except TypeError:
        raise EvaluationError(f"{function}: {shown(candidates)} cannot be compared") from None


def _any(values: object) -> bool:
    return any(_elements("any", values))


def _all(values: object) -> bool:
    return all(_elements("all", values))


FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        "startswith": Function(_startswith, ("text", "prefix"), tells=True),
        "endswith": Function(_endswith, ("text", "suffix"), tells=True),
        "contains": Function(_contains, ("text", "part"), tells=True),
        "glob": Function(_glob, ("text", "pattern"), tells=True),
        "matches": Function(_matches, ("text", "pattern"), tells=True),
        "lower": Function(_lower, ("text",)),
        "upper": Function(_upper, ("text",)),
        "len": Function(_len, ("value",)),
        "int": Function(_int, ("value",)),
        "float": Function(_float, ("value",)),
        "str": Function(_str, ("value",)),
        "abs": Function(_abs, ("number",)),
        "round": Function(_round, ("number", "digits"), least=1),
        "min": Function(_min, ("values",), open_ended=True),
        "max": Function(_max, ("values",), open_ended=True),
        "any": Function(_any, ("values",), tells=True),
        "all": Function(_all, ("values",), tells=True),
    }
)
"""Every function by its name."""
