"""Log lines on standard error, as text for people or JSON for machines.

Whatever a caller sent is neutralised: no control character reaches a terminal or forges a line.
"""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime
from functools import lru_cache

import orjson


def start_logging(*, as_json: bool) -> None:
    """Send what hookgate and its server log to standard error."""
    _leave_out_what_no_line_shows()
    sink = logging.StreamHandler(sys.stderr)
    sink.setFormatter(JsonLines() if as_json else TextLines())
    for name, level in (("hookgate", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [sink]
        logger.setLevel(level)
        logger.propagate = False


def _leave_out_what_no_line_shows() -> None:
    """Logging looks up the calling line, thread and process of each record, at half its cost.

    These are the module's documented switches ("Optimization" in the logging HOWTO).
    """
    logging._srcfile = None
    logging.logThreads = False
    logging.logProcesses = False
    logging.logMultiprocessing = False


class JsonLines(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line: dict[str, object] = {
            "time": f"{_second(int(record.created)).isoformat()[:19]}.{_millisecond(record)}Z",
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _json(line)


class TextLines(logging.Formatter):
    """One line of words; deliveries and attempts have a layout of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as one line, apart from an exception's traceback."""
        fields = _fields(record)
        event = record.getMessage()
        layout = _LAYOUTS.get(event, _plain)
        line = _printable(f"{_clock(record)} {event:<8} {layout(fields)}")
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line


def _json(line: dict[str, object]) -> str:
    try:
        text = orjson.dumps(line)
    except orjson.JSONEncodeError:  # a lone surrogate
        return json.dumps(line)
    return text.decode() if text.isascii() and b"\x7f" not in text else json.dumps(line)


def _delivery(fields: dict[str, object]) -> str:
    words = (
        fields["source"],
        fields.get("event_type") or "-",
        fields["outcome"],
        fields.get("delivery_id"),
        _targets(fields) or fields["reason"],
        _milliseconds(fields),
        f"peer {fields['peer']}" if fields.get("peer") else None,
    )
    return " ".join([str(word) for word in words if word])


def _targets(fields: dict[str, object]) -> str:
    tasks = fields.get("tasks")
    if not isinstance(tasks, list):
        return ""
    return ", ".join([f"rule {task['rule']} -> {task['program']} {task['id']}" for task in tasks])


def _attempt(fields: dict[str, object]) -> str:
    exit_code = fields["exit_code"]
    words = (
        fields["program"],
        fields["status"],
        fields["task_id"],
        f"#{fields['attempt']}",
        fields["error"] if exit_code is None else f"exit {exit_code}",
        _milliseconds(fields),
    )
    return " ".join(map(str, words))


def _plain(fields: dict[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in fields.items())


_LAYOUTS = {"delivery": _delivery, "attempt": _attempt}


def _milliseconds(fields: dict[str, object]) -> str:
    return f"{fields['duration_ms']}ms" if "duration_ms" in fields else ""


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields: dict[str, object] = getattr(record, "fields", {})
    return fields


def _clock(record: logging.LogRecord) -> str:
    return f"{_local_second(int(record.created))}.{_millisecond(record)}"


def _millisecond(record: logging.LogRecord) -> str:
    return f"{int(record.created * 1000) % 1000:03}"


@lru_cache(maxsize=2)
def _local_second(at: int) -> str:
    return _second(at).astimezone().strftime("%H:%M:%S")


@lru_cache(maxsize=2)
def _second(at: int) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _printable(text: str) -> str:
    """Every character that is not printable as its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
