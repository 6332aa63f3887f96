"""Filling in what a case left open, in the text of its file: comments and layout stay."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable

from hookgate.expr.values import json_text
from hookgate.loading.cases import Blank
from hookgate.loading.findings import Findings
from hookgate.loading.reader import read
from hookgate.model import JSON

MAX_WIDTH = 100
"""The length of a line from which a list or a mapping is spread over several."""

# What needs no quotes in any place, to be safe; whether it stays text the reader tells.
_PLAIN = re.compile(r"(?:[A-Za-z0-9_./=+$-][A-Za-z0-9_./=+$@%-]*)(?: [A-Za-z0-9_./=+$@%-]+)*")
_UNPRINTABLE = re.compile("[\x7f-\xa0\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")


def fill_blanks(text: str, values: Iterable[tuple[Blank, JSON]]) -> str:
    """The text with each blank replaced by its value.

    What YAML cannot hold, or what two cases that share a blank disagree about, stays blank.
    """
    replacements: dict[tuple[int, int], set[str]] = {}
    for blank, value in values:
        written = _written(value, blank, text)
        if written is not None:
            place = (_start(blank, written, text), blank.span.end)
            replacements.setdefault(place, set()).add(written)
    for (start, end), candidates in sorted(replacements.items(), reverse=True):
        if len(candidates) == 1:
            text = text[:start] + candidates.pop() + text[end:]
    return text


def _start(blank: Blank, written: str, text: str) -> int:
    """Where to write: a value on lines of its own leaves no space behind the key's colon."""
    start = blank.span.start
    if written[0] in "\r\n":
        while text[start - 1] == " ":
            start -= 1
    return start


def _written(value: JSON, blank: Blank, text: str) -> str | None:
    """The value as YAML; None where the file would not say the same."""
    line = as_yaml(value)
    node = read(f"key: {line}", Findings("", ""))
    if node is None or json_text(node.entries()["key"].plain()) != json_text(value):
        return None
    too_long = blank.span.column + len(line) > MAX_WIDTH
    if blank.flow or not too_long or not value or not isinstance(value, dict | list):
        return line
    return _block(value, " " * (blank.key.column + 1), "\r\n" if "\r\n" in text else "\n")


def as_yaml(value: JSON) -> str:
    """A value on one line, as a rules file would have it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(k)}: {as_yaml(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_yaml, value)) + "]"
    return _scalar(value) if isinstance(value, str) else json_text(value)


def _block(value: dict[str, JSON] | list[JSON], indent: str, newline: str) -> str:
    """The value with an entry on each line."""
    if isinstance(value, dict):
        lines = [f"{_scalar(key)}: {as_yaml(item)}" for key, item in value.items()]
    else:
        lines = [f"- {as_yaml(item)}" for item in value]
    return "".join(f"{newline}{indent}{line}" for line in lines)


def _scalar(text: str) -> str:
    """Text as it is where that is what YAML reads, else in double quotes."""
    if _PLAIN.fullmatch(text):
        node = read(f"- {text}\n- [{text}]", Findings("", ""))
        if node is not None and node.plain() == [text, [text]]:
            return text
    return _UNPRINTABLE.sub(_escaped, json.dumps(text, ensure_ascii=False))


def _escaped(match: re.Match[str]) -> str:
    return f"\\u{ord(match.group()):04x}"
