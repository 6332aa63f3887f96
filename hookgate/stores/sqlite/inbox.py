"""What gateway processes send to the one that writes, and what it tells them.

The first channel is that of the process that holds the store; when it is closed the end has come.
Over a second socket, the door, that process sends channels for others that share its store.
"""

from __future__ import annotations

import select
import socket
from collections import defaultdict
from contextlib import suppress

from hookgate.frames import FrameBuffer, frame
from hookgate.stores.sqlite.frames import Answers, Write

GROUP_LIMIT = 256
"""Writes after which no more are waited for; those of one frame stay together all the same."""

_READ_AT_ONCE = 1 << 20


class Channel:
    """One gateway process at the other end of a socket."""

    def __init__(self, gateway: socket.socket) -> None:
        gateway.setblocking(False)
        self.socket = gateway
        self.open = True
        self._buffer = FrameBuffer()
        self._unsent = bytearray()

    @property
    def events(self) -> int:
        """What to wait for: that it can be read from, and written to where something waits."""
        return select.POLLIN | (select.POLLOUT if self._unsent else 0)

    def writes(self) -> list[Write]:
        """What has arrived; a channel at which no more can arrive is not `open` any more."""
        try:
            received = self.socket.recv(_READ_AT_ONCE)
        except BlockingIOError:
            return []
        except ConnectionError:
            received = b""
        self.open = self.open and bool(received)
        return [write for turn in self._buffer.feed(received) for write in turn]

    def tell(self, answers: Answers) -> None:
        """Send answers as far as there is room: a process that reads nothing stops no other."""
        for part in frame(answers):
            self._unsent += part
        self.send()

    def send(self) -> None:
        """Send what waits, as far as there is room."""
        try:
            while self._unsent:
                del self._unsent[: self.socket.send(self._unsent)]
        except BlockingIOError:
            pass
        except ConnectionError:
            self._unsent.clear()  # it was killed; what it has sent is written all the same

    def finish(self) -> None:
        """Send what waits, and wait until it has gone."""
        self.socket.setblocking(True)
        self.send()


class Inbox:
    """Collects writes from every channel into groups, and tells each its share of the answers."""

    def __init__(self, gateway: socket.socket, door: socket.socket) -> None:
        self._first = Channel(gateway)
        self._door = door
        self._poll = select.poll()
        self._channels = {gateway.fileno(): self._first}
        self._poll.register(door, select.POLLIN)
        self._poll.register(gateway, select.POLLIN)
        self._senders: list[Channel] = []

    def next_group(self) -> list[Write]:
        """What has arrived, waiting for the first; empty when nothing more will come.

        What others have sent is of no use when the first has gone: they end with it.
        """
        group: list[Write] = []
        self._senders = []
        while self._first.open and not group:
            self._collect(group, None)
        while self._first.open and len(group) < GROUP_LIMIT and self._collect(group, 0):
            pass
        return group

    def tell(self, answers: Answers) -> None:
        """The answers to the last group, to each of its senders those to what it sent.

        The first channel is told as well when something is due, for there tasks are claimed.
        """
        shares: defaultdict[Channel, list[object]] = defaultdict(list)
        if answers.due is not None:
            shares[self._first] = []
        for sender, result in zip(self._senders, answers.results, strict=True):
            shares[sender].append(result)
        for channel, results in shares.items():
            if channel.socket.fileno() >= 0:  # it may have been killed right behind what it sent
                channel.tell(Answers(results, answers.due))
                self._watch(channel)

    def close(self) -> None:
        """Let the last answers to the first out, and hear nobody any more."""
        self._first.finish()
        for channel in self._channels.values():
            if channel is not self._first:
                channel.socket.close()

    def _collect(self, group: list[Write], timeout: float | None) -> bool:
        """Take what has arrived; whether there was anything to take."""
        taken = False
        for descriptor, event in self._poll.poll(timeout):
            if descriptor == self._door.fileno():
                self._let_in()
            elif (channel := self._channels.get(descriptor)) is not None:
                if event & select.POLLOUT:
                    channel.send()
                    self._watch(channel)
                if event & ~select.POLLOUT:
                    taken = self._take(channel, group) or taken
        return taken

    def _take(self, channel: Channel, group: list[Write]) -> bool:
        writes = channel.writes()
        group += writes
        self._senders += [channel] * len(writes)
        if not channel.open:
            self._drop(channel)
        return bool(writes)

    def _let_in(self) -> None:
        _, descriptors, _, _ = socket.recv_fds(self._door, 1, 1)
        for descriptor in descriptors:
            channel = Channel(socket.socket(fileno=descriptor))
            self._channels[descriptor] = channel
            self._watch(channel)
        if not descriptors:
            self._poll.unregister(self._door)

    def _watch(self, channel: Channel) -> None:
        if channel.open:
            self._poll.register(channel.socket, channel.events)

    def _drop(self, channel: Channel) -> None:
        descriptor = channel.socket.fileno()
        self._poll.unregister(descriptor)
        del self._channels[descriptor]
        if channel is not self._first:
            with suppress(OSError):
                channel.send()
            channel.socket.close()
