"""What a runner is: the code behind one kind of program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from hookgate.core.programs import Program
from hookgate.model import Delivery, Task


@dataclass(frozen=True, slots=True)
class Work:
    """What an attempt works on: the task, its delivery and the attempt's number (from 1)."""

    task: Task
    delivery: Delivery
    attempt: int


@dataclass(frozen=True, slots=True)
class Result:
    """How an attempt ended.

    `error` is None for success, else one line that says what happened, e.g. ``exit 1: last line
    of standard error``. `exit_code` is None where no process ended by itself (not started, timed
    out, killed by a signal, cancelled). `output` and `stderr` have head and tail kept. `hopeless`
    tells that the task's own values keep it from being run, now and later.
    """

    exit_code: int | None
    output: str
    stderr: str
    error: str | None
    hopeless: bool = False


class Runner(Protocol):
    """Runs one attempt of a program."""

    async def run(self, program: Program, work: Work) -> Result:
        """Run to the end, or to the program's timeout.

        Whatever goes wrong with the program is a `Result`. When the call is cancelled, every
        process it started is ended before the cancellation goes on.
        """
        ...
