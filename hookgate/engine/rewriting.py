"""Putting values into the body of a request that is yet to be sent."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from msgspec.structs import replace

from hookgate.auth.forms import form_fields, is_form
from hookgate.expr.paths import Every, Index, Key, KeyOrIndex, Path, Step
from hookgate.expr.values import json_bytes, text_of
from hookgate.loading.sender_auth import read_payload
from hookgate.model import JSON, Delivery


def with_value(delivery: Delivery, path: Path, value: JSON) -> Delivery | None:
    """The delivery with a value at a path of its payload; None where there is no place for it.

    Objects that lack on the way are made, and so is the next item of a list.
    """
    changed = _put(read_payload(delivery), path.steps, value)
    return None if changed is None else with_payload(delivery, changed)


def with_payload(delivery: Delivery, payload: JSON) -> Delivery | None:
    """The delivery with another payload, written as its Content-Type says.

    None for what cannot be written so: a payload inside a field of a form, a multipart form, text.
    """
    if is_form(delivery):
        return _with_fields(delivery, payload)
    written = replace(delivery, body=json_bytes(payload))
    return written if read_payload(written) == payload else None


def as_form(payload: JSON) -> bytes | None:
    """An object as a form: lists are repeated fields, and objects are JSON; else None."""
    if not isinstance(payload, dict):
        return None
    fields = [
        (name, text_of(item))
        for name, value in payload.items()
        for item in (value if isinstance(value, list) else [value])
    ]
    return urlencode(fields, errors="surrogatepass").encode("ascii")


def _with_fields(delivery: Delivery, payload: JSON) -> Delivery | None:
    old, body = read_payload(delivery), as_form(payload)
    fields = form_fields(delivery.body)
    if body is None or not isinstance(old, dict) or isinstance(fields, str):
        return None
    if old.keys() != {name for name, _ in fields}:
        return None
    return replace(delivery, body=body)


def _put(value: JSON, steps: Sequence[Step], last: JSON) -> JSON:
    """A copy of `value` with `last` at the end of the steps; None where they lead nowhere."""
    if not steps:
        return last
    step, *rest = steps
    match step:
        case Key(name):
            return _put_key({} if value is None else value, name, rest, last)
        case KeyOrIndex(name) if isinstance(value, dict):
            return _put_key(value, name, rest, last)
        case KeyOrIndex(_, position) | Index(position):
            return _put_item([] if value is None else value, position, rest, last)
        case Every():
            return None


def _put_key(value: JSON, name: str, rest: Sequence[Step], last: JSON) -> JSON:
    if not isinstance(value, dict):
        return None
    inner = _put(value.get(name), rest, last)
    return None if inner is None else {**value, name: inner}


def _put_item(value: JSON, position: int, rest: Sequence[Step], last: JSON) -> JSON:
    if not isinstance(value, list) or not -len(value) <= position <= len(value):
        return None
    items = [*value, None] if position == len(value) else [*value]
    inner = _put(items[position], rest, last)
    if inner is None:
        return None
    items[position] = inner
    return items
