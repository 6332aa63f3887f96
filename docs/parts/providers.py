"""The presets of providers."""

from __future__ import annotations

from docs.parts.markdown import table
from hookgate.loading.presets import names, preset


def providers() -> str:
    """The name of every preset, and the sender that it is for."""
    rows = [(f"`{name}`", str(preset(name)["title"])) for name in names()]
    return table(("`provider`", "sender"), rows)
