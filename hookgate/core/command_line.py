"""From a program and a task to the command line that runs it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from hookgate.core.bodies import Body, read_body
from hookgate.core.config import CommandProgram, Placeholder, Template
from hookgate.core.tasks import ATTEMPT_VARIABLE, TASK_VARIABLE
from hookgate.core.templates import fill, fill_for_show
from hookgate.expr.values import for_show, text_of
from hookgate.model import JSON, Delivery, Task

ARGUMENT_LIMIT = 128 * 1024 - 1
"""The bytes one argument or variable may have: Linux's MAX_ARG_STRLEN less the closing NUL."""

INHERITED = ("PATH", "HOME", "LANG", "TZ")
"""All that a program sees of the gateway's own environment."""


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What to execute. `payload` is what the file at HOOKGATE_PAYLOAD_FILE must hold."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Unrunnable:
    """Why no command line can carry this task's values."""

    reason: str


def plan_command(
    program: CommandProgram,
    task: Task,
    delivery: Delivery,
    attempt: int,
    inherited: Mapping[str, str],
    payload_file: str,
) -> CommandLine | Unrunnable:
    """The command line of one attempt.

    `inherited` is the gateway's environment, of which only `INHERITED` is passed on;
    `payload_file` is the path that the payload will have.
    """
    payload = payload_text(delivery)
    argv = tuple(_argv(program, task, payload, payload_file, fill))
    env = _environment(program, task, attempt, inherited, payload_file, fill)
    fault = _first_fault(program, task, argv, env) or _would_be_option(program, task)
    if fault is not None:
        return fault
    return CommandLine(argv, env, delivery.body, payload.encode("utf-8", "surrogatepass"))


def show_command(
    program: CommandProgram, task: Task, delivery: Delivery, payload_file: str
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The argv and the added variables as people may see them, nothing secret filled in."""
    payload = payload_text(delivery)
    shown = replace(task, params={name: for_show(value) for name, value in task.params.items()})
    argv = tuple(_argv(program, shown, payload, payload_file, fill_for_show))
    return argv, _environment(program, shown, 1, {}, payload_file, fill_for_show)


def payload_text(delivery: Delivery) -> str:
    """The delivery's payload as text; empty where it cannot be read."""
    body = read_body(delivery.headers, delivery.body)
    return body.text if isinstance(body, Body) else ""


_Filler = Callable[[Template, Mapping[str, JSON]], str]


def _argv(
    program: CommandProgram, task: Task, payload: str, payload_file: str, filler: _Filler
) -> Iterator[str]:
    for item in program.command:
        yield filler(item, task.params)
    if program.flags:
        yield from _flags(program, task, payload, payload_file)


def _flags(program: CommandProgram, task: Task, payload: str, payload_file: str) -> Iterator[str]:
    for name in task.params if program.params is None else program.params:
        yield f"--{name}={text_of(task.params.get(name))}"
    yield f"--event_type={task.event_type}"
    raw_payload = f"--raw_payload={payload}"
    fits = "\0" not in payload and len(raw_payload.encode("utf-8", "replace")) <= ARGUMENT_LIMIT
    yield raw_payload if fits else f"--raw_payload_file={payload_file}"


def _environment(
    program: CommandProgram,
    task: Task,
    attempt: int,
    inherited: Mapping[str, str],
    payload_file: str,
    filler: _Filler,
) -> dict[str, str]:
    return {
        **{name: inherited[name] for name in INHERITED if name in inherited},
        **{name: filler(value, task.params) for name, value in program.env.items()},
        "HOOKGATE_SOURCE": task.source,
        "HOOKGATE_EVENT_TYPE": task.event_type,
        "HOOKGATE_EVENT_ID": task.event_id or "",
        "HOOKGATE_DELIVERY_ID": task.delivery_id,
        TASK_VARIABLE: task.id,
        ATTEMPT_VARIABLE: str(attempt),
        "HOOKGATE_PAYLOAD_FILE": payload_file,
    }


def _first_fault(
    program: CommandProgram, task: Task, argv: tuple[str, ...], env: Mapping[str, str]
) -> Unrunnable | None:
    """A value that no command line can carry, named by its param where one is to blame."""
    for name, value in task.params.items():
        fault = _fault(text_of(value))
        if fault is not None and _uses(program, name):
            return Unrunnable(f"param {name!r} {fault}")
    for index, argument in enumerate(argv):
        if (fault := _fault(argument)) is not None:
            return Unrunnable(f"argument {index} of program {program.name!r} {fault}")
    for name, value in env.items():
        if (fault := _fault(f"{name}={value}")) is not None:
            return Unrunnable(f"variable {name} of program {program.name!r} {fault}")
    return None


def _would_be_option(program: CommandProgram, task: Task) -> Unrunnable | None:
    """A sender's value at the head of an item, where a program would take it for an option."""
    for item in program.command:
        if fill(item, task.params) == "--":
            return None
        first = item[0] if item else None
        if isinstance(first, Placeholder) and fill(item, task.params).startswith("-"):
            hint = "put an item '--' before it"
            return Unrunnable(f"param {first.param!r} begins with '-', like an option; {hint}")
    return None


def _uses(program: CommandProgram, param: str) -> bool:
    if program.flags and (program.params is None or param in program.params):
        return True
    templates = (*program.command, *program.env.values())
    return any(getattr(part, "param", None) == param for part in sum(templates, ()))


def _fault(text: str) -> str | None:
    if "\0" in text:
        return "holds a NUL byte, which no command line can carry"
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        return "holds a lone surrogate, which no command line can carry"
    if size > ARGUMENT_LIMIT:
        return f"has {size} bytes, more than the {ARGUMENT_LIMIT} that one argument may have"
    return None
