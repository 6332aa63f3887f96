"""The request that a sender would make now, as far as it is not signed yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from msgspec import Struct, field
from msgspec.structs import replace

from hookgate.auth.forms import is_form
from hookgate.auth.signature import SignatureAuth
from hookgate.core.config import Choice, FromHeader, FromPath, FromQuery, Selector, Source
from hookgate.core.selectors import describe, select_text, view_of
from hookgate.engine.captured import Capture
from hookgate.engine.redaction import REDACTED
from hookgate.engine.rewriting import as_form, with_value
from hookgate.engine.signing import signing_time
from hookgate.expr.values import MalformedJSON, parse_json
from hookgate.loading.auth import BodyText
from hookgate.loading.sender_auth import read_payload
from hookgate.model import Delivery

_OF_THE_CONNECTION = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers of a captured delivery that are about how it travelled, in lower case."""


class Given(Struct, frozen=True):
    """What goes before the captured request; header names are in lower case."""

    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    event_type: str | None = None
    event_id: str | None = None


class Unsendable(Struct, frozen=True):
    """Why a request cannot be made."""

    reason: str


class Outgoing(Struct, frozen=True):
    """A request; `put` tells what was put into its body.

    `exact` tells that its body is a bare payload as it was given, byte by byte.
    """

    delivery: Delivery
    put: tuple[str, ...]
    exact: bool


_Change: TypeAlias = Callable[[Delivery], Delivery | Unsendable]


def outgoing(
    capture: Capture, given: Given, source: Source, delivery_id: str, at: float
) -> Outgoing | Unsendable:
    """What `source` would be sent at the time `at`.

    Of a captured request its credentials, the times that were signed, and what belongs to its
    connection are left out. An event id in a header is `delivery_id` where there is none yet.
    """
    found = _delivery(capture, given, source, delivery_id, at)
    if isinstance(found, Unsendable):
        return found
    changes: dict[str, _Change] = {
        "the time": lambda delivery: _with_times(delivery, source),
        "the event type": lambda delivery: _with_event_type(delivery, given.event_type, source),
        "the event id": lambda delivery: _with_event_id(delivery, given.event_id, source),
    }
    put = []
    for what, change in changes.items():
        changed = change(found)
        if isinstance(changed, Unsendable):
            return changed
        if changed.body != found.body:
            put.append(what)
        found = changed
    return Outgoing(found, tuple(put), capture.bare and found.body == capture.body)


def placed(delivery: Delivery, choice: Choice, text: str) -> Delivery | None:
    """The delivery with a text where a choice looks for it; None where nothing can be put."""
    match choice:
        case FromHeader(_, key):
            return replace(delivery, headers={**delivery.headers, key: text})
        case FromQuery(name):
            return replace(delivery, query={**delivery.query, name: text})
        case FromPath(path):
            return with_value(delivery, path, text)
    return None


def found_in(delivery: Delivery, selector: Selector, source: Source) -> str | None:
    """What a selector of the source finds in a request."""
    return select_text(selector, view_of(source, delivery, read_payload(delivery)))


# --- the parts of the request ---------------------------------------------------------------


def _delivery(
    capture: Capture, given: Given, source: Source, delivery_id: str, at: float
) -> Delivery | Unsendable:
    left_out = _OF_THE_CONNECTION | source.private_headers | _headers_with_times(source)
    media_type = {"content-type": "application/json"} if capture.bare and capture.body else {}
    delivery = Delivery(
        id=delivery_id,
        source=source.name,
        received_at=at,
        method=_method(capture, source),
        path=f"/api/webhooks/{source.name}",
        query={**_kept(capture.query, source.private_query), **given.query},
        headers={**media_type, **_kept(capture.headers, left_out), **given.headers},
        body=capture.body,
        peer="",
    )
    return _as_form(delivery) if is_form(delivery) else delivery


def _method(capture: Capture, source: Source) -> str:
    wanted = (capture.method, "POST", *sorted(source.methods))
    return next(method for method in wanted if method in source.methods)


def _kept(captured: Mapping[str, str], left_out: frozenset[str]) -> dict[str, str]:
    return {
        name: value
        for name, value in captured.items()
        if name not in left_out and value != REDACTED
    }


def _as_form(delivery: Delivery) -> Delivery | Unsendable:
    """The delivery with a body that is JSON written as the form that it is to be."""
    try:
        payload = parse_json(delivery.body)
    except MalformedJSON:
        return delivery
    body = as_form(payload)
    if body is None:
        return Unsendable("the payload is JSON, but no object, and cannot be sent as a form")
    return replace(delivery, body=body)


# --- what is put into it --------------------------------------------------------------------


def _signatures(source: Source) -> list[SignatureAuth]:
    return [verifier for verifier in source.auth if isinstance(verifier, SignatureAuth)]


def _headers_with_times(source: Source) -> frozenset[str]:
    times = [auth.timestamp for auth in _signatures(source) if auth.timestamp is not None]
    return frozenset(time.header.lower() for time in times if time.header is not None)


def _with_times(delivery: Delivery, source: Source) -> Delivery | Unsendable:
    """The delivery with the present time where the sender signs a time in its body."""
    for auth in _signatures(source):
        if auth.timestamp is None or not isinstance(auth.timestamp.path, BodyText):
            continue
        path, at = auth.timestamp.path.path, delivery.received_at
        changed = with_value(delivery, path, signing_time(at, auth.timestamp.unit))
        if changed is None:
            return Unsendable(f"the time of signing has no place in this body, at {path.text}")
        delivery = changed
    return delivery


def _with_event_type(
    delivery: Delivery, event_type: str | None, source: Source
) -> Delivery | Unsendable:
    if event_type is None:
        return delivery
    return _with_selected(delivery, source.event_type, event_type, source, "event type")


def _with_event_id(
    delivery: Delivery, event_id: str | None, source: Source
) -> Delivery | Unsendable:
    if event_id is not None:
        return _with_selected(delivery, source.event_id, event_id, source, "event id")
    if found_in(delivery, source.event_id, source) is None:
        for choice in source.event_id:
            if isinstance(choice, FromHeader | FromQuery):
                return placed(delivery, choice, delivery.id) or delivery
    return delivery


def _with_selected(
    delivery: Delivery, selector: Selector, text: str, source: Source, what: str
) -> Delivery | Unsendable:
    """The delivery in which the selector finds a text.

    That is put where the selector finds something now, or else in the first place that can hold it.
    """
    if found_in(delivery, selector, source) == text:
        return delivery
    present = [choice for choice in selector if found_in(delivery, (choice,), source) is not None]
    for choice in present[:1] or selector:
        changed = placed(delivery, choice, text)
        if changed is not None and found_in(changed, selector, source) == text:
            return changed
    if not selector:
        return Unsendable(f"this source has no {what}")
    places = ", ".join(map(describe, selector))
    return Unsendable(f"the {what} cannot be set: this source takes it from {places}")
