"""What a test of a rules file is: a request, and what must come of it."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from hookgate.loading.nodes import Span
from hookgate.model import JSON

BLANK = "?"
"""Stands for a value in `expect` that `hookgate test --update` fills in."""


class Blank(Struct, frozen=True):
    """A `BLANK` in an `expect`.

    `path` are the keys that lead to it, `span` is where it stands and `key` where its key does.
    `flow` tells that it is inside ``{}``, where a value must stay on its line.
    """

    path: tuple[str, ...]
    span: Span
    key: Span
    flow: bool


class Case(Struct, frozen=True):
    """One test.

    `delivery` is the content of a captured delivery's file, which the other parts of the request
    are laid over. Header names are in lower case, and `received_at` is in seconds since the epoch.
    `event_type` goes where the source looks for it. `sign` presents the source's own credentials.
    `expect` holds what is compared and nothing else, with `blanks` to be filled in. `paths` are
    the files that the request comes from, and `fault` says why one of them could not be read.
    """

    name: str
    file: str
    line: int
    source: str
    expect: Mapping[str, JSON]
    method: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    delivery: bytes | None = None
    event_type: str | None = None
    remote_address: str | None = None
    received_at: float | None = None
    sign: bool = False
    blanks: tuple[Blank, ...] = ()
    paths: tuple[str, ...] = ()
    fault: str | None = None
