"""From a function and a task to what a living process is told of one call."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from hookgate.core.bodies import payload_as_json
from hookgate.core.environment import Unrunnable, environment, fault_of_variables
from hookgate.core.programs import FunctionProgram
from hookgate.core.templates import fill, fill_for_show
from hookgate.model import JSON, Delivery, Task


class Call(Struct, frozen=True):
    """One call. `about` holds all that an `Event` for authors does but for the payload.

    `payload` is that as JSON; `variables` are all of the environment.
    """

    about: Mapping[str, JSON]
    variables: Mapping[str, str]
    payload: bytes


def plan_call(
    program: FunctionProgram,
    task: Task,
    delivery: Delivery,
    attempt: int,
    inherited: Mapping[str, str],
    content_type: str | None,
) -> Call | Unrunnable:
    """The call of one attempt.

    `inherited` is the gateway's environment (see `environment`), and `content_type` what the source
    has its bodies read as, if anything.
    """
    variables = environment(program, task, attempt, inherited, fill)
    if (fault := fault_of_variables(program, variables)) is not None:
        return fault
    about: dict[str, JSON] = {
        "params": _params(program, task),
        "source": task.source,
        "event_type": task.event_type,
        "event_id": task.event_id,
        "delivery_id": task.delivery_id,
        "task_id": task.id,
        "attempt": attempt,
        "program": program.name,
        "rule": task.rule,
        "headers": dict(delivery.headers),
        "query": dict(delivery.query),
        "received_at": delivery.received_at,
    }
    payload = payload_as_json(delivery.headers, delivery.body, content_type)
    return Call(about, variables, payload)


def show_call(program: FunctionProgram, task: Task) -> tuple[tuple[str, ...], dict[str, str]]:
    """The function and the added variables as people may see them, nothing secret filled in."""
    return ("python", program.shown), environment(program, task, 1, {}, fill_for_show)


def _params(program: FunctionProgram, task: Task) -> dict[str, JSON]:
    names = task.params if program.params is None else program.params
    return {name: task.params.get(name) for name in names}
