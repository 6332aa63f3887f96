"""The short way of a delivery that arrives whole, and when the ordinary way is taken instead."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.server.told import BODY, Connect, Told, request, run


def exchange(*pieces: bytes) -> bytes:
    """The body of the answer to a request that arrives in these pieces, each a read of its own."""
    told: list[bytes] = []

    async def check(_: Told, connect: Connect) -> None:
        line = await connect()
        for piece in pieces:
            line.writer.write(piece)
            await line.writer.drain()
            await asyncio.sleep(0.02)  # most likely each is read alone; the answer is the same
        told.append((await line.answer())[1])
        line.writer.close()

    run(check)
    return told[0]


def test_a_delivery_that_arrives_whole_takes_the_short_way() -> None:
    assert exchange(request()) == b"direct /s 2 127.0.0.1 " + BODY


def test_a_body_in_chunks_is_put_together() -> None:
    head = b"POST /s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    whole = head + b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    assert exchange(whole) == b"direct /s 2 127.0.0.1 abcde"


@pytest.mark.parametrize(
    "whole",
    [
        request("/ordinary"),
        request(method="PUT"),
        request("/s", BODY, "POST", "Expect: 100-continue").replace(BODY, b"", 1) + BODY,
    ],
    ids=["declined", "another method", "expecting"],
)
def test_what_is_not_for_the_short_way_takes_the_ordinary_one(whole: bytes) -> None:
    told = exchange(whole)
    assert told == b"" or told.startswith(b"ordinary ")


@settings(max_examples=10, deadline=None)
@given(st.integers(1, len(request()) - 1))
def test_a_request_cut_anywhere_is_answered_as_one_that_is_not(cut: int) -> None:
    told = exchange(request()[:cut], request()[cut:])
    assert told in (b"direct /s 2 127.0.0.1 " + BODY, b"ordinary /s " + BODY)


def test_requests_that_come_together_are_answered_in_their_order() -> None:
    async def check(app: Told, connect: Connect) -> None:
        app.gate.clear()
        line = await connect()
        line.writer.write(request("/waits") + request("/second") + request("/third"))
        await app.taken.wait()
        asyncio.get_running_loop().call_soon(app.gate.set)
        told = [(await line.answer())[1].split()[1] for _ in range(3)]
        assert told == [b"/waits", b"/second", b"/third"]
        line.writer.close()

    run(check)


def test_a_connection_is_kept_unless_the_caller_asks_to_close_it() -> None:
    async def check(_: Told, connect: Connect) -> None:
        line = await connect()
        for _turn in range(2):
            line.writer.write(request())
            head = (await line.answer())[0]
            assert head.startswith(b"HTTP/1.1 202 Accepted\r\n")
            assert b"\r\ndate: " in head
            assert b"connection" not in head
        line.writer.write(request("/s", BODY, "POST", "Connection: close"))
        head = (await line.answer())[0]
        assert b"\r\nconnection: close\r\n" in head
        assert await line.ended()
        line.writer.close()

    run(check)


def test_an_answer_without_content_has_no_body() -> None:
    async def check(_: Told, connect: Connect) -> None:
        line = await connect()
        line.writer.write(request("/empty") + request("/next"))
        head = (await line.answer())[0]
        assert head.startswith(b"HTTP/1.1 204 ")
        assert b"\r\ncontent-" not in head
        assert (await line.answer())[0].startswith(b"HTTP/1.1 20")
        line.writer.close()

    run(check)


def test_a_fault_is_answered_500_and_ends_the_connection() -> None:
    async def check(_: Told, connect: Connect) -> None:
        line = await connect()
        line.writer.write(request("/broken"))
        head, body = await line.answer()
        assert head.startswith(b"HTTP/1.1 500 ")
        assert body == b"Internal Server Error"
        assert await line.ended()
        line.writer.close()

    run(check)


def test_a_caller_that_has_gone_is_not_answered_and_harms_nobody() -> None:
    async def check(app: Told, connect: Connect) -> None:
        app.gate.clear()
        gone, other = await connect(), await connect()
        gone.writer.write(request("/waits"))
        await app.taken.wait()
        gone.writer.close()
        with suppress(ConnectionError):
            await gone.writer.wait_closed()
        app.gate.set()
        other.writer.write(request("/other"))
        assert (await other.answer())[1].startswith(b"direct /other ")
        other.writer.close()

    run(check)
