"""Request bodies: from media type and raw bytes to a payload."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from msgspec import Struct

from hookgate.auth.forms import MAX_FORM_FIELDS, form_fields
from hookgate.core.multipart import MalformedForm, multipart_fields
from hookgate.expr.values import MalformedJSON, json_bytes, json_text, parse_json
from hookgate.model import JSON, Rejection

_UTF_8 = frozenset({"", "utf-8", "utf8", "us-ascii", "ascii"})


class Body(Struct, frozen=True):
    """A payload, and its text as the sender wrote it.

    For a form with a ``payload`` field that is the field's text, for any other form it is compact
    JSON of the fields.
    """

    payload: JSON
    text: str


class BodyFault(Struct, frozen=True):
    """Why a body cannot be read."""

    rejection: Rejection
    message: str


def read_body(
    headers: Mapping[str, str], raw: bytes, content_type: str | None = None
) -> Body | BodyFault:
    """Read a body by its Content-Type: JSON (also where none is named), form of either kind, text.

    `content_type` goes before what the headers say. An empty body of no named type has the payload
    None. Content codings such as gzip are refused: a few bytes can unfold into gigabytes.
    """
    coding = headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        return BodyFault(Rejection.MEDIA_TYPE, f"content coding {coding[:40]!r} is not accepted")
    content_type = content_type or headers.get("content-type", "")
    media_type, charset = _content_type(content_type)
    if charset not in _UTF_8:
        return BodyFault(Rejection.MEDIA_TYPE, f"charset {charset[:40]!r} is not accepted")
    if not media_type and not raw:
        return Body(None, "")
    if _is_json(media_type):
        return _read_json(raw)
    if media_type == "application/x-www-form-urlencoded":
        return _read_form(raw)
    if media_type == "multipart/form-data":
        return _read_multipart(content_type, raw)
    if media_type.startswith("text/"):
        return _read_text(raw)
    return BodyFault(Rejection.MEDIA_TYPE, f"media type {media_type[:80]!r} is not accepted")


def payload_as_json(
    headers: Mapping[str, str], raw: bytes, content_type: str | None = None
) -> bytes:
    """The payload of a body that was read before, as JSON; null where it cannot be read now."""
    media_type, _ = _content_type(content_type or headers.get("content-type", ""))
    if raw and _is_json(media_type):
        return raw
    body = read_body(headers, raw, content_type)
    return json_bytes(body.payload) if isinstance(body, Body) else b"null"


def _is_json(media_type: str) -> bool:
    return not media_type or media_type.endswith(("/json", "+json"))


@lru_cache(maxsize=32)
def _content_type(header: str) -> tuple[str, str]:
    """The media type and its charset parameter, in lower case (RFC 9110, 8.3.1)."""
    media_type, _, parameters = header.partition(";")
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip().lower() == "charset":
            return media_type.strip().lower(), value.strip().strip('"').lower()
    return media_type.strip().lower(), ""


def _read_json(raw: bytes) -> Body | BodyFault:
    if not raw:
        return _malformed("the body is empty")
    try:
        return Body(parse_json(raw), raw.decode("utf-8"))
    except MalformedJSON as error:
        return _malformed(f"the body is not valid JSON: {error}")


def _read_text(raw: bytes) -> Body | BodyFault:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        return _malformed(f"the body is not UTF-8 at byte {error.start}")
    return Body(text, text)


def _read_form(raw: bytes) -> Body | BodyFault:
    fields = form_fields(raw)
    return _malformed(fields) if isinstance(fields, str) else _from_fields(fields)


def _read_multipart(content_type: str, raw: bytes) -> Body | BodyFault:
    try:
        return _from_fields(multipart_fields(content_type, raw, MAX_FORM_FIELDS))
    except MalformedForm as error:
        return _malformed(f"the form cannot be read: {error}")


def _from_fields(pairs: list[tuple[str, str]]) -> Body | BodyFault:
    """A field named payload that holds an object or a list is the payload; else all fields are."""
    fields = _grouped(pairs)
    embedded = fields.get("payload")
    if isinstance(embedded, str) and embedded.lstrip().startswith(("{", "[")):
        return _read_embedded(embedded)
    return Body(fields, json_text(fields))


def _grouped(pairs: list[tuple[str, str]]) -> dict[str, JSON]:
    """Each field's value; a list where a field is repeated."""
    values: dict[str, list[JSON]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    return {name: found[0] if len(found) == 1 else found for name, found in values.items()}


def _read_embedded(text: str) -> Body | BodyFault:
    try:
        return Body(parse_json(text.encode("utf-8")), text)
    except MalformedJSON as error:
        return _malformed(f"the form's payload field is not valid JSON: {error}")


def _malformed(message: str) -> BodyFault:
    return BodyFault(Rejection.MALFORMED, message)
