"""Uvicorn's HTTP protocol with bounds on what a caller can cost, which uvicorn itself has not."""

from __future__ import annotations

import asyncio
from typing import Any

from httptools import HttpParserError, HttpParserUpgrade

from hookgate.server.answers import Answer, refuse, unavailable
from hookgate.server.connections import Connections
from hookgate.server.direct import DirectProtocol
from hookgate.server.framing import NOT_HTTP, TOO_LARGE, fault_of_head
from hookgate.server.requests import Refusal

MAX_HEAD = 64 * 1024
"""Bytes of a request line with its header fields, and of what may stand between two pieces of a
body: the sizes and extensions of chunks, and trailers."""

MAX_PIPELINED = 16
"""Requests of one connection that may wait for the answer to the one before them."""

CALLER_SECONDS = 10.0
"""How long a caller may take to begin a request and send its head, or to read from its answer."""

_OVERLOADED = unavailable("there are too many connections; try again later")


class Refused(Exception):  # noqa: N818 - it names the state of affairs
    """Makes the parser give up a request."""


class BoundedProtocol(DirectProtocol):
    """Cuts off a caller whose request is too large, too slow or could be read in two ways."""

    def __init__(self, *args: Any, connections: Connections, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._connections = connections
        self._in_head = True
        self._idle_bytes = 0
        self._fault: Refusal | None = None
        self._gave_up = False
        self._timer: asyncio.TimerHandle | None = None

    @property
    def peer(self) -> str:
        """The address at the other end."""
        return self.client[0] if self.client else ""

    def cut_off(self) -> None:
        """End the connection without another word."""
        self.transport.abort()

    # --- the connection ---------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first head, where there is room for another caller."""
        super().connection_made(transport)
        if self._connections.admit(self):
            self._start_timer()
        else:
            self._answer_and_close(_OVERLOADED)

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._connections.ended(self)
        self._stop_timer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """The caller does not read what it is answered."""
        super().pause_writing()
        self._wait_for_caller()

    def resume_writing(self) -> None:
        """The caller has read what was written so far."""
        super().resume_writing()
        if self._unanswered:
            self._work_for_caller()

    def timeout_keep_alive_handler(self) -> None:
        """End what the caller has kept waiting; what it has not read by now is lost."""
        self.transport.abort()

    # --- its requests -----------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        """Parse, and give up on what goes on without getting anywhere."""
        if self._gave_up:
            return
        self._unset_keepalive_if_required()
        self._idle_bytes += len(data)
        try:
            self._parse(data)
        except HttpParserError:
            self._give_up(self._fault or NOT_HTTP)
        if self._idle_bytes > MAX_HEAD and not self.transport.is_closing():
            self._give_up(TOO_LARGE)
        self.read_ended()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a field of the head.

        One behind the body is dropped: a proxy that says there for whom it speaks, or that checks
        what passes, has not seen it.
        """
        if self._in_head:
            super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """A head that came in one piece is measured when it is whole."""
        self._fault = self._fault_of_head()
        if self._fault is not None:
            raise Refused
        if self.parser.should_upgrade():
            return
        self._in_head = False
        self._idle_bytes = 0
        self._stop_timer()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body."""
        self._idle_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """It is the gateway's turn. What comes next is another head."""
        if self.parser.should_upgrade():
            return
        self._in_head = True
        self._idle_bytes = 0
        self._work_for_caller()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """It is the caller's turn, unless it has sent another request already.

        A caller that was answered before it was heard to the end is not listened to any longer.
        """
        if not self.pipeline:
            if self._gave_up or not self._in_head:
                self.transport.close()
            self._wait_for_caller()
        elif not self._in_head:
            self._connections.wait_for(self)
        super().on_response_complete()

    def _parse(self, data: bytes) -> None:
        """Feed the parser, which takes an offer to go on in another protocol for a promise.

        It would not see the body that follows, and what is in there would be read as the next
        request. So an offer is left out of the head, as if it had not been made (RFC 9110, 7.8).
        """
        while data:
            try:
                self.parser.feed_data(data)
            except HttpParserUpgrade as offer:
                data = self._head_without_offer() + data[offer.args[0] :]
            else:
                return

    def _head_without_offer(self) -> bytes:
        lines = [b"%b: %b" % field for field in self.headers if field[0] != b"upgrade"]
        version = self.parser.get_http_version().encode()
        line = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, version)
        return b"\r\n".join([line, *lines, b"", b""])

    def _give_up(self, fault: Refusal) -> None:
        """End the connection with the answer to what could not be read.

        Where earlier requests are still to be answered, they are, and nothing else is: the caller
        would take it for the answer to one of them.
        """
        self._connections.unreadable.add(self.peer)
        earlier = self._unanswered and (self._in_head or len(self.pipeline) > 0)
        if earlier:
            if not self._in_head:
                self.pipeline.popleft()
            self._in_head = self._gave_up = True
            self.flow.pause_reading()
        elif self._unanswered and self.cycle.response_started:
            self.transport.close()
        else:
            self._answer_and_close(refuse(fault))

    @property
    def _unanswered(self) -> bool:
        """Whether an answer to the latest request, as far as there is one, is still to come."""
        return self.cycle is not None and not self.cycle.response_complete

    def _fault_of_head(self) -> Refusal | None:
        if len(self.pipeline) >= MAX_PIPELINED:
            return TOO_LARGE
        if self._idle_bytes > MAX_HEAD and self._size() > MAX_HEAD:
            return TOO_LARGE
        method, version = self.parser.get_method(), self.parser.get_http_version()
        return fault_of_head(method, self.url, version, self.headers)

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _answer_and_close(self, refused: Answer) -> None:
        self.transport.write(refused.encoded(close=True))
        self.transport.close()

    # --- whose turn it is -------------------------------------------------------------------

    def _wait_for_caller(self) -> None:
        self._connections.wait_for(self)
        self._start_timer()

    def _work_for_caller(self) -> None:
        self._connections.work_for(self)
        self._stop_timer()

    def _start_timer(self) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(CALLER_SECONDS, self.timeout_keep_alive_handler)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
