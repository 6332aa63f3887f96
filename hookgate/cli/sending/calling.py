"""Sending a request over HTTP and reading the answer, within limits."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection

from msgspec import Struct

from hookgate import __version__
from hookgate.auth.encodings import header_bytes
from hookgate.cli.sending.target import Target
from hookgate.model import Delivery

MAX_ANSWER = 1024 * 1024
"""How many bytes of an answer's body are read."""

OF_THE_FRAME = frozenset({"connection", "content-length", "transfer-encoding"})
"""Headers that follow from the request, so that nobody may give them; in lower case."""

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_IN_A_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Answer(Struct, frozen=True):
    """What came back; header names are in lower case. Of a long body only the beginning is kept."""

    status: int
    phrase: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def good(self) -> bool:
        """Whether it is a 2xx."""
        return 200 <= self.status < 300


class Unreachable(Struct, frozen=True):
    """Why there is no answer."""

    reason: str


def header_fault(headers: Mapping[str, str]) -> str | None:
    """Why headers cannot be sent, or None where they can. A value is never told."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            return f"{name!r} is not the name of a header"
        if _NOT_IN_A_VALUE.search(value):
            return f"the value of header {name} holds a control character"
        if name in OF_THE_FRAME:
            return f"header {name} is set by itself"
    return None


def call(target: Target, delivery: Delivery, seconds: float) -> Answer | Unreachable:
    """Send a request whose headers have no fault; redirects are not followed.

    `seconds` is how long to wait for the connection, and then for each part of the answer.
    """
    headers: dict[str, str | bytes] = {"user-agent": f"hookgate/{__version__}"}
    headers |= {name: header_bytes(value) for name, value in delivery.headers.items()}
    connection = _connection(target, seconds)
    try:
        connection.connect()
        with suppress(BrokenPipeError, ConnectionResetError):  # there may be an answer already
            selector = target.selector(delivery.query)
            connection.request(delivery.method, selector, delivery.body, headers)
        return _read(connection.getresponse())
    except TimeoutError:
        return Unreachable(f"no answer within {seconds:g} s")
    except ssl.SSLCertVerificationError as error:
        return Unreachable(f"its certificate is not trusted: {error.verify_message}")
    except ssl.SSLError as error:
        return Unreachable(f"TLS failed: {error.reason or 'no reason given'}")
    except HTTPException as error:
        return Unreachable(f"it did not answer in HTTP ({type(error).__name__})")
    except OSError as error:
        known = os.strerror(error.errno) if error.errno and error.errno > 0 else None
        return Unreachable(known or error.strerror or type(error).__name__)
    finally:
        connection.close()


def _connection(target: Target, seconds: float) -> HTTPConnection:
    if target.secure:
        context = ssl.create_default_context()
        return HTTPSConnection(target.host, target.port, timeout=seconds, context=context)
    return HTTPConnection(target.host, target.port, timeout=seconds)


def _read(response: HTTPResponse) -> Answer:
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return Answer(response.status, response.reason, headers, response.read(MAX_ANSWER))
