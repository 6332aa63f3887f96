"""The one thread that reads, on a connection of its own: it never waits for the writer."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Concatenate, ParamSpec, TypeVar

from hookgate.stores.sqlite.faults import fault_of
from hookgate.stores.sqlite.file import transaction

P = ParamSpec("P")
R = TypeVar("R")


class Reader:
    """Answers reads one after the other, each from one consistent state of the store."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hookgate-store-reader")
        self._thread.submit(int)  # has it begin now: later there may be none to be had

    async def read(
        self,
        verb: Callable[Concatenate[sqlite3.Connection, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """The result of `verb`; raises `StoreUnavailable` where the file cannot be read."""

        def run() -> R:
            return verb(self._connection, *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._thread, self._answer, run)

    def close(self) -> None:
        """Answer what was asked and end the thread; blocks until then."""
        self._thread.shutdown()

    def _answer(self, run: Callable[[], R]) -> R:
        try:
            with transaction(self._connection, "BEGIN"):
                return run()
        except sqlite3.Error as error:
            raise fault_of(error, self._path) from error
