"""The bounds on what a caller may send, on real connections."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from hookgate.server import protocol
from tests.rules import compiled
from tests.serving import Served, serving

pytestmark = pytest.mark.anyio

RULES = """
version: 1
store: sqlite:hookgate.db
sources:
  empty:
    auth: {type: none}
    respond: {status: 204}
    rules: {"*": [{program: act}]}
programs: {act: {command: act}}
"""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(compiled(RULES, directory=tmp_path)) as started:
        yield started


ENDLESS = 2000
"""Pieces of 9 KB: more than the buffers of a connection hold, so sending them all would hang."""

TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
LINE = b"POST /empty HTTP/1.1\r\nHost: x\r\n"


async def test_a_head_that_never_ends_is_cut_off(served: Served) -> None:
    answer = await served.answer_to(LINE, *[b"a: " + b"x" * 9000 + b"\r\n"] * ENDLESS)
    assert answer == b"" or answer.startswith(TOO_LARGE)


async def test_a_field_that_never_ends_is_cut_off(served: Served) -> None:
    answer = await served.answer_to(LINE + b"a: ", *[b"x" * 9000] * ENDLESS)
    assert answer == b"" or answer.startswith(TOO_LARGE)


async def test_a_request_line_that_never_ends_is_cut_off(served: Served) -> None:
    answer = await served.answer_to(b"GET /", *[b"x" * 9000] * ENDLESS)
    assert answer == b"" or answer.startswith(TOO_LARGE)


async def test_a_head_that_is_large_but_whole_is_refused_too(served: Served) -> None:
    fields = b"".join(b"f%d: %s\r\n" % (n, b"x" * 1000) for n in range(90))
    answer = await served.answer_to(LINE + fields + b"Content-Length: 0\r\n\r\n")
    assert answer.startswith(TOO_LARGE)


async def test_too_many_fields_are_refused(served: Served) -> None:
    answer = await served.answer_to(LINE + b"a:b\r\n" * 101 + b"Content-Length: 0\r\n\r\n")
    assert answer.startswith(TOO_LARGE)


async def test_an_ordinary_head_is_served_and_the_next_one_too(served: Served) -> None:
    async with served.connected() as (reader, writer):
        for _ in range(2):
            fields = b"f: " + b"x" * 40_000 + b"\r\n" + b"a:b\r\n" * 50
            writer.write(LINE + fields + b"Content-Length: 2\r\n\r\n{}")
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")


@pytest.mark.parametrize("begun", [b"", b"\r\n", b"POST /em", LINE, LINE + b"Content-Le"])
async def test_a_head_that_does_not_come_in_time_is_not_waited_for(
    served: Served, begun: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "CALLER_SECONDS", 0.2)
    assert await served.answer_to(begun) == b""


async def test_a_second_head_has_a_limit_as_well(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "CALLER_SECONDS", 0.2)
    answer = await served.answer_to(LINE + b"Content-Length: 2\r\n\r\n{}", LINE)
    assert answer.count(b"HTTP/1.1") == 1


async def test_an_answer_without_content_ends_with_its_head(served: Served) -> None:
    """Otherwise what follows it would be read as the answer to the next request."""
    body = b"{}"
    async with served.connected() as (reader, writer):
        writer.write(LINE + b"Content-Length: %d\r\n\r\n" % len(body) + body)
        head = await reader.readuntil(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 204 ")
        assert b"content-length" not in head.lower()
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
