"""Which events belong together: the keys of a rule, evaluated for one event."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from msgspec import Struct

from hookgate.core.config import Debounce, Key
from hookgate.errors import EvaluationError
from hookgate.expr.rendering import kind_of
from hookgate.expr.values import text_of
from hookgate.model import JSON, Pause

MAX_KEY = 200
"""The longest that a key is kept as it is, in characters; of a longer one its hash is."""

UNKNOWN = ""
"""The key of events whose own cannot be told."""

_MAX_BITS = 10_000  # below Python's limit on turning an integer into text


class KeyFault(Struct, frozen=True):
    """Why an event has no key of its own."""

    reason: str


def key_text(key: Key, values: Mapping[str, JSON]) -> str | KeyFault:
    """The key of an event as text. `values` are those that a condition can use."""
    try:
        value = key.expression.value(values)
    except EvaluationError as error:
        return KeyFault(str(error))
    if isinstance(value, int) and value.bit_length() > _MAX_BITS:
        return KeyFault("it is a number of too many digits")
    if not isinstance(value, str | int | float):
        return KeyFault(f"it is {kind_of(value)}, not text, a number or a boolean")
    text = text_of(value)
    return text if len(text) <= MAX_KEY else _hash(text)


def order_key(key: Key | None, values: Mapping[str, JSON]) -> str | None:
    """The key by which tasks are run in order; where it cannot be told, as if all had the same.

    That costs time and never the order.
    """
    if key is None:
        return None
    text = key_text(key, values)
    return UNKNOWN if isinstance(text, KeyFault) else text


def pause_of(debounce: Debounce | None, values: Mapping[str, JSON]) -> Pause | None:
    """How the burst of an event is waited out; where its key cannot be told, not at all.

    Or a task could be left out that has nothing to do with the newer one.
    """
    if debounce is None:
        return None
    text = UNKNOWN if debounce.key is None else key_text(debounce.key, values)
    if isinstance(text, KeyFault):
        return None
    return Pause(text, debounce.wait, debounce.max_wait)


def _hash(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
