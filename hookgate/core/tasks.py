"""From a start to the task that records it."""

from __future__ import annotations

from hookgate.model import Delivery, Event, Start, Task, TaskStatus


def pending_task(task_id: str, delivery: Delivery, event: Event, start: Start) -> Task:
    """The task that a start becomes."""
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
        created_at=delivery.received_at,
        next_attempt_at=delivery.received_at,
    )
