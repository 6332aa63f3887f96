"""From a case to the delivery that it describes."""

from __future__ import annotations

from hookgate.core.config import FromHeader, FromQuery, Source
from hookgate.core.ids import ticks, uuid7
from hookgate.engine.captured import Capture, read_capture
from hookgate.engine.outgoing import Unsendable, placed
from hookgate.engine.signing import Unsignable, signed
from hookgate.loading.cases import Case
from hookgate.model import Delivery

RECEIVED_AT = 1_767_225_600.0
"""When requests arrive that do not say when: 2026-01-01T00:00:00Z, so that no run is unlike others.

Seconds since the epoch.
"""

PEER = "127.0.0.1"
"""Who calls where a case does not say who."""


def delivery_of(case: Case, source: Source) -> Delivery | Unsendable:
    """The delivery that a case describes, as it would reach `source`."""
    if case.fault is not None:
        return Unsendable(case.fault)
    delivery = _with_event_type(_delivery(case), case.event_type, source)
    if not case.sign:
        return delivery
    found = signed(delivery, source)
    return Unsendable(found.reason) if isinstance(found, Unsignable) else found


def _delivery(case: Case) -> Delivery:
    captured = Capture(b"") if case.delivery is None else read_capture(case.delivery)
    received_at = _first(case.received_at, captured.received_at, RECEIVED_AT)
    return Delivery(
        id=uuid7(ticks(received_at), 0),
        source=case.source,
        received_at=received_at,
        method=case.method or captured.method,
        path=f"/{case.source}",
        query={**captured.query, **case.query},
        headers={**captured.headers, **case.headers},
        body=captured.body if case.body is None else case.body,
        peer=case.remote_address or captured.peer or PEER,
    )


def _first(*times: float | None) -> float:
    return next(time for time in times if time is not None)


def _with_event_type(delivery: Delivery, event_type: str | None, source: Source) -> Delivery:
    """The event type in the first header or parameter where the source looks for one."""
    if event_type is None:
        return delivery
    for choice in source.event_type:
        if isinstance(choice, FromHeader | FromQuery):
            return placed(delivery, choice, event_type) or delivery
    return delivery
