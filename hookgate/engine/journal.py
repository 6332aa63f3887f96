"""What the gateway tells its operator: one structured record for each delivery and attempt.

A record's `fields` are data; `hookgate.cli.logs` renders them as text or JSON. They never hold a
secret, a token, a signature or a payload. Levels: INFO is the gateway at work, WARNING is a
program or a sender that failed, ERROR is the gateway itself unable to do its work.
"""

from __future__ import annotations

import logging
from abc import abstractmethod

from hookgate.model import Accepted, Attempt, Decision, Delivery, Task, TaskStatus

_LONGEST = 200

_log = logging.getLogger("hookgate")


class Ledger(logging.Handler):
    """A handler of the logger ``hookgate`` that takes entries without a `LogRecord` of each.

    Making one, and sending it through filters and handlers, costs more than a decision does.
    """

    @abstractmethod
    def enter(self, level: int, event: str, fields: dict[str, object]) -> None:
        """Take one entry."""


def delivery_decided(
    delivery: Delivery, decision: Decision, outcome: str, tasks: tuple[Task, ...], duration: float
) -> None:
    """A delivery got its answer after `duration` seconds."""
    event = decision.event
    fields: dict[str, object] = {
        "delivery_id": delivery.id,
        "source": delivery.source,
        "event_type": event and _short(event.event_type),
        "outcome": outcome,
        "reason": _short(decision.summary),
        "duration_ms": _milliseconds(duration),
        "peer": delivery.peer,
    }
    if isinstance(decision, Accepted):
        fields["tasks"] = [{"id": t.id, "rule": t.rule, "program": t.program} for t in tasks]
    _tell(logging.INFO, "delivery", fields)


def delivery_refused(source: str, status: int, reason: str, peer: str) -> None:
    """A request was turned away before it became a delivery."""
    fields: dict[str, object] = {
        "source": _short(source),
        "outcome": "refused",
        "reason": reason,
        "status": status,
        "peer": peer,
    }
    _tell(logging.INFO, "delivery", fields)


def callers_turned_away(what: str, count: int, peer: str) -> None:
    """So many callers since the last such line did not get through; `peer` is one of them."""
    _tell(logging.WARNING, "callers", {"reason": what, "count": count, "peer": peer})


def fewer_connections(wanted: int, possible: int) -> None:
    """The process has not the descriptors for as many connections as the rules file allows."""
    reason = "the limit on open files is too low for server.max_connections"
    fields: dict[str, object] = {"reason": reason, "wanted": wanted, "possible": possible}
    _tell(logging.WARNING, "connections", fields)


def delivery_limited(delivery: Delivery, event_type: str, outcome: str, reason: str) -> None:
    """A delivery was one too many of its source; its sender was told to try again."""
    _put_off(logging.INFO, delivery, event_type, outcome, reason)


def delivery_without_room(delivery: Delivery, event_type: str, outcome: str, reason: str) -> None:
    """Too much is pending for another delivery; its sender was told to try again."""
    _put_off(logging.WARNING, delivery, event_type, outcome, reason)


def _put_off(level: int, delivery: Delivery, event_type: str, outcome: str, reason: str) -> None:
    fields: dict[str, object] = {
        "delivery_id": delivery.id,
        "source": delivery.source,
        "event_type": _short(event_type),
        "outcome": outcome,
        "reason": reason,
        "peer": delivery.peer,
    }
    _tell(level, "delivery", fields)


def delivery_not_recorded(delivery: Delivery, outcome: str, reason: str) -> None:
    """The store could not record a delivery; its sender was told to try again."""
    fields: dict[str, object] = {
        "delivery_id": delivery.id,
        "source": delivery.source,
        "outcome": outcome,
        "reason": reason,
        "peer": delivery.peer,
    }
    _tell(logging.ERROR, "delivery", fields)


def fetched(url: str, size: int, duration: float) -> None:
    """Keys were fetched: `size` bytes in `duration` seconds."""
    fields: dict[str, object] = {"url": _short(url), "bytes": size}
    _tell(logging.INFO, "fetched", {**fields, "duration_ms": _milliseconds(duration)})


def fetch_failed(url: str, reason: str) -> None:
    """Keys that a verifier wants could not be fetched."""
    _tell(logging.WARNING, "fetch failed", {"url": _short(url), "reason": _short(reason)})


def subscription_confirmed(source: str) -> None:
    """A sender was told that its deliveries are wanted."""
    _tell(logging.INFO, "subscription confirmed", {"source": source})


def subscription_not_confirmed(source: str, reason: str) -> None:
    """A sender could not be told so, and will not send; it has to ask again."""
    fields: dict[str, object] = {"source": source, "reason": _short(reason)}
    _tell(logging.WARNING, "subscription not confirmed", fields)


def attempt_ended(task: Task, attempt: Attempt, duration: float, wait: float | None) -> None:
    """An attempt took `duration` seconds; after `wait` seconds there is another, None is never."""
    failed = attempt.status is TaskStatus.FAILED
    fields: dict[str, object] = {
        "task_id": task.id,
        "delivery_id": task.delivery_id,
        "source": task.source,
        "program": task.program,
        "attempt": attempt.number,
        "status": attempt.status.value,
        "exit_code": attempt.exit_code,
        "duration_ms": _milliseconds(duration),
    }
    if attempt.exit_code is None:  # otherwise `error` quotes what the program printed
        fields["error"] = attempt.error
    if wait is not None:
        fields["retry_in_s"] = round(wait, 1)
    _tell(logging.WARNING if failed else logging.INFO, "attempt", fields)


def task_given_back(task: Task, reason: str) -> None:
    """A running task went back to pending."""
    _tell(logging.WARNING, "task given back", {"task_id": task.id, "reason": reason})


def store_unavailable(doing: str, reason: str) -> None:
    """The store cannot be written to; what was being done will be tried again."""
    _tell(logging.ERROR, "store unavailable", {"doing": doing, "reason": reason})


def config_in_use(digest: str) -> None:
    """The rules file was read again and is in use."""
    _tell(logging.INFO, "config", {"outcome": "in use", "digest": digest})


def config_refused(reason: str) -> None:
    """The rules file was read again and cannot be used, for this reason among others."""
    _tell(logging.ERROR, "config", {"outcome": "refused", "reason": reason})


def config_needs_restart(key: str) -> None:
    """A key of the rules file has changed whose new value only another process can have."""
    _tell(logging.WARNING, "config", {"outcome": "needs a restart", "key": key})


def store_too_large(size: int, max_size: int) -> None:
    """The store is larger than it may be, and nothing in it can be deleted."""
    _tell(logging.WARNING, "store too large", {"bytes": size, "max_size": max_size})


def worker_ended(process: int, status: int) -> None:
    """A worker has ended unbidden, with this exit code or signal; another takes its place."""
    _tell(logging.ERROR, "worker ended", {"process": process, "status": status})


def runner_broke(task: Task) -> None:
    """A runner raised, which is a fault of hookgate; call it where the exception is handled."""
    _log.error("runner broke", exc_info=True, extra={"fields": {"task_id": task.id}})


def recording_broke(delivery: Delivery) -> None:
    """Recording raised something unforeseen; call it where the exception is handled."""
    fields = {"delivery_id": delivery.id, "source": delivery.source}
    _log.error("recording broke", exc_info=True, extra={"fields": fields})


def loop_broke(doing: str) -> None:
    """A loop of the gateway met something unforeseen and goes on; call it as above."""
    _log.error("loop broke", exc_info=True, extra={"fields": {"doing": doing}})


def _short(text: str | None) -> str | None:
    """What a sender wrote, cut to a length that cannot flood a log."""
    return text if text is None or len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def _tell(level: int, event: str, fields: dict[str, object]) -> None:
    if len(_log.handlers) == 1 and isinstance(ledger := _log.handlers[0], Ledger):
        ledger.enter(level, event, fields)
    else:
        _log.log(level, event, extra={"fields": fields})


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 1)
