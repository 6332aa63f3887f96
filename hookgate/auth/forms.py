"""Forms as senders sign them: a field in place of the raw body, or all fields in order."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from hookgate.auth.encodings import text_bytes
from hookgate.model import Delivery

_FORM = "application/x-www-form-urlencoded"
MAX_FORM_FIELDS = 1000
"""Fields of one form."""

# Whoever writes forms escapes quotes and percent signs (WHATWG URL, 5.2). Read as a form, JSON that
# somebody has signed could be made to hold other fields than it says; it has quotes. And what is no
# escape costs the library far more time than what is one.
_NOT_ESCAPED = re.compile(rb'"|%(?![0-9A-Fa-f]{2})')


def is_form(delivery: Delivery) -> bool:
    """Whether the body is a form by its media type."""
    media_type = delivery.headers.get("content-type", "").partition(";")[0]
    return media_type.strip().lower() == _FORM


def form_fields(body: bytes) -> list[tuple[str, str]] | str:
    """Every field of a form, decoded; as text, why the form cannot be read."""
    if _NOT_ESCAPED.search(body):
        return "the form holds a quote or a percent sign that is not escaped"
    try:
        return parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=MAX_FORM_FIELDS,
        )
    except UnicodeDecodeError:
        return "the form holds bytes that are not UTF-8"
    except ValueError:
        return f"the form has more than {MAX_FORM_FIELDS} fields"


def body_or_field(delivery: Delivery, name: str) -> bytes | str:
    """The body, or for a form the decoded value of its only field; as text, why there is none.

    Another field beside it is a fault: it is not signed, and could be the one that is read.
    """
    if not is_form(delivery):
        return delivery.body
    fields = form_fields(delivery.body)
    if isinstance(fields, str):
        return fields
    if [key for key, _ in fields] != [name]:
        return f"the form does not have {name!r} as its only field"
    return text_bytes(fields[0][1])


def sorted_fields(delivery: Delivery) -> bytes | str:
    """Each name with its value after it, in order of names and values, each pair once.

    As text, why there is no such thing.
    """
    fields = form_fields(delivery.body)
    if isinstance(fields, str):
        return fields
    return text_bytes("".join(name + value for name, value in sorted(set(fields))))
