"""A line between two processes of a gateway: each can call what the other offers."""

from __future__ import annotations

import asyncio
import itertools
import socket
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, cast

from hookgate.errors import StoreUnavailable
from hookgate.frames import FrameBuffer, frame

Offers = Mapping[str, Callable[..., Awaitable[object]]]
"""What may be called by the other side, by name."""


class LineFault(Exception):  # noqa: N818 - it names the state of affairs
    """What was called failed over there; the text says how."""


class Line(asyncio.Protocol):
    """One end. When the other process has gone, `gone` is called once, and calls fail.

    They fail with `ConnectionError` then, else with `StoreUnavailable` where that was raised over
    there, else with `LineFault`. Calls are carried out side by side.
    """

    def __init__(self, offers: Offers, gone: Callable[[], None]) -> None:
        self._offers = offers
        self._gone = gone
        self._numbers = itertools.count()
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._working: dict[int, asyncio.Task[None]] = {}
        self._buffer = FrameBuffer()
        self._transport: asyncio.Transport | None = None

    @classmethod
    async def over(cls, end: socket.socket, offers: Offers, gone: Callable[[], None]) -> Line:
        """A line over one end of a socket pair."""
        loop = asyncio.get_running_loop()
        _, line = await loop.create_unix_connection(lambda: cls(offers, gone), sock=end)
        return line

    async def call(self, name: str, *arguments: object) -> Any:
        """What the other side's offer of this name gives; cancelled here, it is there as well."""
        number = next(self._numbers)
        answer = self._waiting[number] = asyncio.get_running_loop().create_future()
        try:
            self._send(("call", number, name, arguments))
            return await answer
        except asyncio.CancelledError:
            if self._transport is not None:
                self._send(("cancel", number))
            raise
        finally:
            self._waiting.pop(number, None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is none by its class

    def data_received(self, data: bytes) -> None:
        """Take what the other side sends."""
        for kind, number, *content in self._buffer.feed(data):
            if kind == "call":
                task = asyncio.get_running_loop().create_task(self._carry_out(number, *content))
                self._working[number] = task
                task.add_done_callback(partial(self._done, number))
            elif kind == "cancel":
                if number in self._working:
                    self._working[number].cancel()
            elif (answer := self._waiting.get(number)) is not None and not answer.done():
                _settle(answer, *content)

    def connection_lost(self, _: Exception | None) -> None:
        """The other process has gone."""
        self._transport = None
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(ConnectionError("the other process has ended"))
        for task in self._working.values():
            task.cancel()
        self._gone()

    async def _carry_out(self, number: int, name: str, arguments: tuple[object, ...]) -> None:
        result: object = None
        fault: Exception | None = None
        try:
            result = await self._offers[name](*arguments)
        except StoreUnavailable as error:
            fault = error
        except Exception as error:  # whoever called is told, and decides
            fault = LineFault(f"{name}: {type(error).__name__}: {error}")
        if self._transport is not None:
            self._send(("answer", number, result, fault))

    def _done(self, number: int, _: asyncio.Task[None]) -> None:
        del self._working[number]

    def _send(self, content: object) -> None:
        if self._transport is None:
            raise ConnectionError("the other process has ended")
        for part in frame(content):
            self._transport.write(part)


def _settle(answer: asyncio.Future[Any], result: object, fault: Exception | None) -> None:
    if fault is None:
        answer.set_result(result)
    else:
        answer.set_exception(fault)
