"""Notes a Jira issue as `jira_issue.py` does, as a function: `python: handlers/jira.py:handle`."""

from __future__ import annotations

import logging
from pathlib import Path

from hookgate import Event

LOG_FILE = Path(__file__).with_suffix(".log")

_log = logging.getLogger("jira")
_log.setLevel(logging.INFO)


def handle(event: Event, issue_key: str, issue_type: str = "", priority: str = "Medium") -> str:
    """Note the issue; what is returned is kept as the output of the task."""
    if not _log.handlers:
        note = logging.FileHandler(LOG_FILE)
        note.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        _log.addHandler(note)
    _log.info("%s %s (%s, %s)", event.event_type, issue_key, issue_type, priority)
    fields = ", ".join(sorted(event.payload))
    return (
        f"{event.event_type}: {issue_key} is a {issue_type} of priority {priority}\n"
        f"the payload has the fields {fields}\n"
    )
