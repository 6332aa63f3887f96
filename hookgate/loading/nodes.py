"""The rules file as a tree of values that know where they stand in the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

from msgspec import Struct

from hookgate.model import JSON

Scalar: TypeAlias = bool | int | float | str | None


class Span(NamedTuple):
    """A token: `line` and `column` count from 1, `start` and `end` are offsets into the text.

    All in characters. The span of a mapping or a list is its first character.
    """

    line: int
    column: int
    start: int
    end: int


class Node(Struct, frozen=True):
    """A value with its place and, inside a mapping, the place of its key."""

    value: Scalar | dict[str, Node] | list[Node]
    span: Span
    key: Span | None = None

    @property
    def place(self) -> Span:
        """Where to point for the value as a whole: at its key, where it has one."""
        return self.key or self.span

    @property
    def text(self) -> str | None:
        """The value if it is text."""
        return self.value if isinstance(self.value, str) else None

    @property
    def string(self) -> str:
        """The value if it is text, else an empty text."""
        return self.value if isinstance(self.value, str) else ""

    def get(self, *path: str | int) -> Node | None:
        """The node at the end of a path of keys and indices; None where there is none."""
        node: Node | None = self
        for step in path:
            node = None if node is None else node._child(step)
        return node

    def entries(self, *path: str | int) -> Mapping[str, Node]:
        """What the mapping at the end of a path holds; nothing where there is no mapping."""
        node = self.get(*path)
        return node.value if node is not None and isinstance(node.value, dict) else {}

    def items(self, *path: str | int) -> list[Node]:
        """The items of the list at the end of a path; another value is a list of itself."""
        node = self.get(*path)
        if node is None:
            return []
        return node.value if isinstance(node.value, list) else [node]

    def _child(self, step: str | int) -> Node | None:
        if isinstance(step, str):
            return self.entries().get(step)
        if isinstance(self.value, list) and 0 <= step < len(self.value):
            return self.value[step]
        return None

    def plain(self) -> JSON:
        """The value without places."""
        if isinstance(self.value, dict):
            return {key: node.plain() for key, node in self.value.items()}
        if isinstance(self.value, list):
            return [node.plain() for node in self.value]
        return self.value


def node_of(value: JSON, span: Span, key: Span | None = None) -> Node:
    """A tree that stands at one place as a whole."""
    if isinstance(value, dict):
        return Node({name: node_of(item, span, span) for name, item in value.items()}, span, key)
    if isinstance(value, list):
        return Node([node_of(item, span) for item in value], span, key)
    return Node(value, span, key)
