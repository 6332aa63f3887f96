"""What a signature covers, as a template: fixed text and parts of the delivery."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, TypeGuard, get_args

from hookgate.auth.encodings import text_bytes

Slot: TypeAlias = Literal["body", "ts", "id", "url", "method"]
"""A part of the delivery that a signature may cover."""

_SLOTS: tuple[Slot, ...] = get_args(Slot)
_KNOWN = " ".join(f"{{{slot}}}" for slot in _SLOTS)
_BRACES = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Template:
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

    A template without ``{body}`` is a fault: whoever had seen one signature could put any body
    behind it.
    """
    parts: list[bytes | Slot] = []
    for index, piece in enumerate(_BRACES.split(text)):
        if index % 2 == 0:
            if "{" in piece or "}" in piece:
                return "a brace has no partner"
            parts.append(text_bytes(piece))
        elif _is_slot(piece):
            parts.append(piece)
        else:
            return f"{{{piece}}} is not known; a template may hold {_KNOWN}"
    if "body" not in parts:
        return "there is no {body} in it, so the body would not be signed"
    return Template(tuple(part for part in parts if part))


def _is_slot(name: str) -> TypeGuard[Slot]:
    return name in _SLOTS
