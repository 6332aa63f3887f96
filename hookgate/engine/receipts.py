"""What may become of a delivery."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from hookgate.model import Accepted, Answered, Delivery, Ignored, Rejected, Task
from hookgate.stores.store import TaskHistory


@dataclass(frozen=True, slots=True)
class Taken:
    """On disk. `waited` are the tasks whose end was waited for, as they stood then."""

    delivery: Delivery
    decision: Accepted | Ignored
    tasks: tuple[Task, ...]
    waited: tuple[TaskHistory, ...] = ()

    @property
    def outcome(self) -> str:
        """What was decided."""
        return self.decision.outcome


@dataclass(frozen=True, slots=True)
class Repeated:
    """The event was accepted before, as delivery `first_id` with `tasks`; nothing is run again."""

    outcome: ClassVar[str] = "duplicate"
    delivery: Delivery
    decision: Accepted | Ignored
    first_id: str
    tasks: tuple[Task, ...]


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """Rejected; nothing was recorded."""

    outcome: ClassVar[str] = Rejected.outcome
    delivery: Delivery
    decision: Rejected


@dataclass(frozen=True, slots=True)
class Greeted:
    """A handshake that is answered; nothing was recorded."""

    outcome: ClassVar[str] = Answered.outcome
    delivery: Delivery
    decision: Answered


@dataclass(frozen=True, slots=True)
class Limited:
    """One too many for the rate limit of its source: nothing was recorded.

    `wait` is how many seconds it takes until there is room for one.
    """

    outcome: ClassVar[str] = "limited"
    delivery: Delivery
    decision: Accepted | Ignored
    reason: str
    wait: float


@dataclass(frozen=True, slots=True)
class NoRoom:
    """So much is pending that its tasks were not taken: nothing was recorded.

    `wait` is how many seconds it should take until there is room.
    """

    outcome: ClassVar[str] = "full"
    delivery: Delivery
    decision: Accepted | Ignored
    reason: str
    wait: float


@dataclass(frozen=True, slots=True)
class NotRecorded:
    """The store could not record it: nothing was accepted, the sender must try again."""

    outcome: ClassVar[str] = "not recorded"
    delivery: Delivery
    reason: str


@dataclass(frozen=True, slots=True)
class NotVerified:
    """The keys to verify it with cannot be fetched now: nothing was accepted, as above."""

    outcome: ClassVar[str] = "not verified"
    delivery: Delivery
    decision: Rejected


Receipt: TypeAlias = (
    Taken | Repeated | TurnedAway | Greeted | Limited | NoRoom | NotRecorded | NotVerified
)
"""What became of a delivery; its `outcome` says so in the words of the journal."""
