"""A store that another process holds: read here, and written where all is written."""

from __future__ import annotations

import math
import socket
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from typing import Self

from hookgate.stores.sqlite.due import NextDue
from hookgate.stores.sqlite.faults import opening_faults
from hookgate.stores.sqlite.file import opened_for_reading
from hookgate.stores.sqlite.reader import Reader
from hookgate.stores.sqlite.store import OpenStore, SqliteStore
from hookgate.stores.sqlite.writer import Writer

Connect = Callable[[], Awaitable[socket.socket]]
"""Gives a channel to the process that writes; raises `StoreUnavailable`."""


class GuestStore(SqliteStore):
    """A `Store` for a process that neither holds the lock nor has the writing process as its own.

    `connect` is asked for a channel at first, and again when the writing process had to be
    replaced. What is due is not known here: whoever holds the store claims the tasks.
    """

    def __init__(self, path: str, connect: Connect) -> None:
        super().__init__(path)
        self._connect = connect

    async def __aenter__(self) -> Self:
        """Open the store that is there."""
        with opening_faults(self._path), ExitStack() as resources:
            due = NextDue(math.inf)
            writer = GuestWriter(self._path, self._connect)
            reader = Reader(resources.enter_context(opened_for_reading(self._path)), self._path)
            await writer.start()
            self._open = OpenStore(writer, reader, due, resources.pop_all())
        return self


class GuestWriter(Writer):
    """Hands writes to a process that is another's to start and to end."""

    def __init__(self, path: str, connect: Connect) -> None:
        super().__init__(path, -1, lambda _: None)
        self._connect = connect

    async def _connected(self) -> socket.socket:
        return await self._connect()
