"""Forms as senders sign them: a field in place of the raw body, or all fields in order."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hookgate.auth.encodings import text_bytes
from hookgate.model import Delivery

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 1000
_UNREADABLE = "the form cannot be read"


def is_form(delivery: Delivery) -> bool:
    """Whether the body is a form by its media type."""
    media_type = delivery.headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() == _FORM


def form_fields(body: bytes) -> list[tuple[str, str]] | None:
    """Every field of a form, decoded; None where the form cannot be read."""
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        return None


def body_or_field(delivery: Delivery, name: str) -> bytes | str:
    """The body, or for a form the decoded value of one field; as text, why there is none.

    A field that is there twice is a fault: the one that is signed need not be the one that is read.
    """
    if not is_form(delivery):
        return delivery.body
    fields = form_fields(delivery.body)
    if fields is None:
        return _UNREADABLE
    values = [value for key, value in fields if key == name]
    if len(values) != 1:
        return f"the form does not have one field {name!r}"
    return text_bytes(values[0])


def sorted_fields(delivery: Delivery) -> bytes | str:
    """Each name with its value after it, in order of names and values, each pair once.

    As text, why there is no such thing.
    """
    fields = form_fields(delivery.body)
    if fields is None:
        return _UNREADABLE
    return text_bytes("".join(name + value for name, value in sorted(set(fields))))
