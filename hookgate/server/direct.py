"""Uvicorn's HTTP protocol with a short way for a delivery that arrives whole.

Most deliveries come with their head and body in one read. For those nothing need be waited for,
so they are handed to the gateway and answered without the scope, the queue of events and the
timer that ASGI needs for each request: these cost as much as the decision. Every other request
takes the ordinary way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, ClassVar, Protocol, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from hookgate.server.answers import Answer

RawHeaders = list[tuple[bytes, bytes]]


class TakesDeliveries(Protocol):
    """What an application offers that takes deliveries the short way."""

    def take(
        self, url: bytes, headers: RawHeaders, body: bytes, peer: str
    ) -> Coroutine[Any, Any, Answer] | None:
        """The answer to a POST request, or None where it has to take the ordinary way.

        `headers` have lower-case names.
        """
        ...


class _Exchange:
    """Stands where uvicorn looks for the state of a connection's current request."""

    message_event: ClassVar[asyncio.Event] = asyncio.Event()  # nobody waits for it

    def __init__(self, *, keep_alive: bool) -> None:
        self.keep_alive = keep_alive
        self.response_started = False
        self.response_complete = False
        self.disconnected = False


class DirectProtocol(HttpToolsProtocol):
    """Holds a request back until its read ends: by then it is whole, or takes the ordinary way."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._taker = cast(TakesDeliveries, self.app) if hasattr(self.app, "take") else None
        self._held: list[bytes] | None = None
        self._answering: Any = None
        """The exchange whose turn it is to be answered; `cycle` is the latest of its pipeline."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Let no exchange write any more: uvicorn tells the latest alone."""
        for exchange in (self._answering, *(waiting for waiting, _ in self.pipeline)):
            if exchange is not None:
                exchange.disconnected = True
        super().connection_lost(exc)

    def read_ended(self) -> None:
        """What is still held now is not whole."""
        if self._held is not None:
            self._let_go()

    def on_headers_complete(self) -> None:
        """Hold back what may turn out to be whole."""
        if self._may_be_direct():
            self._held = []
        else:
            self._begin()

    def on_body(self, body: bytes) -> None:
        """Keep a piece of the body."""
        if self._held is None:
            super().on_body(body)
        else:
            self._held.append(body)

    def on_message_complete(self) -> None:
        """Take the short way with what is whole."""
        if self._held is not None:
            if self._taken(b"".join(self._held)):
                return
            self._let_go()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Go on with the next of the pipeline."""
        self._answering = self.pipeline[-1][0] if self.pipeline else None
        super().on_response_complete()

    def _begin(self) -> None:
        super().on_headers_complete()
        if not self.pipeline:
            self._answering = self.cycle

    def _may_be_direct(self) -> bool:
        idle = self.cycle is None or self.cycle.response_complete
        return (
            self._taker is not None
            and idle
            and not self.flow.write_paused
            and not self.expect_100_continue
            and not self.parser.should_upgrade()
            and self.parser.get_method() == b"POST"
        )

    def _let_go(self) -> None:
        """Send what was held the ordinary way."""
        held, self._held = self._held or [], None
        if self.transport.is_closing():
            return
        self._begin()
        for piece in held:
            super().on_body(piece)

    def _taken(self, body: bytes) -> bool:
        assert self._taker is not None  # noqa: S101 - nothing is held without one
        peer = self.client[0] if self.client else ""
        answering = self._taker.take(self.url, self.headers, body, peer)
        if answering is None:
            return False
        self._held = None
        lasting = self.parser.get_http_version() != "1.0" and self.parser.should_keep_alive()
        exchange = _Exchange(keep_alive=lasting)
        self.cycle = self._answering = cast(Any, exchange)
        task = self.loop.create_task(self._answer(exchange, answering))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return True

    async def _answer(self, exchange: _Exchange, answering: Coroutine[Any, Any, Answer]) -> None:
        try:
            answer = await answering
        except Exception:
            self.logger.exception("Exception while taking a delivery")
            answer = Answer(500, b"Internal Server Error", {"content-type": "text/plain"})
            exchange.keep_alive = False
        if exchange.disconnected:
            return
        exchange.response_complete = True
        more = self.server_state.default_headers
        self.transport.write(answer.encoded(more, close=not exchange.keep_alive))
        if not exchange.keep_alive:
            self.transport.close()
        self.on_response_complete()
