"""How much the bodies of all open requests take together, and which one goes when it is too much.

Whoever sends slowly makes the gateway keep what has come so far. Where there is no room for more,
the largest body that is still arriving is given up: the small ones of honest senders find room
however many large ones others send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from starlette.types import Receive

from hookgate.server.requests import Disconnected, Refusal, too_large
from hookgate.server.tally import Tally

NO_ROOM = Refusal(503, "there are too many bodies at once; try again later")


class Bodies:
    """At most `limit` bytes of bodies, from their first byte to their answer."""

    def __init__(self, limit: int) -> None:
        self._free = limit
        self._arriving: set[Arrival] = set()
        self._tally = Tally("too many bodies at once: the largest was given up")

    def take(self, size: int) -> bool:
        """Take room for a body that is there already, where there is; `give_back` in the end."""
        if size > self._free:
            return False
        self._free -= size
        return True

    def give_back(self, size: int) -> None:
        """So much is needed no more."""
        self._free += size

    def arriving(self, peer: str) -> Arrival:
        """Room for a body that is still to come from the caller at `peer`, as it is needed."""
        return Arrival(self, peer)

    def begin(self, arrival: Arrival) -> None:
        """From now on this body may be given up."""
        self._arriving.add(arrival)

    def end(self, arrival: Arrival) -> None:
        """This body has arrived, or will not."""
        self._arriving.discard(arrival)

    def make_room(self, arrival: Arrival, size: int) -> bool:
        """Take `size` bytes for more of a body; False where that makes it the largest."""
        while not self.take(size):
            largest = max(self._arriving, key=lambda each: each.size)
            if largest.size <= arrival.size + size:
                self._tally.add(arrival.peer)
                return False
            self._tally.add(largest.peer)
            largest.give_up()
        return True


class Arrival:
    """A body that arrives, and is kept as long as the context lasts. `size` is what it takes."""

    def __init__(self, bodies: Bodies, peer: str) -> None:
        self._bodies = bodies
        self._given_up = False
        self.peer = peer
        self.size = 0

    def __enter__(self) -> Arrival:
        return self

    def __exit__(self, *_: object) -> None:
        self._bodies.give_back(self.size)

    async def read(
        self, receive: Receive, headers: Mapping[str, str], limit: int, seconds: float
    ) -> bytes | Refusal:
        """The whole body, of at most `limit` bytes, read within `seconds`.

        No more than `limit` bytes and one chunk are ever held. Raises `Disconnected`.
        """
        announced = headers.get("content-length", "")
        if announced.isdecimal() and len(announced) < 20 and int(announced) > limit:
            return too_large(limit)
        self._bodies.begin(self)
        try:
            async with asyncio.timeout(seconds) as self._deadline:
                body = await self._read_chunks(receive, limit)
        except TimeoutError:
            body = Refusal(408, f"the body did not arrive within {seconds:g} s")
        finally:
            self._bodies.end(self)
        return NO_ROOM if self._given_up else body

    def give_up(self) -> None:
        """Wait no longer for the rest."""
        self._given_up = True
        self._bodies.end(self)
        self._bodies.give_back(self.size)
        self.size = 0
        self._deadline.reschedule(asyncio.get_running_loop().time())

    async def _read_chunks(self, receive: Receive, limit: int) -> bytes | Refusal:
        chunks: list[bytes] = []
        while not self._given_up:
            event = await receive()
            if event["type"] == "http.disconnect":
                raise Disconnected
            chunk = event.get("body", b"")
            if self.size + len(chunk) > limit:
                return too_large(limit)
            if not self._bodies.make_room(self, len(chunk)):
                return NO_ROOM
            self.size += len(chunk)
            chunks.append(chunk)
            if not event.get("more_body", False):
                return b"".join(chunks)
        return NO_ROOM
