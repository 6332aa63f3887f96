"""Asking somebody else over HTTPS: one small GET, within a time, straight and without redirects.

The request runs in a thread of its own, for the standard library's client waits, and so does the
resolver of names, which cannot be interrupted.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from threading import BoundedSemaphore, Thread
from typing import TypeAlias
from urllib.parse import urlsplit

from msgspec import Struct

MAX_AT_ONCE = 8
"""How many requests may be under way; one whose name is still being resolved counts."""

TIMEOUT = 5.0
"""Seconds until a request is given up."""

_HEADERS = {"Accept-Encoding": "identity", "Connection": "close", "User-Agent": "hookgate"}


class Reply(Struct, frozen=True):
    """What was answered. Redirects are not followed: they are answers like others."""

    status: int
    body: bytes


class NoReply(Struct, frozen=True):
    """Nothing was answered that could be used."""

    reason: str


Answered: TypeAlias = Reply | NoReply


class Https:
    """Makes requests, each with the certificates that `context` trusts at that time.

    No proxy is used, whatever the environment says: what is asked for decides who may call.
    """

    def __init__(
        self,
        context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        timeout: float = TIMEOUT,
    ) -> None:
        self._context = context
        self._timeout = timeout
        self._free = BoundedSemaphore(MAX_AT_ONCE)

    async def get(self, url: str, max_bytes: int) -> Answered:
        """The answer to a GET of `url`, if it is no longer than `max_bytes`. Never raises."""
        if not self._free.acquire(blocking=False):
            return NoReply(f"{MAX_AT_ONCE} requests are under way already")
        request = _Request(url, max_bytes, self._timeout)
        answered: Future[Answered] = Future()
        Thread(target=self._run, args=(request, answered), daemon=True).start()
        try:
            async with asyncio.timeout(self._timeout):
                return await asyncio.wrap_future(answered)
        except TimeoutError as error:
            return self._no_reply(error)
        finally:
            request.stop()

    def _run(self, request: _Request, answered: Future[Answered]) -> None:
        from http.client import HTTPException

        try:
            result = request.answer(self._context())
        except (OSError, HTTPException, ValueError) as error:
            result = self._no_reply(error)
        finally:
            self._free.release()
        if answered.set_running_or_notify_cancel():
            answered.set_result(result)

    def _no_reply(self, error: Exception) -> NoReply:
        if isinstance(error, TimeoutError):
            return NoReply(f"no answer within {self._timeout:g} s")
        if isinstance(error, ssl.SSLCertVerificationError):
            reason = f"the certificate of the host is not trusted: {error.verify_message}"
            return NoReply(reason)
        strerror = error.strerror if isinstance(error, OSError) else None
        return NoReply(strerror or str(error) or type(error).__name__)


class _Request:
    """A request that can be stopped from another thread while it waits for the other side."""

    def __init__(self, url: str, max_bytes: int, timeout: float) -> None:
        self._url = url
        self._max_bytes = max_bytes
        self._timeout = timeout
        self._socket: socket.socket | None = None

    def answer(self, context: ssl.SSLContext) -> Answered:
        """Make the request; raises OSError, HTTPException or ValueError."""
        # Imported here, by whoever makes a request: it brings much in, and most commands make none.
        from http.client import HTTPSConnection

        parts = urlsplit(self._url)
        if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc:
            return NoReply("this is not a plain HTTPS address")
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        connection = HTTPSConnection(
            parts.hostname, parts.port, timeout=self._timeout, context=context
        )
        try:
            connection.connect()
            self._socket = connection.sock  # the connection forgets it once the head has come
            connection.request("GET", path, headers=_HEADERS)
            with connection.getresponse() as response:
                body = response.read(self._max_bytes + 1)
        finally:
            connection.close()
        if len(body) > self._max_bytes:
            return NoReply(f"the answer is longer than {self._max_bytes} bytes")
        if response.length:
            return NoReply("the answer was cut short")
        return Reply(response.status, body)

    def stop(self) -> None:
        """Let the thread go on at once, if it waits; harmless when it has ended."""
        if self._socket is not None:
            with suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
