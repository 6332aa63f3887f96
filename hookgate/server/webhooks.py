"""The endpoint that senders call, as a bare ASGI application: it is the hot path."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from starlette.types import Receive, Scope, Send

from hookgate.core.config import Source
from hookgate.engine import journal
from hookgate.engine.gateway import Gateway
from hookgate.model import Delivery
from hookgate.server.answers import Answer, answer, refuse
from hookgate.server.requests import (
    Disconnected,
    Refusal,
    caller_of,
    headers_of,
    query_of,
    read_body,
    wrong_method,
)

PREFIX = "/api/webhooks/"
"""Sources are served below this path, and below / for short."""


class Webhooks:
    """Takes deliveries for the source that the path names."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def serves(self, scope: Scope) -> bool:
        """Whether a request is for one of the sources."""
        return (
            scope["type"] == "http" and _source_name(scope["path"]) in self._gateway.config.sources
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = headers_of(scope["headers"])
        client = scope.get("client")
        peer = self._caller(client[0] if client else "", headers)
        name = _source_name(scope["path"])
        source = self._gateway.config.sources.get(name)
        if source is None:
            refused = Refusal(404, "there is no such source")
        elif (refusal := wrong_method(scope["method"], source)) is not None:
            refused = refusal
        else:
            try:
                delivery = await self._read(scope, receive, source, headers, peer)
            except Disconnected:
                self._refused(name, 0, "the caller went away", peer)
                return
            if isinstance(delivery, Delivery):
                await (await self._answer(delivery)).send(send)
                return
            refused = delivery
        self._refused(name, refused.status, refused.message, peer)
        await _refuse(refused, source).send(send, close=True)

    def take(
        self, url: bytes, raw_headers: list[tuple[bytes, bytes]], body: bytes, peer: str
    ) -> Coroutine[Any, Any, Answer] | None:
        """The answer to a POST request that is whole; see `direct.TakesDeliveries`."""
        path = url.decode("latin-1")
        source = self._gateway.config.sources.get(_source_name(path))
        if source is None or "POST" not in source.methods or len(body) > source.max_body:
            return None
        headers = headers_of(raw_headers)
        delivery = Delivery(
            id=self._gateway.new_id(),
            source=source.name,
            received_at=self._gateway.now(),
            method="POST",
            path=path,
            query={},  # a URL with a query is not the path of a source
            headers=headers,
            body=body,
            peer=self._caller(peer, headers),
        )
        return self._answer(delivery)

    def _refused(self, source: str, status: int, reason: str, peer: str) -> None:
        self._gateway.metrics.refused(source)
        journal.delivery_refused(source, status, reason, peer)

    async def _answer(self, delivery: Delivery) -> Answer:
        return answer(await self._gateway.receive(delivery), self._gateway.config)

    def _caller(self, peer: str, headers: dict[str, str]) -> str:
        return caller_of(peer, headers, self._gateway.config.server.trusted_proxies)

    async def _read(
        self, scope: Scope, receive: Receive, source: Source, headers: dict[str, str], peer: str
    ) -> Delivery | Refusal:
        query = query_of(scope)
        if isinstance(query, Refusal):
            return query
        received_at = self._gateway.now()
        timeout = self._gateway.config.server.body_timeout
        body = await read_body(receive, headers, source.max_body, timeout)
        if isinstance(body, Refusal):
            return body
        return Delivery(
            id=self._gateway.new_id(),
            source=source.name,
            received_at=received_at,
            method=scope["method"],
            path=scope["path"],
            query=query,
            headers=headers,
            body=body,
            peer=peer,
        )


def _source_name(path: str) -> str:
    return path[len(PREFIX) :] if path.startswith(PREFIX) else path[1:]


def _refuse(refusal: Refusal, source: Source | None) -> Answer:
    if refusal.status == 405 and source is not None:
        return refuse(refusal, allow=", ".join(sorted(source.methods)))
    return refuse(refusal)
