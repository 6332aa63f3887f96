"""Forms as ``multipart/form-data`` (RFC 7578): their text fields; files are passed over.

The parts are found by the library `multipart` in its strict mode. Beside that, nothing may stand
before the first boundary or after the last, and no part may be encoded or have a header twice: what
two readers take differently can be used to show each something else.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multipart import MultipartSegment, PushMultipartParser

_MAX_BOUNDARY = 70
"""The length of a boundary (RFC 2046, 5.1.1)."""

_MAX_HEADERS = 8
_MAX_HEADER = 4096
_NOT_ENCODED = frozenset({"7bit", "8bit", "binary"})


class MalformedForm(ValueError):  # noqa: N818 - it names the state of affairs
    """The body is not a form of this kind; the message says why."""


def multipart_fields(content_type: str, raw: bytes, max_fields: int) -> list[tuple[str, str]]:
    """The name and the text of every part that is no file, in order.

    `content_type` is the whole header. Raises `MalformedForm`, also for more than `max_fields`
    parts and for text that is not UTF-8.
    """
    # Imported only where it is needed: few senders send such forms.
    from multipart import MultipartError, PushMultipartParser, parse_options_header

    named = parse_options_header(content_type)[1].get("boundary", "")
    boundary = named.encode("utf-8", "surrogatepass")
    if not 0 < len(boundary) <= _MAX_BOUNDARY:
        raise MalformedForm("its Content-Type names no boundary")
    end = _end(boundary, raw)
    try:
        parser = PushMultipartParser(
            boundary,
            max_header_size=_MAX_HEADER,
            max_header_count=_MAX_HEADERS,
            max_segment_count=max_fields,
            strict=True,
        )
        parts = _parts(parser, raw[:end], raw[end:])
        return [_field(part, content) for part, content in parts if part.filename is None]
    except MultipartError as error:
        # The first argument is the library's own words; a second one may hold what was sent.
        raise MalformedForm(str(error.args[0]).lower()) from None


def _end(boundary: bytes, raw: bytes) -> int:
    """Where the boundary after the last part begins."""
    last = b"\r\n--" + boundary + b"--"
    end = raw.rfind(last)
    if not raw.startswith(b"--" + boundary) or raw[end:] not in (last, last + b"\r\n"):
        raise MalformedForm("it does not begin and end with its boundary")
    return end


def _parts(parser: PushMultipartParser, *chunks: bytes) -> Iterator[tuple[MultipartSegment, bytes]]:
    """Every part and what it holds. What comes after the last is a fault in a chunk of its own."""
    part, content = None, b""
    with parser:
        for event in chain.from_iterable(map(parser.parse, chunks)):
            if isinstance(event, bytes | bytearray):
                content += event
            elif event is not None:
                part, content = event, b""
            elif part is not None:
                yield part, content


def _field(part: MultipartSegment, content: bytes) -> tuple[str, str]:
    names = [name for name, _ in part.headerlist]
    if len(set(names)) < len(names):
        raise MalformedForm("a part of it has a header twice")
    if part.header("Content-Transfer-Encoding", "binary").lower() not in _NOT_ENCODED:
        raise MalformedForm("a part of it has a transfer encoding")
    try:
        return part.name, content.decode("utf-8")
    except UnicodeDecodeError:
        raise MalformedForm("it holds text that is not UTF-8") from None
