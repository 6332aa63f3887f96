"""The endpoint that senders call, as a bare ASGI application: it is the hot path."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from msgspec.structs import replace
from starlette.types import Receive, Scope, Send

from hookgate.core.config import Config, Source
from hookgate.engine import journal
from hookgate.engine.gateway import Gateway
from hookgate.model import Delivery
from hookgate.server.answers import Answer, answer, refuse, refuse_for
from hookgate.server.bodies import Bodies
from hookgate.server.requests import (
    Disconnected,
    Refusal,
    caller_of,
    headers_of,
    query_of,
    wrong_method,
)

PREFIX = "/api/webhooks/"
"""Sources are served below this path, and below / for short."""


class Webhooks:
    """Takes deliveries for the source that the path names."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._bodies = Bodies(gateway.config.server.max_bodies)

    def serves(self, scope: Scope) -> bool:
        """Whether a request is for one of the sources, or for a path that nothing can have."""
        if scope["type"] != "http":
            return False
        named = _source_name(scope["path"]) in self._gateway.config.sources
        return named or _is_respelt(scope)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        config = self._gateway.config
        headers = headers_of(scope["headers"])
        client = scope.get("client")
        trusted = config.server.trusted_proxies
        peer = caller_of(client[0] if client else "", headers, trusted)
        name = _source_name(scope["path"])
        source = None if _is_respelt(scope) else config.sources.get(name)
        if source is None:
            refused = Refusal(404, "there is no such source")
        elif (refusal := wrong_method(scope["method"], source)) is not None:
            refused = refusal
        elif isinstance(head := self._head(scope, source, headers, peer), Refusal):
            refused = head
        elif (turned_away := self._gateway.turn_away(head, config)) is not None:
            await answer(turned_away, config).send_early(receive, send)
            return
        else:
            seconds = config.server.body_timeout
            with self._bodies.arriving(peer) as arrival:
                try:
                    body = await arrival.read(receive, headers, source.max_body, seconds)
                except Disconnected:
                    self._refused(name, 0, "the caller went away", peer)
                    return
                if isinstance(body, bytes):
                    await (await self._answer(replace(head, body=body), config)).send(send)
                    return
                refused = body
        self._refused(name, refused.status, refused.message, peer)
        answered = refuse_for(source, scope["method"], refused) if source else refuse(refused)
        await answered.send_early(receive, send)

    def take(
        self, url: bytes, raw_headers: list[tuple[bytes, bytes]], body: bytes, peer: str
    ) -> Coroutine[Any, Any, Answer] | None:
        """The answer to a POST request that is whole; see `direct.TakesDeliveries`."""
        config = self._gateway.config
        path = url.decode("latin-1")
        source = config.sources.get(_source_name(path))
        if source is None or "POST" not in source.methods or len(body) > source.max_body:
            return None
        if not self._bodies.take(len(body)):
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
            peer=caller_of(peer, headers, config.server.trusted_proxies),
        )
        return self._answer_whole(delivery, config)

    def _refused(self, source: str, status: int, reason: str, peer: str) -> None:
        self._gateway.metrics.refused(source)
        journal.delivery_refused(source, status, reason, peer)

    async def _answer_whole(self, delivery: Delivery, config: Config) -> Answer:
        try:
            return await self._answer(delivery, config)
        finally:
            self._bodies.give_back(len(delivery.body))

    async def _answer(self, delivery: Delivery, config: Config) -> Answer:
        return answer(await self._gateway.receive(delivery, config), config)

    def _head(
        self, scope: Scope, source: Source, headers: dict[str, str], peer: str
    ) -> Delivery | Refusal:
        """A delivery as far as it is known before its body."""
        query = query_of(scope)
        if isinstance(query, Refusal):
            return query
        return Delivery(
            id=self._gateway.new_id(),
            source=source.name,
            received_at=self._gateway.now(),
            method=scope["method"],
            path=scope["path"],
            query=query,
            headers=headers,
            body=b"",
            peer=peer,
        )


def _is_respelt(scope: Scope) -> bool:
    """Whether a path is written with escapes, which none of ours needs.

    Whoever guards a path in front of the gateway must know all of its spellings: there is one.
    """
    return b"%" in scope["raw_path"]


def _source_name(path: str) -> str:
    return path[len(PREFIX) :] if path.startswith(PREFIX) else path[1:]
