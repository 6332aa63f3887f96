"""From a program and a task to the command line that runs it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from msgspec import Struct
from msgspec.structs import replace

from hookgate.core.bodies import Body, read_body
from hookgate.core.environment import (
    ARGUMENT_LIMIT,
    Filler,
    Unrunnable,
    environment,
    fault_of,
    fault_of_variables,
)
from hookgate.core.programs import CommandProgram
from hookgate.core.templates import Placeholder, fill, fill_for_show
from hookgate.expr.values import for_show, text_of
from hookgate.model import Delivery, Task


class CommandLine(Struct, frozen=True):
    """What to execute. `payload` is what the file at HOOKGATE_PAYLOAD_FILE must hold."""

    argv: tuple[str, ...]
    env: Mapping[str, str]
    stdin: bytes
    payload: bytes


def plan_command(
    program: CommandProgram,
    task: Task,
    delivery: Delivery,
    attempt: int,
    inherited: Mapping[str, str],
    payload_file: str,
) -> CommandLine | Unrunnable:
    """The command line of one attempt.

    `inherited` is the gateway's environment (see `environment`); `payload_file` is the path that
    the payload will have.
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


def _argv(
    program: CommandProgram, task: Task, payload: str, payload_file: str, filler: Filler
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
    filler: Filler,
) -> dict[str, str]:
    variables = environment(program, task, attempt, inherited, filler)
    return {**variables, "HOOKGATE_PAYLOAD_FILE": payload_file}


def _first_fault(
    program: CommandProgram, task: Task, argv: tuple[str, ...], env: Mapping[str, str]
) -> Unrunnable | None:
    """A value that no command line can carry, named by its param where one is to blame."""
    for name, value in task.params.items():
        fault = fault_of(text_of(value))
        if fault is not None and _uses(program, name):
            return Unrunnable(f"param {name!r} {fault}")
    for index, argument in enumerate(argv):
        if (fault := fault_of(argument)) is not None:
            return Unrunnable(f"argument {index} of program {program.name!r} {fault}")
    return fault_of_variables(program, env)


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
