"""What a runner is: the code behind one kind of program."""

from __future__ import annotations

from typing import Protocol, TypeVar

from msgspec import Struct

from hookgate.core.programs import Program
from hookgate.model import Delivery, Task

P_contra = TypeVar("P_contra", bound=Program, contravariant=True)


class Work(Struct, frozen=True):
    """What an attempt works on: the task, its delivery and the attempt's number (from 1).

    `content_type` is what the source has its bodies read as, if anything.
    """

    task: Task
    delivery: Delivery
    attempt: int
    content_type: str | None = None


class Result(Struct, frozen=True):
    """How an attempt ended.

    `error` is None for success, else one line that says what happened, e.g. ``exit 1: last line
    of standard error``. `exit_code` is None where nothing came to its own end (not started, timed
    out, killed by a signal, cancelled). `output` and `stderr` have head and tail kept. `hopeless`
    tells that the task's own values keep it from being run, now and later; `shortage` that there
    was no means to begin it (see `runners.shortage`) or no time, as the gateway stops, so that it
    was no try.
    `retry_after` is the wait in seconds that a function asked for by other means than its output.
    """

    exit_code: int | None
    output: str
    stderr: str
    error: str | None
    hopeless: bool = False
    shortage: bool = False
    retry_after: float | None = None


class Runner(Protocol[P_contra]):
    """Runs one attempt of a program of its kind."""

    async def run(self, program: P_contra, work: Work) -> Result:
        """Run to the end, or to the program's timeout.

        Whatever goes wrong with the program is a `Result`. When the call is cancelled, every
        process it started is ended before the cancellation goes on.
        """
        ...
