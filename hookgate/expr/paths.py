"""Dotted paths into JSON: ``issue.fields.priority.name``, ``commits[*].id``, ``labels["a.b/c"]``.

A path is keys after dots and steps in brackets:

- ``name``: the key of an object. It may hold anything but ``. [ ] " '`` and white space.
- digits for a name (``commits.0``): an index of a list, a key of an object.
- ``["any text"]``, ``['any text']``: a key; a backslash escapes a quote or a backslash.
- ``[0]``, ``[-1]``: an index of a list, from its start or its end.
- ``[*]``: every element of a list. What it gives is one flat list, also where it stands several
  times in a path; elements that lack the rest of the path are left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeAlias

from msgspec import Struct

from hookgate.model import JSON

_KEY = re.compile(r"""[^.\[\]"'\s]+""")
_BRACKETED = re.compile(
    r"""\[(?: (?P<index>-?[0-9]{1,9}) | (?P<every>\*)
            | "(?P<double>(?:[^"\\]|\\["'\\])*+)" | '(?P<single>(?:[^'\\]|\\["'\\])*+)' )\]""",
    re.VERBOSE,
)
_ESCAPED = re.compile(r"""\\(["'\\])""")
_POSITION = re.compile(r"(?:0|[1-9][0-9]{0,8})\Z")


class Key(Struct, frozen=True):
    """A key of an object; `end` is where the step ends in the path's text, as for every step."""

    name: str
    end: int

    def take(self, value: JSON) -> JSON:
        """The value one step further; raises LookupError where there is none."""
        if isinstance(value, dict):
            return value[self.name]
        raise LookupError


class Index(Struct, frozen=True):
    """An index of a list; a negative one counts from the end."""

    position: int
    end: int

    def take(self, value: JSON) -> JSON:
        """As `Key.take`."""
        if isinstance(value, list):
            return value[self.position]
        raise LookupError


class KeyOrIndex(Struct, frozen=True):
    """Digits for a name: an index of a list, a key of an object."""

    name: str
    position: int
    end: int

    def take(self, value: JSON) -> JSON:
        """As `Key.take`."""
        if isinstance(value, list):
            return value[self.position]
        if isinstance(value, dict):
            return value[self.name]
        raise LookupError


class Every(Struct, frozen=True):
    """Every element of a list."""

    end: int


Step: TypeAlias = Key | Index | KeyOrIndex | Every


class Found(Struct, frozen=True):
    """The value at the end of a path."""

    value: JSON


class Missing(Struct, frozen=True):
    """There is no such value. `at` is the path up to and including the step that is not there."""

    at: str


class PathFault(Struct, frozen=True):
    """Why a text is not a path; `offset` and `length` are in characters."""

    message: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Path:
    """A parsed path; `parse_path` makes it."""

    text: str
    steps: tuple[Step, ...]
    _plain_keys: tuple[str, ...] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = tuple(step.name for step in self.steps if isinstance(step, Key))
        plain = names if len(names) == len(self.steps) else None
        object.__setattr__(self, "_plain_keys", plain)

    def value(self, value: JSON) -> JSON:
        """What `find` finds, or None."""
        if self._plain_keys is None:
            found = self.find(value)
            return found.value if isinstance(found, Found) else None
        try:
            for key in self._plain_keys:
                value = value[key]  # type: ignore[call-overload, index]  # else a TypeError
        except (KeyError, TypeError):
            return None
        return value

    def find(self, value: JSON) -> Found | Missing:
        """Follow the path from `value`; a JSON null at its end is found."""
        for position, step in enumerate(self.steps):
            if isinstance(step, Every):
                if not isinstance(value, list):
                    return Missing(self.text[: step.end])
                return Found(list(_spread(value, self.steps[position + 1 :])))
            try:
                value = step.take(value)
            except LookupError:
                return Missing(self.text[: step.end])
        return Found(value)


def parse_path(text: str) -> Path | PathFault:
    """Read a path as the module describes it."""
    if not text:
        return PathFault("the path is empty", 0, 0)
    steps: list[Step] = []
    offset = 0
    while offset < len(text):
        step = _read_step(text, offset)
        if isinstance(step, PathFault):
            return step
        steps.append(step)
        offset = step.end
    return Path(text, tuple(steps))


def _read_step(text: str, offset: int) -> Step | PathFault:
    if text[offset] == "[":
        return _read_brackets(text, offset)
    if offset == 0:
        return _read_key(text, 0)
    if text[offset] == ".":
        return _read_key(text, offset + 1)
    return _unexpected(text, offset)


def _read_key(text: str, offset: int) -> Step | PathFault:
    match = _KEY.match(text, offset)
    if match is None:
        return _unexpected(text, offset)
    name = match[0]
    if _POSITION.match(name):
        return KeyOrIndex(name, int(name), match.end())
    return Key(name, match.end())


def _read_brackets(text: str, offset: int) -> Step | PathFault:
    match = _BRACKETED.match(text, offset)
    if match is None:
        message = """brackets hold an index, * or a quoted key: [0], [-1], [*], ["any key"]"""
        return PathFault(message, offset, len(text) - offset)
    if match["index"] is not None:
        return Index(int(match["index"]), match.end())
    if match["every"] is not None:
        return Every(match.end())
    quoted = match["double"] if match["double"] is not None else match["single"]
    return Key(_ESCAPED.sub(r"\1", quoted), match.end())


def _unexpected(text: str, offset: int) -> PathFault:
    if offset == len(text):
        return PathFault("the path ends where a key should follow", offset, 0)
    character = text[offset]
    if character.isspace():
        message = """white space in a key needs quotes: ["a key"]"""
    elif character == ".":
        message = "a key should stand before this dot"
    else:
        message = f"{character} cannot stand here"
    return PathFault(message, offset, 1)


def _spread(elements: list[JSON], steps: tuple[Step, ...]) -> Iterator[JSON]:
    """What `steps` find in each element."""
    for element in elements:
        yield from _reach(element, steps)


def _reach(value: JSON, steps: tuple[Step, ...]) -> Iterator[JSON]:
    for position, step in enumerate(steps):
        if isinstance(step, Every):
            if isinstance(value, list):
                yield from _spread(value, steps[position + 1 :])
            return
        try:
            value = step.take(value)
        except LookupError:
            return
    yield value
