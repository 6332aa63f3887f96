"""A delivery and its task, ready for the tables of a store."""

from __future__ import annotations

from collections.abc import Sequence

from hookgate.model import AuthResult, Delivery, Task, TaskStatus
from hookgate.stores.sqlite.recording import Recording
from hookgate.stores.sqlite.rows import configuration_row, delivery_row, task_row
from hookgate.stores.store import StoredDecision

NOW = 1_700_000_000.0

BODY = b'{"ref": "last", "filler": "' + b"x" * 500 + b'"}'
DELIVERY = Delivery("d", "s", NOW, "POST", "/s", {}, {"content-type": "text/json"}, BODY, "::1")
DECISION = StoredDecision(
    "accepted", "1 task", "push", None, AuthResult.PASSED, (), ("push[0]",), "0", "version: 1"
)
TASK = Task(
    id="",
    delivery_id="d",
    source="s",
    event_type="push",
    event_id=None,
    rule="push[0]",
    program="deploy",
    params={"ref": "refs/heads/main"},
    status=TaskStatus.PENDING,
    created_at=NOW,
    next_attempt_at=NOW,
)


def recording(delivery: Delivery, decision: StoredDecision, tasks: Sequence[Task]) -> Recording:
    """All of it as rows, with the configuration that decided."""
    rows = tuple(map(task_row, tasks))
    configuration = configuration_row(delivery, decision)
    return Recording(delivery_row(delivery, decision), rows, configuration)
