"""Log lines on standard error, as text for people or JSON for machines.

Whatever a caller sent is neutralised: no control character reaches a terminal or forges a line.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime


def start_logging(*, as_json: bool) -> None:
    """Send what hookgate and its server log to standard error."""
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(JsonLines() if as_json else TextLines())
    for name, level in (("hookgate", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [sink]
        logger.setLevel(level)
        logger.propagate = False


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON; non-ASCII text is escaped."""
        line: dict[str, object] = {
            "time": _moment(record.created).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


class TextLines(logging.Formatter):
    """One line of words; deliveries and attempts have a layout of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, apart from an exception's traceback."""
        fields = _fields(record)
        event = record.getMessage()
        layout = _LAYOUTS.get(event, _plain)
        time = _moment(record.created).astimezone().strftime("%H:%M:%S.%f")[:-3]
        line = f"{time} {_printable(event):<8} {_printable(layout(fields))}"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _delivery(fields: dict[str, object]) -> str:
    words = [
        str(fields["source"]),
        str(fields.get("event_type") or "-"),
        str(fields["outcome"]),
        str(fields.get("delivery_id", "")),
        _targets(fields) or str(fields["reason"]),
        _milliseconds(fields),
        f"peer {fields['peer']}" if fields.get("peer") else "",
    ]
    return " ".join(word for word in words if word)


def _targets(fields: dict[str, object]) -> str:
    tasks = fields.get("tasks")
    if not isinstance(tasks, list):
        return ""
    return ", ".join(f"rule {task['rule']} -> {task['program']} {task['id']}" for task in tasks)


def _attempt(fields: dict[str, object]) -> str:
    exit_code = fields["exit_code"]
    words = [
        str(fields["program"]),
        str(fields["status"]),
        str(fields["task_id"]),
        f"#{fields['attempt']}",
        str(fields["error"]) if exit_code is None else f"exit {exit_code}",
        _milliseconds(fields),
    ]
    return " ".join(words)


def _plain(fields: dict[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in fields.items())


_LAYOUTS = {"delivery": _delivery, "attempt": _attempt}


def _milliseconds(fields: dict[str, object]) -> str:
    return f"{fields['duration_ms']}ms" if "duration_ms" in fields else ""


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, "fields", {})
    return dict(fields)


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _printable(text: str) -> str:
    """Every character that is not printable as its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
