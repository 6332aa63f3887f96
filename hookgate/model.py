"""The records that travel through hookgate, in the order in which they come into being.

A `Delivery` arrives; verified and parsed it is an `Event`; the pure decision about it is
`Accepted`, `Ignored`, `Answered` or `Rejected`; each rule that held gives a `Start`, which the
store records as a `Task`; each try of a task is an `Attempt`.

Times are seconds since the epoch (UTC) as floats. Every record is frozen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import ClassVar, TypeAlias

from msgspec import Struct

JSON: TypeAlias = "bool | int | float | str | list[JSON] | dict[str, JSON] | None"


class Delivery(Struct, frozen=True):
    """One inbound HTTP request as it arrived.

    `headers` and `query` hold one text a name; header names are lower-case and repeated headers
    are joined with ``", "`` (RFC 9110, 5.2). `peer` is the caller's address, seen through trusted
    proxies. `path` is the path that was asked for, without the query.
    """

    id: str
    source: str
    received_at: float
    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    peer: str


class Event(Struct, frozen=True):
    """A verified and parsed delivery."""

    source: str
    event_type: str
    event_id: str | None
    payload: JSON


class AuthResult(StrEnum):
    """What came of checking a delivery's credentials."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


class Wanted(Struct, frozen=True):
    """Keys that a verifier lacks, and that it allows to be fetched from `url`.

    At most `max_bytes` are read, and what is fetched is of use for `max_age` seconds. `known_at` is
    when the keys were fetched that it has from there and that do not do. `learn` hands it what was
    fetched and when, and tells whether that could be read.
    """

    url: str
    max_bytes: int
    max_age: float
    known_at: float | None
    learn: Callable[[bytes, float], bool]


@dataclass(frozen=True, slots=True)
class AuthStep:
    """One verifier's finding. `reason` never holds a secret or anything that helps to forge.

    `secret_index` tells which of several secrets matched, counted from 0. Two wishes of a verifier
    are for whoever has a network, and no part of the finding: `wants` may turn a failure into a
    pass, and `confirm_at` is an address to call once the delivery is taken.
    """

    scheme: str
    passed: bool
    reason: str
    secret_index: int | None = None
    wants: Wanted | None = field(default=None, compare=False, repr=False)
    confirm_at: str | None = field(default=None, compare=False, repr=False)


class Authentication(Struct, frozen=True):
    """The finding of every verifier that was asked; all of a source's verifiers must pass."""

    result: AuthResult
    steps: tuple[AuthStep, ...] = ()

    @property
    def reason(self) -> str:
        """The step that failed, or all that passed, as one line of text."""
        told = [step for step in self.steps if step.passed == (self.result is AuthResult.PASSED)]
        return "; ".join(f"{step.scheme}: {step.reason}" for step in told)


class RuleOutcome(StrEnum):
    """What came of one rule; `ERROR` counts as false and keeps its cause."""

    TRUE = "true"
    FALSE = "false"
    ERROR = "error"
    NOT_REACHED = "not reached"


class Pause(Struct, frozen=True):
    """How a burst of events is waited out; times in seconds.

    The newest event of those with the same `key` stands for all of them. Its task is due when
    `wait` has passed without another, and at the latest `max_wait` after the first.
    """

    key: str
    wait: float
    max_wait: float


class Start(Struct, frozen=True):
    """A program that is to be started because `rule` held, with the params it is given.

    Starts of one source with the same `key` are run one after the other; None has no order. Of
    those that are due, the highest `priority` goes first.
    """

    rule: str
    program: str
    params: Mapping[str, JSON]
    key: str | None = None
    priority: int = 0
    pause: Pause | None = None


class Rejection(StrEnum):
    """Why a delivery was turned away; `server.answers` maps each to its HTTP status."""

    UNAUTHENTICATED = "unauthenticated"
    FORBIDDEN = "forbidden"
    MALFORMED = "malformed"
    METHOD = "method"
    MEDIA_TYPE = "media type"
    UNFIT = "unfit"


class Accepted(Struct, frozen=True):
    """At least one rule held. `rule_list` is the event type whose rules were tried (maybe "*")."""

    outcome: ClassVar[str] = "accepted"
    auth: Authentication
    event: Event
    rule_list: str
    starts: tuple[Start, ...]

    @property
    def summary(self) -> str:
        """The decision in a few words, for the operator."""
        return "1 task" if len(self.starts) == 1 else f"{len(self.starts)} tasks"


class Ignored(Struct, frozen=True):
    """Genuine, but no rule held; `rule_list` is None where the event type has no rules at all."""

    outcome: ClassVar[str] = "ignored"
    auth: Authentication
    event: Event
    rule_list: str | None
    reason: str

    @property
    def summary(self) -> str:
        """The decision in a few words, for the operator."""
        return self.reason


class Reply(Struct, frozen=True):
    """What a handshake is answered: a text, a JSON object or nothing, and headers beside it."""

    status: int
    headers: Mapping[str, str]
    text: str | None = None
    json: Mapping[str, JSON] | None = None


class Answered(Struct, frozen=True):
    """A handshake, by which a sender makes sure of the URL: no event, so nothing is recorded."""

    outcome: ClassVar[str] = "answered"
    event: ClassVar[None] = None
    auth: Authentication
    reply: Reply
    reason: str

    @property
    def summary(self) -> str:
        """The decision in a few words, for the operator."""
        return self.reason


class Rejected(Struct, frozen=True):
    """Turned away: not authentic, not readable, or not of the promised shape.

    `message` may be shown to the caller; `detail` is for the operator alone. `event` is known
    where the delivery was read but did not fit.
    """

    outcome: ClassVar[str] = "rejected"
    auth: Authentication
    rejection: Rejection
    message: str
    detail: str
    event: Event | None = None

    @property
    def summary(self) -> str:
        """The decision in a few words, for the operator."""
        return self.detail


Decision: TypeAlias = Accepted | Ignored | Answered | Rejected


class TaskStatus(StrEnum):
    """The state of a recorded run. Waiting for a retry is `PENDING` with `next_attempt_at`.

    A task that a newer one of its burst stands for is `COMPLETED` without an attempt.
    """

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the task by itself."""
        return self in (TaskStatus.COMPLETED, TaskStatus.FAILED)


class Trigger(StrEnum):
    """What made an attempt happen."""

    INITIAL = "initial"
    RETRY = "retry"
    MANUAL = "manual"


class Burst(Struct, frozen=True):
    """What a task stands for: the events of one rule with the same `key`, until `ends_at`."""

    key: str
    ends_at: float


class Task(Struct, frozen=True):
    """A recorded run of a program for one delivery.

    `key` and `priority` are those of its `Start`. `burst` is set where the task waits for its
    newest event; `superseded_by` is the task that was recorded for a newer one and stands for it.

    `attempts` counts the attempts begun, of which `attempts_before` were begun before the task was
    started again by hand. Of those since then, `cut_short` were ended by the gateway's own end.
    `error` says in one line why the last one failed.
    """

    id: str
    delivery_id: str
    source: str
    event_type: str
    event_id: str | None
    rule: str
    program: str
    params: Mapping[str, JSON]
    status: TaskStatus
    created_at: float
    next_attempt_at: float
    started_at: float | None = None
    finished_at: float | None = None
    attempts: int = 0
    attempts_before: int = 0
    cut_short: int = 0
    error: str | None = None
    key: str | None = None
    priority: int = 0
    burst: Burst | None = None
    superseded_by: str | None = None

    @property
    def tries(self) -> int:
        """The attempts that count against the program's `retry`."""
        return self.attempts - self.attempts_before - self.cut_short


class Attempt(Struct, frozen=True):
    """One try of a task.

    `exit_code` is None while it runs and where no process ended by itself (then `error` says
    what happened). `output` and `stderr` are what the program printed, head and tail kept.
    """

    task_id: str
    number: int
    trigger: Trigger
    status: TaskStatus
    started_at: float
    finished_at: float | None = None
    exit_code: int | None = None
    output: str = ""
    stderr: str = ""
    error: str | None = None
