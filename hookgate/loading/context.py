"""What every step of compiling has at hand, and how it reads values of a checked shape."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

from msgspec import Struct, field

from hookgate.loading.codes import Code
from hookgate.loading.findings import Findings, quoted
from hookgate.loading.interpolation import Filled, complete, shown
from hookgate.loading.nodes import Node, Span
from hookgate.loading.units import byte_count, seconds

_Choice = TypeVar("_Choice", bound=str)

_SINGLE_QUOTED = re.compile(r"''|[^']")
_DOUBLE_QUOTED = re.compile(r"\\x..|\\u.{4}|\\U.{8}|\\.|[^\\]")


class Context(Struct, frozen=True):
    """The file being compiled.

    `text` is what the file holds, `written` the tree of all that stands in it, also of what is not
    used because its shape is wrong. Relative paths start from `directory`. `environ` holds the
    variables, and `environment` tells whether what depends on the machine is checked. `files` takes
    the names of the files that are read.
    """

    findings: Findings
    text: str
    written: Node
    directory: str
    environ: Mapping[str, str]
    environment: bool
    files: set[str] = field(default_factory=set)

    def report(self, code: Code, node: Node, message: str, suggestion: str | None = None) -> None:
        """Note a problem with a value as a whole."""
        self.findings.add(code, node.span, message, suggestion)

    def report_inside(
        self,
        code: Code,
        node: Node,
        message: str,
        suggestion: str | None = None,
        offset: int = 0,
        length: int | None = None,
    ) -> None:
        """Note a problem with a text at an offset in it, where that can be told.

        Of a text that was filled in, nothing is told.
        """
        if not complete(node.string):
            return
        if isinstance(node.value, Filled):
            self.report(Code.FILLED_VALUE, node, "this cannot be used once it is filled in")
            return
        place = node.span if length is None else place_inside(self.text, node, offset, length)
        self.findings.add(code, place, message, suggestion)


def place_inside(text: str, node: Node, offset: int, length: int) -> Span:
    """The place of a part of a scalar; of all of it where it is not one line as it stands there."""
    if isinstance(node.value, Filled):
        return node.span
    raw = text[node.span.start : node.span.end]
    units = _units(raw, node.string)
    if units is None:
        return node.span
    quote = 0 if raw == node.string else 1
    before = quote + len("".join(units[:offset]))
    start = node.span.start + before
    end = start + len("".join(units[offset : offset + length]))
    return Span(node.span.line, node.span.column + before, start, end)


def _units(raw: str, value: str) -> list[str] | None:
    """What stands in the file for each character of a scalar on one line."""
    if "\n" in raw or "\r" in raw:
        return None
    if raw == value:
        return list(raw)
    pattern = _SINGLE_QUOTED if raw.startswith("'") else _DOUBLE_QUOTED
    units = pattern.findall(raw[1:-1])
    return units if len(units) == len(value) else None


def auth_entries(source: Node) -> Iterator[Node]:
    """Every entry of auth that a source holds, also those of its handshakes."""
    yield from source.items("auth")
    for handshake in source.items("handshake"):
        yield from handshake.items("auth")


def text_at(node: Node, *path: str) -> str | None:
    """A text; None where it is not set or not known."""
    child = node.get(*path)
    return child.text if child is not None and complete(child.string) else None


def written_at(node: Node, *path: str) -> str | None:
    """A text, also where a variable in it is not set; then it is only good to know that it is set.

    Nothing runs by such a rules file.
    """
    child = node.get(*path)
    return None if child is None else child.text


def texts_at(node: Node, *path: str) -> tuple[str, ...]:
    """The texts of a list that are known; empty where it is not set."""
    items = node.items(*path)
    return tuple(item.text for item in items if item.text is not None and complete(item.text))


def choice_at(node: Node, *path: str, default: _Choice) -> _Choice:
    """A text that the schema allows few values for."""
    text = text_at(node, *path)
    return default if text is None else cast(_Choice, str(text))


def flag_at(node: Node, *path: str, default: bool) -> bool:
    """True or false."""
    child = node.get(*path)
    return child.value if child is not None and isinstance(child.value, bool) else default


def integer_at(node: Node, *path: str, default: int) -> int:
    """A whole number."""
    child = node.get(*path)
    return child.value if child is not None and isinstance(child.value, int) else default


def number_at(node: Node, *path: str, default: float) -> float:
    """A number, whole or not."""
    child = node.get(*path)
    number = child is not None and isinstance(child.value, int | float)
    return float(child.value) if number else default  # type: ignore[union-attr,arg-type]


def seconds_at(node: Node, *path: str, default: float) -> float:
    """A duration, in seconds."""
    duration = seconds(text_at(node, *path) or "")
    return default if duration is None else duration


def tolerance_at(entry: Node) -> float | None:
    """How far off a time may be, in seconds; None for any. One that is not known allows nothing."""
    tolerance = entry.get("tolerance")
    if tolerance is None or tolerance.value is None:
        return None
    return seconds_at(tolerance, default=0.0)


def bytes_at(node: Node, *path: str, default: int) -> int:
    """A size, in bytes."""
    size = byte_count(text_at(node, *path) or "")
    return integer_at(node, *path, default=default) if size is None else size


def shown_at(node: Node) -> str:
    """A text in quotes as it was written."""
    return quoted(shown(node.string))
