"""Handshakes: how senders make sure that a URL is ours, and what each is answered.

Most of them come unsigned, so anybody can ask for the answer. It must be of no use to others: what
a caller sent goes back only as plain text, as a value of a JSON object or as a header, is short,
and holds no character that means something to a page, a header or a payload.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Iterable, Iterator
from typing import TypeAlias

from msgspec.structs import replace

from hookgate.auth.forms import body_or_field
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.templates import BodyOrForm
from hookgate.auth.verifier import Verifier
from hookgate.core.authenticate import Ask, unauthentic
from hookgate.core.bodies import Body, read_body
from hookgate.core.config import (
    FromPath,
    FromValue,
    Handshake,
    HmacOf,
    ReplyValue,
    Requirement,
    Source,
)
from hookgate.core.selectors import View, describe, look_up, select, view_of
from hookgate.expr.paths import Found
from hookgate.expr.values import text_of
from hookgate.model import (
    JSON,
    Answered,
    Authentication,
    AuthResult,
    AuthStep,
    Delivery,
    Rejected,
    Rejection,
    Reply,
)

MAX_VALUE = 1024
"""Characters of a value that is sent back, or that an HMAC is made of."""

MAX_UNSIGNED_BODY = 64 * 1024
"""Bytes of a body that is read before its sender has proved anything."""

# The characters of a URI (RFC 3986, 2) and the space, but for quotes, brackets, & and %: enough for
# what senders are known to send, and too little for HTML, a header field or a JSON object.
_PLAIN = "A-Za-z0-9 ._~:/?#@!$()*+,;="
_VALUE = re.compile(rf"[{_PLAIN}-]{{1,{MAX_VALUE}}}")
_SIGNED = re.compile(rf"[{_PLAIN}-]{{0,{MAX_VALUE}}}".encode())

_EMPTY = (b"", b"{}")
_SIGNED_FOR_ANYBODY = "a handshake of this source signs such a body for anybody"

Outcome: TypeAlias = Answered | Rejected | None
"""What becomes of a handshake; None where the delivery is none."""


def before_auth(source: Source, delivery: Delivery, ask: Ask) -> Outcome:
    """Deal with a handshake that has an auth of its own, by which `ask` judges the credentials.

    A method that is open to handshakes alone ends here as well.
    """
    handshakes = [each for each in source.handshakes if each.method == delivery.method]
    for handshake in handshakes:
        if handshake.auth is None:
            continue
        view = _unsigned_view(handshake, source, delivery)
        if view is not None and _is_met(handshake.when, view):
            auth = ask(handshake.auth)
            if auth.result is AuthResult.FAILED:
                return unauthentic(auth)
            return _answered(handshake, source, view, auth)
    if any(handshake.auth is None for handshake in handshakes):
        return None
    return _wrong_method(source, delivery, Authentication(AuthResult.SKIPPED))


def after_auth(source: Source, delivery: Delivery, view: View, auth: Authentication) -> Outcome:
    """Deal with a handshake that only the source's own sender can make, once that is proved."""
    for handshake in source.handshakes:
        own = handshake.auth is None and handshake.method == delivery.method
        if own and _is_met(handshake.when, view):
            return _answered(handshake, source, view, auth)
    if _is_signed_for_anybody(source, delivery):
        step = AuthStep("handshake", passed=False, reason=_SIGNED_FOR_ANYBODY)
        return unauthentic(Authentication(AuthResult.FAILED, (step,)))
    return _wrong_method(source, delivery, auth)


# --- whether it is one ----------------------------------------------------------------------


def _unsigned_view(handshake: Handshake, source: Source, delivery: Delivery) -> View | None:
    """What a handshake may see of a delivery whose sender is not known yet; None where it is none.

    The body is read only where that is needed, it is small and all else fits. Where it is not
    needed it must be empty: what brings a payload is an event.
    """
    view = view_of(source, delivery, None)
    others = [each for each in handshake.when if not isinstance(each.place, FromPath)]
    if not _is_met(others, view):
        return None
    if not handshake.reads_payload:
        return view if delivery.body.strip() in _EMPTY else None
    if len(delivery.body) > MAX_UNSIGNED_BODY:
        return None
    body = read_body(delivery.headers, delivery.body, source.content_type)
    return replace(view, payload=body.payload) if isinstance(body, Body) else None


def _is_met(when: Iterable[Requirement], view: View) -> bool:
    return all(_holds(requirement, view) for requirement in when)


def _holds(requirement: Requirement, view: View) -> bool:
    value = select((requirement.place,), view)
    match requirement.test:
        case "absent":
            return value is None
        case "present":
            return value not in (None, "")
        case "equal":
            # In Python True == 1.
            same_kind = isinstance(value, bool) == isinstance(requirement.value, bool)
            return same_kind and value == requirement.value


def _wrong_method(source: Source, delivery: Delivery, auth: Authentication) -> Rejected | None:
    method = delivery.method
    if method in source.methods or method not in source.handshake_methods:
        return None
    detail = f"{method} is for handshakes alone, and this is none"
    return Rejected(auth, Rejection.METHOD, f"{method} is not accepted here", detail)


# --- the answer -----------------------------------------------------------------------------


def _answered(
    handshake: Handshake, source: Source, view: View, auth: Authentication
) -> Answered | Rejected:
    key = _key(source)
    fault = next(filter(None, (_fault(value, view, key) for value in handshake.values)), None)
    if fault is not None:
        message = f"the handshake cannot be answered: {fault}"
        return Rejected(auth, Rejection.MALFORMED, message, message)
    text, fields = handshake.text, handshake.json
    reply = Reply(
        status=handshake.status,
        headers={name: text_of(_fill(v, view, key)) for name, v in handshake.headers.items()},
        text=None if text is None else text_of(_fill(text, view, key)),
        json=None if fields is None else {k: _fill(v, view, key) for k, v in fields.items()},
    )
    return Answered(auth, reply, f"handshake: {handshake.shown}")


def _key(source: Source) -> bytes:
    """The first secret that the source's sender signs with; empty where none is known."""
    return next((secret for each in hmac_signatures(source.auth) for secret in each.secrets), b"")


def hmac_signatures(auth: tuple[Verifier, ...]) -> list[SignatureAuth]:
    """Those of a source's verifiers whose secrets make HMACs."""
    signatures = [each for each in auth if isinstance(each, SignatureAuth) and each.keyed]
    return [each for each in signatures if each.public_keys is None]


def _fault(value: ReplyValue, view: View, key: bytes) -> str | None:
    """Why a value cannot be sent back."""
    if isinstance(value.place, FromValue):
        return None
    place, found = describe(value.place), look_up(value.place, view)
    if not isinstance(found, Found) or found.value == "":
        return f"{place} is missing"
    if not isinstance(found.value, str):
        return f"{place} is not text"
    if len(found.value) > MAX_VALUE:
        return f"{place} is longer than {MAX_VALUE} characters"
    if not _VALUE.fullmatch(found.value):
        return f"{place} holds characters that are not sent back"
    if value.hmac is not None and not key:
        return "the secret for the HMAC in it is not known"
    return None


def _fill(value: ReplyValue, view: View, key: bytes) -> JSON:
    """A value that has no fault."""
    found = look_up(value.place, view)
    assert isinstance(found, Found)  # noqa: S101 - else that would have been its fault
    return found.value if value.hmac is None else _hmac(value.hmac, text_of(found.value), key)


def _hmac(how: HmacOf, text: str, key: bytes) -> str:
    digest = hmac.digest(key, text.encode("ascii"), how.algorithm)
    encoded = digest.hex() if how.encoding == "hex" else base64.b64encode(digest).decode("ascii")
    return how.prefix + encoded


# --- what it must not be used for -----------------------------------------------------------


def _is_signed_for_anybody(source: Source, delivery: Delivery) -> bool:
    """Whether the delivery is one whose signature anybody can have got from a handshake.

    Whatever is signed holds the body. So where a handshake makes HMACs for people who have proved
    nothing, a body of no other characters than those it makes them of is one that they can forge.
    """
    if not any(handshake.signs_for_others for handshake in source.handshakes):
        return False
    return any(_SIGNED.fullmatch(part) for part in _signed_parts(source, delivery))


def _signed_parts(source: Source, delivery: Delivery) -> Iterator[bytes]:
    """The body, and the field of a form that is signed in its place."""
    yield delivery.body
    signatures = (each for each in source.auth if isinstance(each, SignatureAuth))
    for slot in (slot for each in signatures for slot in each.template.slots):
        field = body_or_field(delivery, slot.field) if isinstance(slot, BodyOrForm) else ""
        if isinstance(field, bytes):
            yield field
