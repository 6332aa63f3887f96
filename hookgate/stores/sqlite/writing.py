"""The process that writes: it commits what has arrived as a group, then tells the gateway.

An fsync costs far more than a row, so a group is what makes a durable answer cheap. Nobody is
told anything before the COMMIT that holds his write has returned. It is a process of its own
because every step of a statement lets go of the interpreter, and a thread would have to win it
back from the event loop each time.

It ends when the gateway does, however that ends, after it has written what it was given. A gateway
that was killed leaves tasks that are still recorded as running: their processes are ended before
this one lets go of the store's lock, so that nobody runs the tasks again meanwhile.
"""

from __future__ import annotations

import math
import socket
import sqlite3
import sys
from itertools import groupby
from operator import itemgetter

from hookgate.errors import StoreError
from hookgate.stores.sqlite import reads, recording, writes
from hookgate.stores.sqlite.faults import fault_of, locked
from hookgate.stores.sqlite.file import opened, transaction
from hookgate.stores.sqlite.frames import Answers, Write
from hookgate.stores.sqlite.inbox import Inbox
from hookgate.strays import end_strays


def main(path: str, channel: int, door: int) -> int:
    """Serve the gateway at the other end of the socket `channel` until it is gone; the exit code.

    Over `door` it sends channels of others to be served as well. Where the file cannot be opened
    the first group is told why.
    """
    with socket.socket(fileno=channel) as gateway, socket.socket(fileno=door) as entrance:
        inbox = Inbox(gateway, entrance)
        try:
            with opened(path) as connection:
                committer = Committer(connection, path)
                while group := inbox.next_group():
                    inbox.tell(committer.answers(group))
                inbox.close()
                end_strays(reads.running(connection))
        except (StoreError, sqlite3.Error) as error:
            fault = fault_of(error, path)
            inbox.tell(Answers([fault for _ in inbox.next_group()], None))
            inbox.close()
            return 1
    return 0


class Committer:
    """Carries out groups of writes."""

    def __init__(self, connection: sqlite3.Connection, path: str) -> None:
        self._connection = connection
        self._path = path
        self._left = True
        """Whether the last claim may have left tasks that it could have had, or some came since."""

    def answers(self, group: list[Write]) -> Answers:
        """The result of each write, or the fault that kept it off the disk.

        Where a group fails each of its writes gets a transaction to itself, so that one bad write
        does not hurt its neighbours.
        """
        try:
            return self._commit(group)
        except Exception as error:
            if len(group) == 1 or locked(error):  # having waited for a lock once is enough
                return Answers([fault_of(error, self._path) for _ in group], None)
        alone = [self.answers([write]) for write in group]
        results = [answers.results[0] for answers in alone]
        due = [answers.due for answers in alone if answers.due is not None]
        return Answers(results, due[-1] if due else None)

    def _commit(self, group: list[Write]) -> Answers:
        with transaction(self._connection, "BEGIN IMMEDIATE"):
            left = self._left
            results: list[object] = []
            for verb, same in groupby(group, key=itemgetter(0)):
                if verb is recording.record:  # many rows by one statement cost less
                    together = [write[1][0] for write in same]
                    results += recording.record_all(self._connection, together)
                    left = True
                else:
                    for _, arguments in same:
                        results.append(verb(self._connection, *arguments))
                        left = _left(verb, arguments, results[-1], left)
            left = left and reads.any_ready(self._connection)
            due = -math.inf if left else reads.next_wait(self._connection)
        self._left = left
        return Answers(results, due)


def _left(verb: object, arguments: tuple[object, ...], result: object, before: bool) -> bool:
    """Whether a claim may find tasks after a write; `before` is whether it may have before it."""
    if verb in (writes.extend, writes.purge, writes.touch):
        return before
    if verb is writes.claim and isinstance(result, list):
        _, limit, *_ = arguments
        return len(result) == limit  # one that got less has left none
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
