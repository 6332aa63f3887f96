"""Text with placeholders, filled in for use or for show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import Struct

from hookgate.expr.values import text_of
from hookgate.model import JSON


class Fixed(Struct, frozen=True):
    """Fixed text. `shown` is what may be printed: the text before `${NAME}` was filled in."""

    text: str
    shown: str


class Placeholder(Struct, frozen=True):
    """The value of a param, as a command line shows it."""

    param: str


Template: TypeAlias = tuple[Fixed | Placeholder, ...]


def fill(template: Template, params: Mapping[str, JSON]) -> str:
    """The text with each placeholder replaced by its param's value."""
    return "".join(
        part.text if isinstance(part, Fixed) else text_of(params.get(part.param))
        for part in template
    )


def fill_for_show(template: Template, params: Mapping[str, JSON]) -> str:
    """The same for people: what came from the environment stays ``${NAME}``."""
    return "".join(
        part.shown if isinstance(part, Fixed) else text_of(params.get(part.param))
        for part in template
    )
