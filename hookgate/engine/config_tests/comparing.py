"""What became of a case's request, compared with what the case expects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from typing import TypeAlias

from msgspec import Struct

from hookgate.core.explain import RuleTrace, Trace
from hookgate.core.explain_tasks import TaskTrace
from hookgate.loading.cases import BLANK
from hookgate.model import JSON, RuleOutcome

RAW_PAYLOAD = "--raw_payload"
"""How the argument begins that repeats the body; an argv is compared without it."""

OWN_VARIABLES = "HOOKGATE_"
"""How the variables begin that every program is given."""


class Nothing(Enum):
    """Stands where there is no value at all, not even null."""

    NOTHING = "nothing"


Actual: TypeAlias = "JSON | Nothing"


class Outcome(Struct, frozen=True):
    """What the gateway would do with a request.

    `reason` is the operator's. `trace` is None where the request would be refused unread.
    """

    status: int
    outcome: str
    reason: str
    trace: Trace | None

    @property
    def held(self) -> tuple[RuleTrace, ...]:
        """The rules that held."""
        rules = () if self.trace is None else self.trace.rules
        return tuple(rule for rule in rules if rule.result is RuleOutcome.TRUE)

    @property
    def tasks(self) -> tuple[TaskTrace, ...]:
        """What would be run."""
        return () if self.trace is None else self.trace.tasks


class Difference(Struct, frozen=True):
    """Something that is not as it was expected; `key` is such as ``params.priority``."""

    key: str
    expected: JSON
    actual: Actual


def differences(expect: Mapping[str, JSON], outcome: Outcome) -> tuple[Difference, ...]:
    """Everything that is named in `expect` and did not come out so."""
    return tuple(
        Difference(".".join(path), expected, actual)
        for path, expected in _leaves(expect)
        if not _meets(path, expected, actual := actual_at(outcome, path, expected), outcome)
    )


def actual_at(outcome: Outcome, path: tuple[str, ...], expected: JSON = BLANK) -> Actual:
    """The value that stands for the expected one at `path`."""
    match path:
        case ("params", *names):
            return _param(outcome, names)
        case ("argv", *programs):
            task = _task(outcome, programs)
            return Nothing.NOTHING if task is None else _argv(task, expected)
        case ("env", *names):
            return _variable(outcome, names)
        case ("rules",):
            return [rule.name or rule.id for rule in outcome.held]
        case ("programs",):
            return [task.program for task in outcome.tasks]
        case ("event_type",) | ("event_id",):
            return _event_value(outcome, path[0])
    plain: dict[str, JSON] = {
        "status": outcome.status,
        "outcome": outcome.outcome,
        "reason": outcome.reason,
    }
    return plain[path[0]]


def same(expected: JSON, actual: Actual) -> bool:
    """Whether two values are equal as JSON: 1 is 1.0, but true is not 1."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return expected.keys() == actual.keys() and all(
            same(value, actual[key]) for key, value in expected.items()
        )
    if isinstance(expected, list) and isinstance(actual, list):
        return len(expected) == len(actual) and all(map(same, expected, actual))
    if isinstance(expected, bool) or isinstance(actual, bool):
        return expected is actual
    return expected == actual


def _leaves(expect: Mapping[str, JSON]) -> Iterator[tuple[tuple[str, ...], JSON]]:
    """The values that are compared, each with its path: of a mapping those that it names."""
    for key, value in expect.items():
        if not isinstance(value, dict):
            yield (key,), value
            continue
        for name, inner in value.items():
            if key == "env" and isinstance(inner, dict):
                yield from (((key, name, variable), text) for variable, text in inner.items())
            else:
                yield (key, name), inner


def _meets(path: tuple[str, ...], expected: JSON, actual: Actual, outcome: Outcome) -> bool:
    if expected == BLANK:
        return False
    if path == ("reason",):
        return str(expected) in str(actual)
    if path == ("rules",) and isinstance(expected, list):
        held = outcome.held
        return len(expected) == len(held) and all(
            name in (rule.id, rule.name) for name, rule in zip(expected, held, strict=True)
        )
    return same(expected, actual)


def _event_value(outcome: Outcome, name: str) -> Actual:
    if outcome.trace is None:
        return None
    values = {"event_type": outcome.trace.event_type, "event_id": outcome.trace.event_id}
    return values[name].value


def _param(outcome: Outcome, names: list[str]) -> Actual:
    traced = () if outcome.trace is None else outcome.trace.params
    params = {param.name: param.value for param in traced}
    return params.get(names[0], Nothing.NOTHING) if names else params


def _task(outcome: Outcome, programs: list[str]) -> TaskTrace | None:
    """The first task, or the first of the program that is named."""
    fitting = (task for task in outcome.tasks if not programs or task.program == programs[0])
    return next(fitting, None)


def _argv(task: TaskTrace, expected: JSON) -> list[JSON]:
    """The command line, without the body that it ends with unless that is expected as well."""
    argv = list(task.argv)
    wanted = str(expected[-1]) if isinstance(expected, list) and expected else ""
    if argv[-1].startswith(RAW_PAYLOAD) and not wanted.startswith(RAW_PAYLOAD):
        argv.pop()
    return [*argv]


def _variable(outcome: Outcome, names: list[str]) -> Actual:
    """A variable of the first task or of a program's; without a name, those of the rules file."""
    *programs, name = names or [""]
    task = _task(outcome, programs)
    if task is None:
        return Nothing.NOTHING
    if name:
        return task.env.get(name, Nothing.NOTHING)
    return {key: value for key, value in task.env.items() if not key.startswith(OWN_VARIABLES)}
