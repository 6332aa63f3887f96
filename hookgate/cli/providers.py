"""hookgate providers: the senders that have a preset, and what each preset says."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence

import typer

from hookgate.cli.exits import OK, USAGE
from hookgate.cli.terminal import dim, show, width
from hookgate.loading.findings import did_you_mean
from hookgate.loading.preset_facts import (
    Preset,
    example,
    flow,
    handshakes,
    needs,
    not_covered,
)
from hookgate.loading.presets import names, preset

_HOW_TO_LIST = "hookgate providers lists all"
_MAX_WIDTH = 80
_INDENT = 13

CONFIDENCE = {
    "vector": "a signature that the provider publishes, or that its own library makes, is tested",
    "source": "the code of the provider's own library or server",
    "documentation": "the provider's documentation",
    "reported": "descriptions by others; try a delivery before you rely on it",
}
"""What a preset may rest on."""


def providers(name: str | None, *, as_json: bool) -> int:
    """Print one preset, or the list of all; the exit code."""
    if name is not None and name not in names():
        near = did_you_mean(name, names()) or _HOW_TO_LIST
        typer.echo(f"hookgate providers: there is no preset {name!r}; {near}", err=True)
        return USAGE
    if name is None:
        presets = [preset(known) for known in names()]
        show(_document(list(map(_facts, presets))) if as_json else "\n".join(_table(presets)))
    else:
        show(_document(_facts(preset(name))) if as_json else "\n".join(_page(preset(name))))
    return OK


def _document(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def _facts(found: Preset) -> dict[str, object]:
    """The preset, and what follows from it."""
    return {
        **found,
        "needs": list(needs(found)),
        "not_covered": list(not_covered(found)),
        "example": example(found),
    }


def _table(presets: list[Preset]) -> Iterator[str]:
    rows = [(str(found["name"]), str(found["title"]), ", ".join(needs(found))) for found in presets]
    name_width, title_width = (max(len(row[column]) for row in rows) for column in (0, 1))
    for name, title, needed in rows:
        yield f"{name:<{name_width}}  {title:<{title_width}}  {dim(needed)}"


def _page(found: Preset) -> Iterator[str]:
    auth = found.get("auth")
    settings = auth.items() if isinstance(auth, dict) else ()
    yield f"{found['name']}: {found['title']}"
    yield ""
    yield from _entry("you give", [", ".join(needs(found))])
    yield from _entry("auth", [f"{key}: {flow(value)}" for key, value in settings])
    yield from _entry("event type", [flow(found["event_type"])])
    yield from _entry("event id", [flow(found["event_id"]) if "event_id" in found else "none"])
    yield from _entry("handshake", [flow(dict(each)) for each in handshakes(found)])
    yield from _entry("not covered", not_covered(found))
    if "deadline" in found:
        yield from _entry("deadline", [f"{found['deadline']} s until it gives up on an answer"])
    yield from _entry("notes", _wrapped(str(found["notes"])))
    yield from _entry("rests on", _wrapped(CONFIDENCE[str(found["confidence"])]))
    yield from _entry("truth", [str(found["documentation"])])
    yield ""
    yield example(found).rstrip()


def _entry(label: str, lines: Sequence[str]) -> Iterator[str]:
    for index, line in enumerate(lines):
        yield f"{dim(label.ljust(_INDENT)) if index == 0 else ' ' * _INDENT}{line}"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, min(width(), _MAX_WIDTH) - _INDENT)
