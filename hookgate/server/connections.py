"""How many connections may be open, and which one goes when there is no room for another.

A caller that sends its request slowly, or reads its answer slowly, costs nothing but its place. So
it may keep the place until somebody else needs it: whoever has kept the gateway waiting longest
makes room. An honest caller, who waits for nothing, is served however many others wait.
"""

from __future__ import annotations

from typing import Protocol

from hookgate.server.tally import Tally


class Connection(Protocol):
    """What is known here of an open connection."""

    @property
    def peer(self) -> str:
        """The address at its other end."""
        ...

    def cut_off(self) -> None:
        """End it without another word."""
        ...


class Connections:
    """At most `limit` open connections, in the order in which they began to wait for the caller.

    A connection waits for its caller from its beginning, and again from each answer on, until a
    request has arrived whole. `unreadable` counts requests that are not HTTP.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: set[Connection] = set()
        self._waiting: dict[Connection, None] = {}  # an ordered set
        self._cut_off = Tally("too many connections: the one that waited longest was ended")
        self._refused = Tally("too many connections: all of them at work, a new one was refused")
        self.unreadable = Tally("a request that could not be read")

    def admit(self, connection: Connection) -> bool:
        """Take in a connection that was just made; False where there is no room for it."""
        if len(self._open) >= self._limit and not self._make_room():
            self._refused.add(connection.peer)
            return False
        self._open.add(connection)
        self._waiting[connection] = None
        return True

    def wait_for(self, connection: Connection) -> None:
        """From now on it is its caller's turn, unless it has ended."""
        if connection in self._open:
            self._waiting[connection] = None

    def work_for(self, connection: Connection) -> None:
        """From now on it is the gateway's turn."""
        self._waiting.pop(connection, None)

    def ended(self, connection: Connection) -> None:
        """Forget a connection."""
        self._open.discard(connection)
        self._waiting.pop(connection, None)

    def _make_room(self) -> bool:
        oldest = next(iter(self._waiting), None)
        if oldest is None:
            return False
        self.ended(oldest)
        self._cut_off.add(oldest.peer)
        oldest.cut_off()
        return True
