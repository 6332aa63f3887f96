"""The handshakes of tests/senders/handshakes/*.json: what senders ask, and what they want to hear.

Each file has a source as a receiver has `configured` it, a request, the exact `answer` to it, and
`refused`: the same request with something else in it, where null takes a header or a parameter
away, and the status that it is answered instead. `source` says where the request and the answer
come from: sent as the ``documentation`` says or as is ``reported``, with signatures that were
computed ``independent``ly of hookgate.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from hookgate.core.config import Config
from hookgate.model import Delivery
from tests.rules import compiled

FOLDER = Path(__file__).parent / "handshakes"


@dataclass(frozen=True)
class Request:
    """What a sender sends."""

    method: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: str

    def delivery(self, source: str, at: float) -> Delivery:
        """The request as the server hands it on."""
        return Delivery(
            id="0195c8e8-0000-7000-8000-000000000001",
            source=source,
            received_at=at,
            method=self.method,
            path=f"/{source}",
            query=self.query,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.body.encode(),
            peer="192.0.2.7",
        )


@dataclass(frozen=True)
class Answer:
    """What the sender wants to hear; the names of the headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: str


@dataclass(frozen=True)
class Refused:
    """Something else in the request, and the status that it is answered then."""

    because: str
    status: int
    method: str | None = None
    headers: Mapping[str, str | None] = field(default_factory=dict)
    query: Mapping[str, str | None] = field(default_factory=dict)
    body: str | None = None

    def instead_of(self, request: Request) -> Request:
        """The request that it is."""
        return Request(
            method=self.method or request.method,
            headers=_laid_over(request.headers, self.headers),
            query=_laid_over(request.query, self.query),
            body=request.body if self.body is None else self.body,
        )


@dataclass(frozen=True)
class Exchange:
    """One file."""

    name: str
    source: str
    configured: Mapping[str, Any]
    now: float
    request: Request
    answer: Answer
    refused: tuple[Refused, ...]

    @property
    def rules(self) -> dict[str, Any]:
        """The source as it stands in a rules file; whatever is an event there starts a program."""
        return {"rules": {"*": [{"program": "note"}]}, **self.configured}

    @cached_property
    def config(self) -> Config:
        """The rules file of the receiver."""
        programs = {"note": {"command": ["true"]}}
        # JSON is YAML as well.
        return compiled(
            json.dumps({"version": 1, "sources": {"sender": self.rules}, "programs": programs}),
            directory=FOLDER.parent,
        )

    def delivery(self, refused: Refused | None = None) -> Delivery:
        """The request, or one that is refused instead."""
        request = self.request if refused is None else refused.instead_of(self.request)
        return request.delivery("sender", self.now)


def _laid_over(values: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    return {name: value for name, value in {**values, **changes}.items() if value is not None}


def read(path: Path) -> Exchange:
    """Read one file."""
    content = json.loads(path.read_text("utf-8"))
    request, answer = Request(**content.pop("request")), Answer(**content.pop("answer"))
    refused = tuple(Refused(**each) for each in content.pop("refused"))
    return Exchange(path.stem, request=request, answer=answer, refused=refused, **content)


EXCHANGES = tuple(read(path) for path in sorted(FOLDER.glob("*.json")))
