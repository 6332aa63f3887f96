"""Filling ``${NAME}`` into the strings of a rules file.

``${NAME}`` must be set; ``${NAME:-default}`` gives the default where it is unset or empty;
``${file:PATH}`` is the text of a file without the newline at its end; ``$${`` is a literal ``${``.
Only values are filled in, never keys, and what was filled in is never read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from msgspec import Struct

from hookgate.loading.codes import Code
from hookgate.loading.findings import Findings, did_you_mean, quoted
from hookgate.loading.nodes import Node, Span

_REFERENCE = re.compile(r"\$\$\{|\$\{(?P<inside>[^}]*)\}?")
_VARIABLE = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>.*))?", re.DOTALL)
_FILE = "file:"
_MALFORMED = "this is neither ${NAME}, ${NAME:-default} nor ${file:PATH}"
_LITERAL = "write $${ for a literal ${"


class Piece(Struct, frozen=True):
    """A part of a string: `text` as it is used, `shown` as it was written."""

    text: str
    shown: str
    filled: bool = False


class Filled(str):
    """A string that holds interpolated values.

    It is the text that is used; its `repr` and `shown` are the text that was written, so that a
    record that holds it can be printed. `complete` is False where a variable was not set.
    """

    __slots__ = ("complete", "pieces")
    pieces: tuple[Piece, ...]
    complete: bool

    def __new__(cls, pieces: Iterable[Piece], complete: bool = True) -> Self:
        parts = tuple(pieces)
        filled = super().__new__(cls, "".join(piece.text for piece in parts))
        filled.pieces = parts
        filled.complete = complete
        return filled

    @property
    def shown(self) -> str:
        return "".join(piece.shown for piece in self.pieces)

    def __repr__(self) -> str:
        return repr(self.shown)


def shown(text: str) -> str:
    """The text as it may be printed: as it was written."""
    return text.shown if isinstance(text, Filled) else text


def complete(text: str) -> bool:
    """Whether every variable in the text was set."""
    return not isinstance(text, Filled) or text.complete


def pieces(text: str) -> tuple[Piece, ...]:
    """The parts of any text."""
    return text.pieces if isinstance(text, Filled) else (Piece(text, text),)


def derived(text: str, origin: str) -> str:
    """A text that was made from another; it is shown as that other where that was filled in."""
    return Filled([Piece(text, origin.shown, filled=True)]) if isinstance(origin, Filled) else text


@dataclass(slots=True)
class Interpolation:
    """Fills in strings from `environ` and from files relative to `directory`.

    Notes the names of the variables that are not set in `unset`, and the files in `files`.
    """

    environ: Mapping[str, str]
    directory: str
    findings: Findings
    unset: set[str] = field(default_factory=set)
    files: set[str] = field(default_factory=set)

    def fill(self, node: Node) -> Node:
        """The same tree with every string filled in; what holds no reference is shared."""
        value = node.value
        if isinstance(value, str):
            return Node(self._filled(value, node.span), *_places(node)) if "${" in value else node
        if isinstance(value, dict):
            self._check_keys(value)
            entries = {key: self.fill(child) for key, child in value.items()}
            same = all(entries[key] is child for key, child in value.items())
            return node if same else Node(entries, *_places(node))
        if isinstance(value, list):
            items = [self.fill(child) for child in value]
            same = all(new is old for new, old in zip(items, value, strict=True))
            return node if same else Node(items, *_places(node))
        return node

    def _check_keys(self, entries: Mapping[str, Node]) -> None:
        for key, child in entries.items():
            if "${" in key:
                self.findings.add(Code.INTERPOLATION, child.place, "keys are not filled in")

    def _filled(self, text: str, place: Span) -> Filled:
        parts, values = [], []
        for part in _split(text):
            if isinstance(part, Piece):
                parts.append(part)
            else:
                value = self._value(part, place)
                values.append(value)
                parts.append(Piece(value or "", part, filled=True))
        return Filled(parts, complete=None not in values)

    def _value(self, reference: str, place: Span) -> str | None:
        """What ``${...}`` stands for; None where that cannot be told."""
        inside = reference[2:-1]
        variable = _VARIABLE.fullmatch(inside)
        well_formed = reference.endswith("}") and "${" not in inside
        if well_formed and inside.startswith(_FILE):
            return self._file(inside.removeprefix(_FILE), place)
        if not well_formed or variable is None:
            self.findings.add(Code.INTERPOLATION, place, _MALFORMED, _LITERAL)
            return None
        return self._variable(variable["name"], variable["default"], place)

    def _variable(self, name: str, default: str | None, place: Span) -> str | None:
        value = self.environ.get(name)
        if default is not None:
            return value or default
        if value is None:
            self.unset.add(name)
            suggestion = did_you_mean(name, self.environ)
            self.findings.add(Code.UNSET_VARIABLE, place, f"{name} is not set", suggestion)
        return value

    def _file(self, path: str, place: Span) -> str | None:
        self.files.add(str(Path(self.directory, path)))
        try:
            text = Path(self.directory, path).read_bytes().decode("utf-8")
        except OSError as error:
            reason = error.strerror
        except ValueError:
            reason = "it is not UTF-8 text"
        else:
            if "\0" not in text:
                return text.removesuffix("\n").removesuffix("\r")
            reason = "it holds a NUL character"
        self.findings.add(Code.UNREADABLE_FILE, place, f"{quoted(path)} cannot be read: {reason}")
        return None


def _split(text: str) -> Iterator[Piece | str]:
    """Fixed pieces, and the text of each reference between them."""
    end = 0
    for match in _REFERENCE.finditer(text):
        if match.start() > end:
            yield Piece(text[end : match.start()], text[end : match.start()])
        yield Piece("${", "$${") if match["inside"] is None else match.group()
        end = match.end()
    if end < len(text):
        yield Piece(text[end:], text[end:])


def _places(node: Node) -> tuple[Span, Span | None]:
    return node.span, node.key
