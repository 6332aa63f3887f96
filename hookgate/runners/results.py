"""How the end of a process is told."""

from __future__ import annotations

import signal

from msgspec.structs import replace

from hookgate.core.programs import CommandProgram, Program
from hookgate.runners.process import Ending
from hookgate.runners.runner import Result
from hookgate.runners.shortage import is_shortage


def result_of(program: Program, ending: Ending, retry_after: float | None = None) -> Result:
    """What an ending means for an attempt of a program."""
    exited = not ending.timed_out and ending.status is not None and ending.status >= 0
    return Result(
        exit_code=ending.status if exited else None,
        output=ending.stdout.text(),
        stderr=ending.stderr.text(),
        error=_error(program, ending),
        retry_after=retry_after,
    )


def not_run(reason: str, *, hopeless: bool = False) -> Result:
    """An attempt that did not come to running anything."""
    return Result(exit_code=None, output="", stderr="", error=reason, hopeless=hopeless)


def not_begun(reason: str, error: Exception) -> Result:
    """An attempt that could not be begun; where the machine was short of something, it was none."""
    return replace(not_run(reason), shortage=is_shortage(error))


def _error(program: Program, ending: Ending) -> str | None:
    if ending.timed_out:
        return f"timed out after {program.timeout:.10g}s"
    if ending.status is None:
        return f"the exit status is lost: {_why_lost(program)}"
    if ending.status < 0:
        return f"killed by {_signal_name(-ending.status)}"
    if ending.status == 0:
        return None
    last_line = ending.stderr.last_line() or ending.stdout.last_line()
    return f"exit {ending.status}: {last_line}" if last_line else f"exit {ending.status}"


def _why_lost(program: Program) -> str:
    if isinstance(program, CommandProgram) and program.warm is not None:
        return "the interpreter that it was forked from has ended"
    return "the gateway was started with SIGCHLD ignored"


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # the real-time signals have no names
        return f"signal {number}"
