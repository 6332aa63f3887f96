"""Log lines on standard error, as text for people or JSON for machines.

Whatever a caller sent is neutralised: no control character reaches a terminal or forges a line.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from select import PIPE_BUF

import orjson

from hookgate.engine.journal import Ledger

_AT_LATEST = 0.005
"""Seconds that a line may wait for others, to be written with them at once."""


def start_logging(*, as_json: bool) -> None:
    """Send what hookgate and its server log to standard error."""
    sink = StandardError(JsonLines() if as_json else TextLines())
    for name, level in (("hookgate", logging.INFO), ("uvicorn", logging.WARNING)):
        logger = logging.getLogger(name)
        logger.handlers = [sink]
        logger.setLevel(level)
        logger.propagate = False


class StandardError(Ledger):
    """Writes lines to standard error, in order: those of a moment together, the last at exit."""

    def __init__(self, lines: Lines) -> None:
        super().__init__()
        self.setFormatter(lines)
        self._lines = lines
        self._waiting: list[str] = []

    def enter(self, level: int, event: str, fields: dict[str, object]) -> None:
        """Write an entry within `_AT_LATEST`."""
        line = self._lines.line(time.time(), logging.getLevelName(level), event, fields)
        if not self._waiting:
            asyncio.get_running_loop().call_later(_AT_LATEST, self.flush)
        self._waiting.append(line)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, which is a rare one, at once."""
        self._waiting.append(self.format(record))
        self.flush()

    def flush(self) -> None:
        """Write what is waiting; `logging` calls this at exit as well."""
        waiting, self._waiting = self._waiting, []
        with suppress(OSError):  # whoever read it has gone; the gateway works on
            for piece in _pieces(waiting):
                sys.stderr.write(piece)


def _pieces(lines: list[str]) -> Iterator[str]:
    """Whole lines, together no more than a pipe takes at once.

    So those of one process are never torn apart by those of another, unless one line alone is
    longer and the pipe is full.
    """
    piece, size = "", 0
    for line in lines:
        length = len(line.encode("utf-8", "surrogatepass")) + 1
        if piece and size + length > PIPE_BUF:
            yield piece
            piece, size = "", 0
        piece, size = f"{piece}{line}\n", size + length
    if piece:
        yield piece


class Lines(logging.Formatter):
    """How entries look."""

    @abstractmethod
    def line(self, at: float, level: str, event: str, fields: dict[str, object]) -> str:
        """An entry made `at` that time, as one line."""

    def format(self, record: logging.LogRecord) -> str:
        """A record as one line, apart from an exception's traceback."""
        fields: dict[str, object] = dict(getattr(record, "fields", {}))
        line = self.line(record.created, record.levelname, record.getMessage(), fields)
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


class JsonLines(Lines):
    """One JSON object a line."""

    def line(self, at: float, level: str, event: str, fields: dict[str, object]) -> str:
        """The entry as JSON."""
        moment = f"{_utc_second(int(at))}.{_millisecond(at)}Z"
        return _json({"time": moment, "level": level.lower(), "event": event, **fields})

    def format(self, record: logging.LogRecord) -> str:
        """A record as JSON, an exception's traceback in it."""
        fields: dict[str, object] = dict(getattr(record, "fields", {}))
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return self.line(record.created, record.levelname, record.getMessage(), fields)


class TextLines(Lines):
    """One line of words; deliveries and attempts have a layout of their own."""

    def line(self, at: float, _: str, event: str, fields: dict[str, object]) -> str:
        """The entry in words."""
        clock = f"{_local_second(int(at))}.{_millisecond(at)}"
        layout = _LAYOUTS.get(event, _plain)
        return _printable(f"{clock} {event:<8} {layout(fields)}")


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
        *([f"again in {fields['retry_in_s']}s"] if "retry_in_s" in fields else []),
    )
    return " ".join(map(str, words))


def _plain(fields: dict[str, object]) -> str:
    return " ".join(f"{name}={value}" for name, value in fields.items())


_LAYOUTS = {"delivery": _delivery, "attempt": _attempt}


def _milliseconds(fields: dict[str, object]) -> str:
    return f"{fields['duration_ms']}ms" if "duration_ms" in fields else ""


def _millisecond(at: float) -> str:
    return f"{int(at * 1000) % 1000:03}"


@lru_cache(maxsize=2)
def _local_second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%H:%M:%S")


@lru_cache(maxsize=2)
def _utc_second(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()[:19]


def _printable(text: str) -> str:
    """Every character that is not printable as its escape."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)
