"""A process that calls a gateway over several connections, as fast as it is answered.

Called as: load.py PREFIX CONNECTIONS EVENTS SEED, with the address on standard input, so that it is
up by the time the gateway is; an empty one means that there is nobody to call. For each answer it
prints a line: the HTTP status, the event's id and the id of its task. It ends when all are sent, or
when the gateway is gone.
"""

from __future__ import annotations

import http.client
import json
import random
import sys
import threading
import time

WORK = (("plain", 0.0),) * 16 + (("plain", 0.2), ("plain", 5.0), ("deaf", 5.0), ("daemon", 5.0))
"""Mode and seconds of what the programs do, each as often as it stands here."""

KINDS = ("lined", "apart")
"""Types of events: those that must keep their order, for each connection, and those that need not.
They take turns among the connections."""

PADDING = 8000
"""Bytes by which a body grows at most, so that they are not all alike."""

AGAIN = 0.1
"""How often an event is sent once more, as senders do."""

REFUSED_PAUSE = 0.05
"""Seconds before a sender goes on whose event was not taken."""


def main(prefix: str, connections: int, events: int, seed: int) -> None:
    """Send so many events over each connection."""
    address = sys.stdin.readline().strip()
    if not address:
        return
    senders = [
        threading.Thread(target=_send, args=(address, KINDS[n % 2], f"{prefix}-{n}", events, seed))
        for n in range(connections)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


def _send(address: str, kind: str, line: str, events: int, seed: int) -> None:
    chance = random.Random(f"{seed} {line}")
    connection = http.client.HTTPConnection(address, timeout=30)
    for number in range(events):
        event_id = f"{kind}-{line}-{number}"
        mode, seconds = chance.choice(WORK)
        padding = "x" * chance.randrange(PADDING)
        body = json.dumps({"mode": mode, "seconds": seconds, "line": line, "padding": padding})
        for _ in range(2 if chance.random() < AGAIN else 1):
            try:
                connection.request("POST", "/load", body, {"x-id": event_id, "x-event-type": kind})
                answer = connection.getresponse()
                told = json.loads(answer.read())
            except (OSError, http.client.HTTPException):
                return  # the gateway is gone; whether it kept this one is unknown
            if answer.status >= 500:
                time.sleep(REFUSED_PAUSE)
            print(answer.status, event_id, told.get("task_id", "-"), flush=True)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
