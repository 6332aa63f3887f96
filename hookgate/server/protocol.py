"""Uvicorn's HTTP protocol with bounds on the head of a request, which uvicorn itself has not."""

from __future__ import annotations

import asyncio
from typing import Any

from hookgate.server.direct import DirectProtocol

MAX_HEAD = 64 * 1024
"""Bytes of a request line with its header fields."""

MAX_FIELDS = 100
"""Header fields of one request."""

HEAD_SECONDS = 10.0
"""How long a caller may take to begin a request and to send its head."""

_REASON = b"request head too large"
TOO_LARGE = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-type: text/plain; charset=utf-8\r\n"
    b"content-length: %d\r\nconnection: close\r\n\r\n%s" % (len(_REASON), _REASON)
)


class HeadTooLarge(Exception):  # noqa: N818 - it names the state of affairs
    """Makes the parser give up a request."""


class BoundedProtocol(DirectProtocol):
    """Cuts off a caller whose request head is too large or takes too long."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._head_size = 0
        self._too_large = False
        self._timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a first head."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_timer()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and give up on a head that has not ended within the limit."""
        if self._in_head:
            self._head_size += len(data)
            if self._timer is None:
                self._start_timer()
        super().data_received(data)
        if self._in_head and self._head_size > MAX_HEAD and not self.transport.is_closing():
            self._too_large = True
            self.send_400_response("")

    def on_headers_complete(self) -> None:
        """A head that came in one piece is measured when it is whole."""
        self._in_head = False
        self._stop_timer()
        fields = self.headers
        if len(fields) > MAX_FIELDS or (self._head_size > MAX_HEAD and self._size() > MAX_HEAD):
            self._too_large = True
            raise HeadTooLarge
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """What comes next is another head."""
        self._in_head = True
        self._head_size = 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """End the connection with the answer to what could not be read."""
        if not self._too_large:
            super().send_400_response(msg)
            return
        self.transport.write(TOO_LARGE)
        self.transport.close()

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(HEAD_SECONDS, self.timeout_keep_alive_handler)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
