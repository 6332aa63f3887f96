"""The field of a form that a sender signs in place of the raw body."""

from __future__ import annotations

from urllib.parse import parse_qsl

from hookgate.auth.encodings import text_bytes
from hookgate.model import Delivery

_FORM = "application/x-www-form-urlencoded"
_MAX_FIELDS = 1000


def body_or_field(delivery: Delivery, name: str) -> bytes | str:
    """The body, or for a form the decoded value of one field; as text, why there is none.

    A field that is there twice is a fault: the one that is signed need not be the one that is read.
    """
    media_type = delivery.headers.get("content-type", "").partition(";")[0]
    if media_type.strip().lower() != _FORM:
        return delivery.body
    try:
        fields = parse_qsl(
            delivery.body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        return "the form cannot be read"
    values = [value for key, value in fields if key == name]
    if len(values) != 1:
        return f"the form does not have one field {name!r}"
    return text_bytes(values[0])
