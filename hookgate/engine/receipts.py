"""What may become of a delivery."""

from __future__ import annotations

from typing import ClassVar, TypeAlias

from msgspec import Struct

from hookgate.model import Accepted, Answered, Delivery, Ignored, Rejected, Task
from hookgate.stores.store import TaskHistory


class Taken(Struct, frozen=True):
    """On disk. `waited` are the tasks whose end was waited for, as they stood then."""

    delivery: Delivery
    decision: Accepted | Ignored
    tasks: tuple[Task, ...]
    waited: tuple[TaskHistory, ...] = ()

    @property
    def outcome(self) -> str:
        """What was decided."""
        return self.decision.outcome


class Repeated(Struct, frozen=True):
    """The event was accepted before, as delivery `first_id` with `tasks`; nothing is run again."""

    outcome: ClassVar[str] = "duplicate"
    delivery: Delivery
    decision: Accepted | Ignored
    first_id: str
    tasks: tuple[Task, ...]


class TurnedAway(Struct, frozen=True):
    """Rejected; nothing was recorded."""

    outcome: ClassVar[str] = Rejected.outcome
    delivery: Delivery
    decision: Rejected


class Greeted(Struct, frozen=True):
    """A handshake that is answered; nothing was recorded."""

    outcome: ClassVar[str] = Answered.outcome
    delivery: Delivery
    decision: Answered


class Limited(Struct, frozen=True):
    """One too many for the rate limit of its source: nothing was recorded.

    `wait` is how many seconds it takes until there is room for one.
    """

    outcome: ClassVar[str] = "limited"
    delivery: Delivery
    decision: Accepted | Ignored
    reason: str
    wait: float


class NoRoom(Struct, frozen=True):
    """So much is pending that its tasks were not taken: nothing was recorded.

    `wait` is how many seconds it should take until there is room.
    """

    outcome: ClassVar[str] = "full"
    delivery: Delivery
    decision: Accepted | Ignored
    reason: str
    wait: float


class NotRecorded(Struct, frozen=True):
    """The store could not record it: nothing was accepted, the sender must try again."""

    outcome: ClassVar[str] = "not recorded"
    delivery: Delivery
    reason: str


class NotVerified(Struct, frozen=True):
    """The keys to verify it with cannot be fetched now: nothing was accepted, as above."""

    outcome: ClassVar[str] = "not verified"
    delivery: Delivery
    decision: Rejected


Receipt: TypeAlias = (
    Taken | Repeated | TurnedAway | Greeted | Limited | NoRoom | NotRecorded | NotVerified
)
"""What became of a delivery; its `outcome` says so in the words of the journal."""
