"""What must hold when all is done, however often the gateway was ended.

Each check takes the evidence and gives what speaks against the promise; another is one more
function in `CHECKS`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from tests.crash.journal import Entry


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known from outside of the gateway.

    `answered` are the ids of the tasks that were answered 2xx, with their events; `stored` those
    that are in the store, with their status; `journal` is what the programs wrote; `logs` is what
    the gateways wrote, and `exit_codes` is how those ended that were told to stop.
    """

    answered: Mapping[str, str]
    stored: Mapping[str, str]
    journal: Sequence[Entry]
    logs: Sequence[str]
    exit_codes: Sequence[int]

    def tasks_that(self, what: str) -> set[str]:
        """The tasks with such an entry in the journal."""
        return {entry.task_id for entry in self.journal if entry.what == what}


def lost(evidence: Evidence) -> Iterable[str]:
    """What was answered is in the store, or was run to its end and purged since."""
    for task_id in sorted(evidence.answered.keys() - evidence.stored - evidence.tasks_that("end")):
        yield f"task {task_id} of event {evidence.answered[task_id]} is lost"


def unfinished(evidence: Evidence) -> Iterable[str]:
    """Every task in the store is completed, answered or not."""
    for task_id, status in sorted(evidence.stored.items()):
        if status != "completed":
            yield f"task {task_id} is {status}"


def not_run(evidence: Evidence) -> Iterable[str]:
    """What counts as completed was run to its end."""
    completed = {task_id for task_id, status in evidence.stored.items() if status == "completed"}
    for task_id in sorted(completed - evidence.tasks_that("end")):
        yield f"task {task_id} is completed and was not run"


def at_once(evidence: Evidence) -> Iterable[str]:
    """No task ran twice at the same time."""
    for entry in evidence.journal:
        if entry.what == "overlap":
            yield f"attempt {entry.attempt} of task {entry.task_id} ran beside another"


def overtaken(evidence: Evidence) -> Iterable[str]:
    """Of the events of one key none was begun before the one in front of it was done with."""
    newest: dict[str, int] = {}
    for entry in evidence.journal:
        line, _, number = entry.event_id.rpartition("-")
        if entry.what == "start" and line.startswith("lined-"):
            if int(number) < newest.get(line, 0):
                yield f"event {entry.event_id} was begun after {line}-{newest[line]}"
            newest[line] = max(int(number), newest.get(line, 0))


def broken(evidence: Evidence) -> Iterable[str]:
    """The gateway met nothing unforeseen."""
    for log in evidence.logs:
        if "Traceback" in log:
            yield f"a gateway broke:\n{log[log.index('Traceback') :]}"
    for exit_code in evidence.exit_codes:
        if exit_code:
            yield f"a gateway that was told to stop ended with exit code {exit_code}"


CHECKS: Mapping[str, Callable[[Evidence], Iterable[str]]] = {
    "lost": lost,
    "not ended": unfinished,
    "not run": not_run,
    "at the same time": at_once,
    "out of order": overtaken,
    "broken": broken,
}
