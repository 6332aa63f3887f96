"""A process that a template process has forked."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from typing import IO, cast

from hookgate.runners.groups import signal_group


class Fork:
    """A process that a template has forked; see `Started`."""

    def __init__(
        self, process: int, streams: Sequence[IO[bytes]], exited: int, orphaned: int
    ) -> None:
        self._process = process
        self.stdin, self.stdout, self.stderr = streams
        self.exited = exited
        self.orphaned: int | None = orphaned
        self.status: int | None = None

    def signal(self, number: signal.Signals) -> None:
        """See `Started`. Nobody keeps the id of one whose template has ended."""
        if not readable(cast(int, self.orphaned)):
            signal_group(self._process, number)
        else:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.exited, number)


def pipes_to(resources: ExitStack) -> tuple[list[IO[bytes]], list[int]]:
    """Three pipes: our ends, which write to the first and read from the others, and theirs."""
    ours: list[IO[bytes]] = []
    theirs: list[int] = []
    with ExitStack() as on_failure:
        for mode in ("wb", "rb", "rb"):
            ends = os.pipe()
            our_end, their_end = ends if mode == "rb" else reversed(ends)
            ours.append(resources.enter_context(os.fdopen(our_end, mode, buffering=0)))
            theirs.append(their_end)
            on_failure.callback(os.close, their_end)
        on_failure.pop_all()
    return ours, theirs


def readable(descriptor: int, seconds: float = 0) -> bool:
    """Whether it is, or becomes so within that time."""
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(seconds * 1000))
