"""What a signature covers, as a template: fixed text and parts of the delivery."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Literal, TypeAlias, TypeGuard, get_args

from msgspec import Struct

from hookgate.auth.encodings import text_bytes

Name: TypeAlias = Literal["body", "ts", "id", "url", "url_decoded", "method"]
"""A part of the delivery that a signature may cover."""


class BodyOrForm(Struct, frozen=True):
    """The raw body, but of a form only the decoded value of one field."""

    field: str


Slot: TypeAlias = Name | BodyOrForm

_NAMES: tuple[Name, ...] = get_args(Name)
_BODY_OR_FORM = "body_or_form:"
_KNOWN = " ".join(f"{{{name}}}" for name in (*_NAMES, f"{_BODY_OR_FORM}FIELD"))
_BRACES = re.compile(r"\{([^{}]*)\}")


class Template(Struct, frozen=True):
    """Fixed bytes and slots, in the order in which they are signed."""

    parts: tuple[bytes | Slot, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """The slots to be filled in."""
        return tuple(part for part in self.parts if not isinstance(part, bytes))

    def fill(self, values: Mapping[Slot, bytes]) -> bytes:
        """The signed bytes. `values` has one for each slot; a lone ``{body}`` is not copied."""
        return b"".join(part if isinstance(part, bytes) else values[part] for part in self.parts)


BODY = Template(("body",))
"""The raw body and nothing else, as most senders sign."""


def parse_template(text: str) -> Template | str:
    """Read a template such as ``{ts}.{body}``, or say, as text, what is wrong with it.

    A template without the body is a fault: whoever had seen one signature could put any body
    behind it.
    """
    parts: list[bytes | Slot] = []
    for index, piece in enumerate(_BRACES.split(text)):
        if index % 2 == 0:
            if "{" in piece or "}" in piece:
                return "a brace has no partner"
            parts.append(text_bytes(piece))
            continue
        slot = _slot(piece)
        if slot is None:
            return f"{{{piece}}} is not known; a template may hold {_KNOWN}"
        parts.append(slot)
    if not any(part == "body" or isinstance(part, BodyOrForm) for part in parts):
        return "there is no {body} in it, so the body would not be signed"
    return Template(tuple(part for part in parts if part))


def _slot(text: str) -> Slot | None:
    if _is_name(text):
        return text
    field = text.removeprefix(_BODY_OR_FORM)
    return BodyOrForm(field) if field and field != text else None


def _is_name(text: str) -> TypeGuard[Name]:
    return text in _NAMES
