"""JSON Schema keywords whose cost a sender must not choose.

The `jsonschema` library runs patterns with Python's backtracking `re`, where 35 bytes can take
seconds, and compares every item of a `uniqueItems` list with every other. Here patterns are RE2's,
which is linear in the text, and items are compared by their hash.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import re2
from jsonschema import ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend

from hookgate.model import JSON

_Errors: TypeAlias = Iterator[ValidationError]
_Object: TypeAlias = Mapping[str, Any]


def linear(validator: type[Validator]) -> type[Validator]:
    """The same dialect with those keywords replaced."""
    replaced = {
        "pattern": _pattern,
        "patternProperties": _pattern_properties,
        "additionalProperties": _additional_properties,
        "uniqueItems": _unique_items,
    }
    known = {k: v for k, v in replaced.items() if k in validator.VALIDATORS}
    extended: type[Validator] = extend(validator, known)  # type: ignore[no-untyped-call]
    return extended


def pattern_fault(schema: JSON) -> str | None:
    """A pattern anywhere in a schema that RE2 cannot run, and why; None where all is well."""
    if isinstance(schema, list):
        return next(filter(None, map(pattern_fault, schema)), None)
    if not isinstance(schema, dict):
        return None
    patterns = [*_keys(schema.get("patternProperties")), *_texts(schema.get("pattern"))]
    if patterns and "unevaluatedProperties" in schema:
        return "'unevaluatedProperties' beside patterns cannot be checked in linear time"
    faults = (_fault(pattern) for pattern in patterns)
    return next(filter(None, [*faults, *map(pattern_fault, schema.values())]), None)


def _keys(value: JSON) -> list[str]:
    return list(value) if isinstance(value, dict) else []


def _texts(value: JSON) -> list[str]:
    return [value] if isinstance(value, str) else []


def _fault(pattern: str) -> str | None:
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0] if error.args else "it is not a pattern"
        text = reason.decode() if isinstance(reason, bytes) else str(reason)
        return f"the pattern {pattern[:60]!r}: {text}"
    return None


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


def _found(pattern: str, text: str) -> bool:
    # RE2 takes UTF-8 alone; a lone surrogate matches nothing.
    return _compiled(pattern).search(text.encode("utf-8", "replace").decode()) is not None


def _pattern(validator: Validator, pattern: str, instance: Any, _: _Object) -> _Errors:
    if validator.is_type(instance, "string") and not _found(pattern, instance):
        yield ValidationError(f"does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: _Object, instance: Any, _: _Object) -> _Errors:
    if not validator.is_type(instance, "object"):
        return
    for pattern, subschema in patterns.items():
        for key, value in instance.items():
            if _found(pattern, key):
                yield from validator.descend(value, subschema, path=key, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: _Object) -> _Errors:
    if not validator.is_type(instance, "object"):
        return
    extras = list(_extras(instance, schema))
    if validator.is_type(allowed, "object"):
        for key in extras:
            yield from validator.descend(instance[key], allowed, path=key)
    elif not allowed and extras:
        yield ValidationError("additional properties are not allowed")


def _extras(instance: _Object, schema: _Object) -> Iterator[str]:
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
    for key in instance:
        if key not in known and not any(_found(pattern, key) for pattern in patterns):
            yield key


def _unique_items(validator: Validator, wanted: Any, instance: Any, _: _Object) -> _Errors:
    if wanted and validator.is_type(instance, "array"):
        hashed = set(map(_hashable, instance))
        if len(hashed) < len(instance):
            yield ValidationError("has an item twice")


def _hashable(value: JSON) -> object:
    """A value that is equal, and hashes alike, for what JSON Schema calls equal (2020-12, 4.2.2).

    Python's True equals 1, which JSON's does not.
    """
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, dict):
        return frozenset((key, _hashable(inner)) for key, inner in value.items())
    return tuple(map(_hashable, value)) if isinstance(value, list) else value
