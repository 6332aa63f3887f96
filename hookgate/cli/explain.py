"""hookgate explain: what the code of a finding means."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence

import typer

from hookgate.cli.exits import OK, USAGE
from hookgate.cli.terminal import bad, doubtful, show, width
from hookgate.loading.explanations import Explanation, all_codes, explanation
from hookgate.loading.findings import did_you_mean
from hookgate.loading.problems import Severity

FORMAT_VERSION = 1
"""Goes up when a key changes its meaning or goes away; not when one is added."""

_HOW_TO_LIST = "hookgate explain lists all"
_MAX_WIDTH = 80
_COLOURS = {Severity.ERROR: bad, Severity.WARNING: doubtful}


def explain(code: str | None, *, as_json: bool) -> int:
    """Print the explanation of a code, or the list of all; the exit code."""
    found = [told for told in map(explanation, _asked(code)) if told is not None]
    if not found:
        near = did_you_mean(str(code), all_codes())
        typer.echo(f"hookgate explain: there is no code {code}; {near or _HOW_TO_LIST}", err=True)
        return USAGE
    if as_json:
        show(json.dumps(_document(found), indent=2))
    elif code is None:
        show("\n".join(map(_line, found)))
    else:
        show(_page(found[0]))
    return OK


def _asked(code: str | None) -> Sequence[str]:
    return all_codes() if code is None else [code.upper()]


def _line(told: Explanation) -> str:
    return f"{told.code}  {_COLOURS[told.severity](f'{told.severity.value:<7}')}  {told.title}"


def _page(told: Explanation) -> str:
    return "\n".join(
        [
            f"{told.code} {_COLOURS[told.severity](told.severity.value)}: {told.title}",
            "",
            *_paragraphs(told.meaning),
            "",
            "Wrong:",
            "",
            *_indented(told.bad),
            "",
            "Right:",
            "",
            *_indented(told.good),
        ]
    )


def _paragraphs(text: str) -> list[str]:
    return [
        line
        for paragraph in text.strip().splitlines()
        for line in textwrap.wrap(paragraph, min(width(), _MAX_WIDTH)) or [""]
    ]


def _indented(text: str) -> list[str]:
    return [f"    {line}".rstrip() for line in text.rstrip().splitlines()]


def _document(found: Sequence[Explanation]) -> dict[str, object]:
    return {
        "format_version": FORMAT_VERSION,
        "codes": [
            {
                "code": told.code,
                "title": told.title,
                "severity": told.severity.value,
                "meaning": told.meaning,
                "bad": told.bad,
                "good": told.good,
                "files": dict(told.files),
            }
            for told in found
        ],
    }
