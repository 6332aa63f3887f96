"""Event types that are told apart by case alone."""

from __future__ import annotations

from hookgate.loading.codes import Code
from hookgate.loading.findings import quoted
from hookgate.loading.lint.subject import Subject


def check_event_types(subject: Subject) -> None:
    """Report event types of a source that differ in case alone; they are compared exactly."""
    for source in subject.root.entries("sources").values():
        seen: dict[str, str] = {}
        for event_type, node in source.entries("rules").items():
            first = seen.setdefault(event_type.casefold(), event_type)
            if first != event_type:
                message = f"{quoted(event_type)} differs from {quoted(first)} in case alone"
                suggestion = "event types are compared exactly; keep the one that is sent"
                subject.context.findings.add(Code.EVENT_TYPE_CASE, node.place, message, suggestion)
