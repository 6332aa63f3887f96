"""From a start to the task that records it, and what marks the processes of a task."""

from __future__ import annotations

from hookgate.model import Burst, Delivery, Event, Start, Task, TaskStatus

TASK_VARIABLE = "HOOKGATE_TASK_ID"
ATTEMPT_VARIABLE = "HOOKGATE_ATTEMPT"
"""The variables by which a program knows what it works on, and by which its processes are known."""


def pending_task(task_id: str, delivery: Delivery, event: Event, start: Start) -> Task:
    """The task that a start becomes; one that waits out a burst, as if it were the first of it."""
    now, pause = delivery.received_at, start.pause
    return Task(
        id=task_id,
        delivery_id=delivery.id,
        source=event.source,
        event_type=event.event_type,
        event_id=event.event_id,
        rule=start.rule,
        program=start.program,
        params=start.params,
        status=TaskStatus.PENDING,
        created_at=now,
        next_attempt_at=now if pause is None else now + min(pause.wait, pause.max_wait),
        key=start.key,
        priority=start.priority,
        burst=None if pause is None else Burst(pause.key, now + pause.max_wait),
    )
