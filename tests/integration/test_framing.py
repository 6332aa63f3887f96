"""Where a request ends is never in doubt: what could be read in two ways is refused.

Behind each request of these tests comes another one on the same connection. It must be read as
what it is, or not at all, and never as a part of the first one's body, nor the other way round.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hookgate.server.protocol import MAX_PIPELINED
from tests.rules import compiled
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

RULES = """
version: 1
server: {trusted_proxies: [127.0.0.1]}
store: sqlite:hookgate.db
sources:
  open:
    auth: {type: none}
    rules: {}
  token:
    auth: {type: token, token: canary}
    rules: {}
programs: {}
"""

LINE = b"POST /open HTTP/1.1\r\n"
HOST = b"Host: gateway\r\n"
TEXT = b"Content-Type: text/plain\r\n"
HEAD = LINE + HOST + TEXT
SECOND = (
    b"POST /open HTTP/1.1\r\nHost: gateway\r\nContent-Type: text/plain\r\nConnection: close\r\n"
)
SECOND += b"Content-Length: 6\r\n\r\nsecond"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(compiled(RULES, directory=tmp_path)) as started:
        yield started


def statuses(answer: bytes) -> list[int]:
    """The status of every answer."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d+) ", answer)]


async def bodies(served: Served) -> list[bytes]:
    """What was taken for the body of a request, each time."""
    return [delivery.body for delivery in await served.recorded()]


def chunked(*lines: bytes) -> bytes:
    return HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"\r\n".join(lines)


REFUSED = {
    "a length and chunks": HEAD
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunks and a length": HEAD
    + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "two lengths": HEAD + b"Content-Length: 2\r\nContent-Length: 8\r\n\r\n{}",
    "a length twice": HEAD + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "a list of lengths": HEAD + b"Content-Length: 2, 2\r\n\r\n{}",
    "a negative length": HEAD + b"Content-Length: -2\r\n\r\n{}",
    "a length with a sign": HEAD + b"Content-Length: +2\r\n\r\n{}",
    "a hexadecimal length": HEAD + b"Content-Length: 0x2\r\n\r\n{}",
    "an empty length": HEAD + b"Content-Length: \r\n\r\n{}",
    "a length beyond all measure": HEAD + b"Content-Length: " + b"9" * 30 + b"\r\n\r\n{}",
    "a folded field": HEAD + b"X: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "a folded length": HEAD + b"Content-Length:\r\n 2\r\n\r\n{}",
    "bare line feeds": HEAD.replace(b"\r", b"") + b"Content-Length: 2\n\n{}",
    "a bare line feed": HEAD + b"X: a\nContent-Length: 2\r\n\r\n{}",
    "a bare carriage return": HEAD + b"X: a\rContent-Length: 2\r\n\r\n{}",
    "a space behind a name": HEAD + b"Content-Length : 2\r\n\r\n{}",
    "a space in a name": HEAD + b"Content Length: 2\r\n\r\n{}",
    "a space before a name": LINE + b" Host: gateway\r\nContent-Length: 2\r\n\r\n{}",
    "no name": HEAD + b": a\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a value": HEAD + b"X: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "NUL in a name": HEAD + b"X\0: a\r\nContent-Length: 2\r\n\r\n{}",
    "an escape in a value": HEAD + b"X: \x1b[31m\r\nContent-Length: 2\r\n\r\n{}",
    "an unknown coding": HEAD + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding that is none": HEAD + b"Transfer-Encoding: identity\r\n\r\n{}",
    "a coding behind chunked": HEAD + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    "a coding before chunked": HEAD
    + b"Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
    "chunked twice": HEAD
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked behind a control character": HEAD + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "chunks in HTTP/1.0": HEAD.replace(b"1.1", b"1.0")
    + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a negative chunk": chunked(b"-2", b"{}", b"0", b"", b""),
    "a chunk beyond all measure": chunked(b"F" * 20, b"{}", b"0", b"", b""),
    "a chunk with a prefix": chunked(b"0x2", b"{}", b"0", b"", b""),
    "a chunk with a space": chunked(b"2 ", b"{}", b"0", b"", b""),
    "a chunk longer than it says": chunked(b"2", b"{}{}", b"0", b"", b""),
    "a chunk without its end": chunked(b"2", b"{}0", b"", b""),
    "an extension with a line feed": chunked(b"2;a\n{}", b"0", b"", b""),
    "chunks with bare line feeds": HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\n{}\n0\n\n",
    "no host": LINE + b"Content-Length: 2\r\n\r\n{}",
    "two hosts": HEAD + HOST + b"Content-Length: 2\r\n\r\n{}",
    "a target with a fragment": HEAD.replace(b"/open", b"/open#a") + b"Content-Length: 2\r\n\r\n{}",
    "a target that is an authority": HEAD.replace(b"/open", b"x:80") + b"Content-Length: 0\r\n\r\n",
    "a tunnel": HEAD.replace(b"POST /open", b"CONNECT x:80") + b"\r\n",
    "tabs in the first line": HEAD.replace(b" ", b"\t") + b"Content-Length: 2\r\n\r\n{}",
    "HTTP/0.9": b"GET /healthz\r\n\r\n",
    "HTTP/2": HEAD.replace(b"1.1", b"2.0") + b"Content-Length: 2\r\n\r\n{}",
    "an HTTP that does not exist": HEAD.replace(b"1.1", b"1.2") + b"Content-Length: 2\r\n\r\n{}",
    "the first words of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("request_", REFUSED.values(), ids=REFUSED)
async def test_what_could_be_read_in_two_ways_is_refused_and_so_is_all_behind_it(
    served: Served, request_: bytes
) -> None:
    answer = await served.answer_to(request_ + SECOND)
    assert statuses(answer) in ([400], [501], [505])
    assert b"\r\nconnection: close\r\n" in answer
    assert await bodies(served) == []


CHUNKED = b"Transfer-Encoding: chunked\r\n"

TAKEN = {
    "a length": HEAD,
    "chunks": HEAD + CHUNKED,
    "chunked in other letters": HEAD + b"Transfer-Encoding:\tChunked\r\n",
    "an absolute target": HEAD.replace(b"/open", b"http://elsewhere/open"),
    "empty lines before": b"\r\n\r\n" + HEAD,
    "an offer of HTTP/2": HEAD
    + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQ\r\n",
    "an offer with chunks": HEAD + CHUNKED + b"Connection: Upgrade\r\nUpgrade: websocket\r\n",
}
"""Heads without their last lines."""


def parts(head: bytes, body: bytes) -> tuple[bytes, bytes]:
    """A whole head, and the body as it goes over the wire."""
    if b"hunked" in head:
        return head + b"\r\n", b"%x;a=b\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    return head + b"Content-Length: %d\r\n\r\n" % len(body), body


@pytest.mark.parametrize("head", TAKEN.values(), ids=TAKEN)
async def test_what_can_be_read_in_one_way_is_taken_and_so_is_the_next(
    served: Served, head: bytes
) -> None:
    answer = await served.answer_to(b"".join(parts(head, b"first")) + SECOND)
    assert statuses(answer) == [200, 200]
    assert await bodies(served) == [b"first", b"second"]


@pytest.mark.parametrize("head", TAKEN.values(), ids=TAKEN)
async def test_a_body_that_looks_like_a_request_is_a_body_also_when_it_comes_later(
    served: Served, head: bytes
) -> None:
    disguised = SECOND.replace(b"second", b"hidden")
    whole_head, body = parts(head, disguised)
    async with served.connected() as (reader, writer):
        writer.write(whole_head)
        await asyncio.sleep(0.05)  # most likely each is read alone; the answer is the same
        writer.write(body + SECOND)
        assert statuses(await reader.read(-1)) == [200, 200]
    assert await bodies(served) == [disguised, b"second"]


async def test_what_follows_a_request_that_ends_the_connection_is_not_read(served: Served) -> None:
    first = HEAD + b"Connection: close\r\nContent-Length: 5\r\n\r\nfirst"
    assert statuses(await served.answer_to(first + SECOND)) == [200]
    assert await bodies(served) == [b"first"]


@pytest.mark.parametrize("bad", [b"NO HTTP\r\n\r\n", REFUSED["two lengths"], REFUSED["no host"]])
async def test_the_answer_to_a_bad_request_is_not_taken_for_that_of_a_good_one_before_it(
    served: Served, bad: bytes
) -> None:
    good = HEAD + b"Content-Length: 5\r\n\r\nfirst"
    answer = await served.answer_to(good + good + bad)
    assert statuses(answer) == [200, 200]
    assert await bodies(served) == [b"first", b"first"]


async def test_a_request_whose_body_breaks_off_is_refused_behind_one_that_is_answered(
    served: Served,
) -> None:
    good = HEAD + b"Content-Length: 5\r\n\r\nfirst"
    answer = await served.answer_to(good + REFUSED["a chunk longer than it says"])
    assert statuses(answer) == [200]
    assert await bodies(served) == [b"first"]


async def test_only_so_many_requests_may_wait_on_one_connection(served: Served) -> None:
    good = HEAD + b"Content-Length: 5\r\n\r\nfirst"
    answer = await served.answer_to(good * 1000)
    assert set(statuses(answer)) == {200}
    assert len(await bodies(served)) == len(statuses(answer)) <= MAX_PIPELINED + 1


async def test_a_field_behind_the_body_is_no_field(served: Served) -> None:
    """A proxy adds the caller's address to the head, and looks there for what it forbids."""
    trailers = b"0\r\nX-Webhook-Token: canary\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"
    late = chunked(b"5", b"first", trailers)
    assert statuses(await served.answer_to(late + SECOND)) == [200, 200]
    first, _ = await served.recorded()
    assert (first.peer, "x-webhook-token" in first.headers) == ("127.0.0.1", False)
    as_token = late.replace(b"/open", b"/token") + SECOND
    assert statuses(await served.answer_to(as_token))[0] == 401


@pytest.mark.parametrize(
    "endless",
    [b"5;" + b"a" * 9000, b"0\r\nX: " + b"a" * 9000, b"0\r\n" + b"X: a\r\n" * 1000],
    ids=["an extension", "a trailer", "trailers"],
)
async def test_what_is_neither_head_nor_body_has_a_limit_too(
    served: Served, endless: bytes
) -> None:
    head = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = await served.answer_to(head, endless, *[endless[-6:] * 2000] * 2000)
    assert statuses(answer) in ([], [431])


@pytest.mark.parametrize("path", [b"/%6fpen", b"/api%2Fwebhooks%2Fopen", b"/api/tasks%3F"])
async def test_a_path_has_one_spelling(served: Served, path: bytes) -> None:
    odd = HEAD.replace(b"/open", path) + b"Content-Length: 5\r\nConnection: close\r\n\r\nfirst"
    assert statuses(await served.answer_to(odd)) == [404]
    assert await bodies(served) == []
