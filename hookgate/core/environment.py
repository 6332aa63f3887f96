"""The variables that a program sees, and what no variable or argument can carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct

from hookgate.core.programs import Program
from hookgate.core.tasks import ATTEMPT_VARIABLE, TASK_VARIABLE
from hookgate.core.templates import Fixed, Template, fill
from hookgate.model import JSON, Task

ARGUMENT_LIMIT = 128 * 1024 - 1
"""The bytes one argument or variable may have: Linux's MAX_ARG_STRLEN less the closing NUL."""

INHERITED = ("PATH", "HOME", "LANG", "TZ")
"""All that a program sees of the gateway's own environment."""

Filler: TypeAlias = Callable[[Template, Mapping[str, JSON]], str]


class Unrunnable(Struct, frozen=True):
    """Why a program cannot be given this task's values."""

    reason: str


def environment(
    program: Program, task: Task, attempt: int, inherited: Mapping[str, str], filler: Filler
) -> dict[str, str]:
    """The variables of one attempt; of those `inherited` only `INHERITED` are passed on."""
    return {
        **passed_on(inherited),
        **{name: filler(value, task.params) for name, value in program.env.items()},
        "HOOKGATE_SOURCE": task.source,
        "HOOKGATE_EVENT_TYPE": task.event_type,
        "HOOKGATE_EVENT_ID": task.event_id or "",
        "HOOKGATE_DELIVERY_ID": task.delivery_id,
        TASK_VARIABLE: task.id,
        ATTEMPT_VARIABLE: str(attempt),
    }


def passed_on(inherited: Mapping[str, str]) -> dict[str, str]:
    """What a program sees of the gateway's environment."""
    return {name: inherited[name] for name in INHERITED if name in inherited}


def variables_at_start(program: Program, inherited: Mapping[str, str]) -> dict[str, str]:
    """What a process sees before its first attempt: the variables that are the same in all."""
    same = {
        name: fill(value, {})
        for name, value in program.env.items()
        if all(isinstance(part, Fixed) for part in value)
    }
    return {**passed_on(inherited), **same}


def fault_of_variables(program: Program, variables: Mapping[str, str]) -> Unrunnable | None:
    """The first variable that cannot be passed."""
    for name, value in variables.items():
        if (fault := fault_of(f"{name}={value}")) is not None:
            return Unrunnable(f"variable {name} of program {program.name!r} {fault}")
    return None


def fault_of(text: str) -> str | None:
    """Why no argument or variable can carry a text."""
    if "\0" in text:
        return "holds a NUL byte, which no command line can carry"
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        return "holds a lone surrogate, which no command line can carry"
    if size > ARGUMENT_LIMIT:
        return f"has {size} bytes, more than the {ARGUMENT_LIMIT} that one argument may have"
    return None
