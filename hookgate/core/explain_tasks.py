"""What a decision would run, told in full: the command line, and when its turn comes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from msgspec import Struct
from msgspec.structs import replace

from hookgate.core.calls import plan_call, show_call
from hookgate.core.command_line import plan_command, show_command
from hookgate.core.config import Config, Debounce, Key, Rule
from hookgate.core.decide import condition_values
from hookgate.core.environment import Unrunnable
from hookgate.core.keys import KeyFault, key_text
from hookgate.core.programs import CommandProgram, FunctionProgram, Program
from hookgate.core.selectors import View
from hookgate.core.tasks import pending_task
from hookgate.expr.conditions import BUILT_IN_NAMES, Condition
from hookgate.expr.values import for_show
from hookgate.model import JSON, Accepted, Decision, Delivery, Pause, Start, Task

PAYLOAD_FILE = "<payload file>"
"""Stands for the path of the payload file, which is known only when a program is run."""


class TaskTrace(Struct, frozen=True):
    """What would run. `fault` says why it could not.

    Of a function, `argv` is ``python FILE.py:NAME``, and `stdin_bytes` is None.

    `key` is the one by which it waits for its turn; `pause` is set where it waits for the newest
    of a burst. `remarks` tell which key is not what the rule means it to be, and why.
    """

    program: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    working_dir: str
    timeout: float
    stdin_bytes: int | None
    fault: str | None
    key: str | None
    priority: int
    pause: Pause | None
    remarks: tuple[str, ...]


def trace_tasks(
    config: Config, delivery: Delivery, view: View, decision: Decision
) -> tuple[TaskTrace, ...]:
    """What a decision starts. `config` is the configuration that decided."""
    if not isinstance(decision, Accepted):
        return ()
    rules = {rule.id: rule for rule in config.sources[delivery.source].rules[decision.rule_list]}
    traces = []
    for start in decision.starts:
        task = pending_task("", delivery, decision.event, start)
        values = condition_values(decision.event, view, start.params)
        program = config.programs[start.program]
        traces.append(_trace_task(program, task, delivery, start, rules[start.rule], values))
    return tuple(traces)


def _trace_task(
    program: Program,
    task: Task,
    delivery: Delivery,
    start: Start,
    rule: Rule,
    values: Mapping[str, JSON],
) -> TaskTrace:
    argv, env, fault, stdin_bytes = _shown_start(program, task, delivery)
    return TaskTrace(
        program=program.name,
        argv=argv,
        env=env,
        working_dir=program.working_dir,
        timeout=program.timeout,
        stdin_bytes=stdin_bytes,
        fault=fault,
        key=None if start.key is None else _shown(rule.key, start.key, values),
        priority=start.priority,
        pause=_pause_shown(rule.debounce, start.pause, values),
        remarks=tuple(_remarks(rule, values)),
    )


def _shown_start(
    program: Program, task: Task, delivery: Delivery
) -> tuple[tuple[str, ...], Mapping[str, str], str | None, int | None]:
    """The words and variables as people may see them, why they cannot be used, and the input."""
    if isinstance(program, FunctionProgram):
        call = plan_call(program, task, delivery, 1, {}, None)
        return *show_call(program, task), _reason(call), None
    command = cast(CommandProgram, program)
    line = plan_command(command, task, delivery, 1, {}, PAYLOAD_FILE)
    shown = show_command(command, task, delivery, PAYLOAD_FILE)
    return *shown, _reason(line), len(delivery.body)


def _reason(plan: object) -> str | None:
    return plan.reason if isinstance(plan, Unrunnable) else None


# --- keys -----------------------------------------------------------------------------------


def _shown(key: Key | None, text: str, values: Mapping[str, JSON]) -> str:
    """The text of a key, or its expression where a value from the environment went into it."""
    if key is not None and from_environment(key.expression, key.shown, values):
        return key.shown
    return text


def _pause_shown(
    debounce: Debounce | None, pause: Pause | None, values: Mapping[str, JSON]
) -> Pause | None:
    if debounce is None or pause is None:
        return None
    return replace(pause, key=_shown(debounce.key, pause.key, values))


def _remarks(rule: Rule, values: Mapping[str, JSON]) -> Iterator[str]:
    if (fault := _fault(rule.key, values)) is not None:
        yield f"key: {fault}; so it is run one after the other with all such tasks"
    if rule.debounce and (fault := _fault(rule.debounce.key, values)) is not None:
        yield f"debounce.key: {fault}; so it runs at once"


def _fault(key: Key | None, values: Mapping[str, JSON]) -> str | None:
    """Why a key cannot be told."""
    found = None if key is None else key_text(key, values)
    if key is None or not isinstance(found, KeyFault):
        return None
    if from_environment(key.expression, key.shown, values):
        return "it holds a value from the environment, which is not shown"
    return found.reason


def from_environment(expression: Condition, shown: str, values: Mapping[str, JSON]) -> bool:
    """Whether its text, or a param that it uses, was filled in from the environment."""
    names = expression.names - set(BUILT_IN_NAMES)
    return shown != expression.text or any(for_show(values[name]) != values[name] for name in names)
