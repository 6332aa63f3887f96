"""Text with placeholders, filled in for use or for show."""

from __future__ import annotations

from collections.abc import Mapping

from hookgate.core.config import Fixed, Template
from hookgate.expr.values import text_of
from hookgate.model import JSON


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
