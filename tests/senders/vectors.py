"""The deliveries of tests/senders/*.json: what a sender publishes, makes or documents.

Each file names its preset, what the receiver configures, a request, and what must come of it:

- `source` says where the signature comes from: ``published`` by the sender, made with its own
  ``library``, sent as the ``documentation`` says, or computed ``independent``ly of hookgate;
- `signature` is the header that carries it, ``?NAME`` for a parameter of the URL, or ``body:TEXT``
  where the text itself stands in the body;
- `window` is how far the time may be off in seconds; without `future` any future will do, and
  without `window` any time at all;
- `handshake` is what the receiver configures of that, where the preset asks for it;
- `secret_index` is null where there are no secrets, but keys in a file of the folder ``keys``;
- `list` tells that the header is a list, so that one that is sent twice is no fault;
- `accepted` and `rejected` are the same request with other headers or another body.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote_plus, urlsplit

from hookgate.auth.urls import Query
from hookgate.core.config import Config
from hookgate.core.decide import decide
from hookgate.model import Decision, Delivery
from tests.rules import compiled

FOLDER = Path(__file__).parent

_IN_BODY = "body:"


@dataclass(frozen=True)
class Request:
    """What a sender sends."""

    method: str
    headers: Mapping[str, str]
    body: str
    url: str | None = None


@dataclass(frozen=True)
class Variation:
    """The same request with some other headers, or another body."""

    because: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str | None = None


@dataclass(frozen=True)
class Vector:
    """One file."""

    name: str
    provider: str
    source: str
    auth: Mapping[str, Any]
    now: float
    request: Request
    signature: str
    event_type: str
    event_id: str | None
    handshake: Mapping[str, Any] | None = None
    secret_index: int | None = 0
    list: bool = False
    window: Mapping[str, float] | None = None
    accepted: tuple[Variation, ...] = ()
    rejected: tuple[Variation, ...] = ()

    @property
    def presented(self) -> str:
        """The value of the header, of the parameter, or in the body, that is the credential."""
        if self.in_body:
            return self.signature.removeprefix(_IN_BODY)
        if self.signature.startswith("?"):
            return self.query[self.signature[1:]]
        return self.request.headers[self.signature]

    @property
    def in_body(self) -> bool:
        """Whether the credential stands in the body."""
        return self.signature.startswith(_IN_BODY)

    @property
    def query(self) -> Query:
        """The parameters of the URL."""
        text = urlsplit(self.request.url or "").query
        return Query(dict(parse_qsl(text)), text)

    def config(self, **auth: object) -> Config:
        """The rules file of a receiver; its `auth` may differ."""
        source: dict[str, object] = {
            "provider": self.provider,
            "auth": {**self.auth, **auth},
            "rules": {"*": [{"program": "note"}]},
        }
        if self.handshake is not None:
            source["handshake"] = self.handshake
        if self.request.url is not None:
            source["public_url"] = self.request.url
        programs = {"note": {"command": ["true"]}}
        # JSON is YAML as well.
        text = json.dumps({"version": 1, "sources": {"sender": source}, "programs": programs})
        return compiled(text, directory=FOLDER)

    def delivery(
        self,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        presented: str | None = None,
    ) -> Delivery:
        """The request as the server hands it on, with some headers or the body replaced."""
        sent = {**self.request.headers, **(headers or {})}
        query = self.query
        if presented is not None and self.in_body:
            body = self._body_with(presented)
        elif presented is not None and self.signature.startswith("?"):
            query[self.signature[1:]] = presented
        elif presented is not None:
            sent[self.signature] = presented
        return Delivery(
            id="0195c8e8-0000-7000-8000-000000000001",
            source="sender",
            received_at=self.now,
            method=self.request.method,
            path="/sender",
            query=query,
            headers={name.lower(): value for name, value in sent.items()},
            body=self.request.body.encode() if body is None else body,
            peer="192.0.2.7",
        )

    def varied(self, variation: Variation) -> Delivery:
        """The request with one of its variations."""
        body = None if variation.body is None else variation.body.encode()
        return self.delivery(variation.headers, body)

    def decided(self, delivery: Delivery, later: float = 0.0) -> Decision:
        """The decision about a delivery that arrives so many seconds later."""
        return decide(self._config, delivery, self.now + later)

    def _body_with(self, presented: str) -> bytes:
        """The body with another text in place of the credential, written as its kind of body is."""
        match self.request.headers["Content-Type"].partition(";")[0]:
            case "application/json":
                text = json.dumps(presented)[1:-1]
            case "application/x-www-form-urlencoded":
                text = quote_plus(presented, errors="surrogatepass")
            case _:
                text = presented
        whole = self.request.body.replace(self.presented, text)
        assert self.presented in self.request.body
        return whole.encode("utf-8", "surrogatepass")

    @cached_property
    def _config(self) -> Config:
        return self.config()


def read(path: Path) -> Vector:
    """Read one file."""
    content = json.loads(path.read_text("utf-8"))
    request = Request(**content.pop("request"))
    accepted = tuple(Variation(**each) for each in content.pop("accepted", ()))
    rejected = tuple(Variation(**each) for each in content.pop("rejected", ()))
    return Vector(path.stem, request=request, accepted=accepted, rejected=rejected, **content)


VECTORS = tuple(read(path) for path in sorted(FOLDER.glob("*.json")))
