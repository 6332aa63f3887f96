"""The gateway's end of the writing process: hands writes over, tells their callers the answers."""

from __future__ import annotations

import asyncio
import socket
import sqlite3
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar, TypeVarTuple, Unpack

from hookgate.errors import StoreUnavailable
from hookgate.frames import FrameBuffer, frame
from hookgate.stores.sqlite.child import Child, start_child
from hookgate.stores.sqlite.frames import Answers, Write

_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 5.0
"""Seconds between a writing process that has ended unbidden and its successor."""

HANDED_OVER_AT_ONCE = 8
"""Writes that are handed over before the turn of the event loop has ended.

If all of a turn went over at its end, the writing process would be idle while the gateway decides,
and the gateway while it writes.
"""

R = TypeVar("R")
Arguments = TypeVarTuple("Arguments")


class Writer:
    """Has a writing process from `start` on, until `stop` was called and `join` has returned.

    After each group that it commits `tell_due` is called with `Answers.due`, before any caller of
    the group goes on. Should it end unbidden, the writes that it
    was given fail with `StoreUnavailable` (they may have been carried out), and another is started.
    """

    def __init__(self, path: str, lock: int, tell_due: Callable[[float], None]) -> None:
        self._path = path
        self._lock = lock
        self._tell_due = tell_due
        self._loop = asyncio.get_running_loop()
        self._arrived: list[Write] = []
        self._unanswered: deque[asyncio.Future[Any]] = deque()
        self._child: Child | None = None
        self._channel: asyncio.Transport | None = None
        self._pause = _FIRST_PAUSE
        self._restarting: asyncio.Task[None] | None = None
        self._stopping = False

    async def start(self) -> None:
        """Begin to serve; raises `StoreUnavailable`."""
        channel = await self._connected()
        self._channel, _ = await self._loop.create_unix_connection(
            lambda: _Channel(self._answer, self._lost), sock=channel
        )

    async def _connected(self) -> socket.socket:
        """Our end of a new channel to a process that writes; raises `StoreUnavailable`."""
        try:
            if self._child is not None:
                self._child.door.close()
            self._child = start_child(self._path, self._lock)
        except OSError as error:
            reason = f"cannot start the process that writes to {self._path}: {error.strerror}"
            raise StoreUnavailable(reason) from error
        return self._child.channel

    def let_in(self) -> socket.socket:
        """A further channel to the process, for another one; raises `StoreUnavailable`."""
        assert self._child is not None  # noqa: S101 - `start` was called
        try:
            return self._child.let_in()
        except OSError as error:
            raise self._ended() from error

    @property
    def process(self) -> int:
        """The id of the process that writes, or of the last that did."""
        assert self._child is not None  # noqa: S101 - `start` was called
        return self._child.process.pid

    def submit(
        self,
        verb: Callable[[sqlite3.Connection, Unpack[Arguments]], R],
        *arguments: *Arguments,
    ) -> asyncio.Future[R]:
        """Hand over one write; the future holds its result once it is on disk, or its fault."""
        answer: asyncio.Future[R] = self._loop.create_future()
        if self._channel is None:
            answer.set_exception(self._ended())
            return answer
        if not self._arrived:
            # What else arrives in this turn of the event loop goes over with it.
            self._loop.call_soon(self._hand_over)
        self._arrived.append((verb, arguments))
        self._unanswered.append(answer)
        if len(self._arrived) >= HANDED_OVER_AT_ONCE:
            self._hand_over()
        return answer

    def stop(self) -> None:
        """Take nothing more; what was submitted is still carried out."""
        self._stopping = True
        if self._restarting is not None:
            self._restarting.cancel()
        self._hand_over()
        if self._channel is not None:
            self._channel.write_eof()

    def join(self) -> None:
        """Block until the process has ended, which it does after `stop`."""
        if self._child is not None:
            self._child.process.wait()
            self._child.door.close()

    def _hand_over(self) -> None:
        arrived, self._arrived = self._arrived, []
        if arrived and self._channel is not None:
            for part in frame(arrived):  # writelines of CPython 3.13 fails on a closed channel
                self._channel.write(part)

    # --- what the process says ----------------------------------------------------------------

    def _answer(self, answers: Answers) -> None:
        self._pause = _FIRST_PAUSE
        if answers.due is not None:
            self._tell_due(answers.due)
        for result in answers.results:
            answer = self._unanswered.popleft()
            if answer.done():
                continue  # its caller was cancelled
            if isinstance(result, Exception):
                answer.set_exception(result)
            else:
                answer.set_result(result)

    # --- when it has ended --------------------------------------------------------------------

    def _ended(self) -> StoreUnavailable:
        return StoreUnavailable(f"the process that writes to {self._path} has ended")

    def _lost(self) -> None:
        self._channel = None
        unanswered, self._unanswered, self._arrived = self._unanswered, deque(), []
        for answer in unanswered:
            if not answer.done():
                answer.set_exception(self._ended())
        if not self._stopping:
            self._restarting = self._loop.create_task(self._restart())

    async def _restart(self) -> None:
        """Start another; the pause grows while they end before they have answered anything.

        Its end is not waited for in a thread: there may be none to be had.
        """
        while self._channel is None:
            await asyncio.sleep(self._pause)
            self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            if self._child is not None and self._child.process.poll() is None:
                continue
            with suppress(StoreUnavailable):
                await self.start()


class _Channel(asyncio.Protocol):
    """Makes frames of the bytes that the process sends."""

    def __init__(self, answer: Callable[[Answers], None], lost: Callable[[], None]) -> None:
        self._answer = answer
        self._lost = lost
        self._buffer = FrameBuffer()

    def data_received(self, data: bytes) -> None:
        for answers in self._buffer.feed(data):
            self._answer(answers)

    def connection_lost(self, _: Exception | None) -> None:
        self._lost()
