"""Who has to go when there are too many connections."""

from __future__ import annotations

import asyncio

import pytest

from hookgate.server import protocol, tally
from tests.unit.server.told import BODY, Connect, Line, Told, request, run


async def ended(line: Line) -> bool:
    """Whether the server has ended a connection, one way or the other."""
    try:
        return await line.ended()
    except ConnectionError:
        return True
    finally:
        line.writer.close()


async def answered(line: Line, url: str = "/s") -> bool:
    line.writer.write(request(url))
    return (await line.answer())[1].startswith(b"direct " + url.encode())


def test_the_one_that_has_waited_longest_makes_room_for_another() -> None:
    async def check(_: Told, connect: Connect) -> None:
        slow, idle, last = await connect(), await connect(), await connect()
        slow.writer.write(request()[:20])
        assert await answered(idle)
        another = await connect()
        assert await ended(slow)
        for line in (another, last, idle):
            assert await answered(line)
            line.writer.close()

    run(check, max_connections=3)


def test_an_answer_puts_a_connection_behind_those_that_wait() -> None:
    async def check(_: Told, connect: Connect) -> None:
        first, second = await connect(), await connect()
        assert await answered(second)
        assert await answered(first)
        third = await connect()
        assert await ended(second)
        for line in (third, first):
            assert await answered(line)
            line.writer.close()

    run(check, max_connections=2)


def test_a_body_that_is_still_to_come_keeps_no_place() -> None:
    async def check(_: Told, connect: Connect) -> None:
        slow = await connect()
        slow.writer.write(request("/ordinary", BODY)[:-1])
        await asyncio.sleep(0.05)  # most likely its head has been read; the end is the same
        other = await connect()
        assert await ended(slow)
        assert await answered(other)
        other.writer.close()

    run(check, max_connections=1)


def test_one_that_the_gateway_works_for_is_kept_and_another_is_told_to_come_back() -> None:
    async def check(app: Told, connect: Connect) -> None:
        app.gate.clear()
        kept = await connect()
        kept.writer.write(request("/waits"))
        await app.taken.wait()
        refused = await connect()
        head, body = await refused.answer()
        assert head.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: " in head
        assert b"too many connections" in body
        assert await ended(refused)
        app.gate.set()
        assert (await kept.answer())[1].startswith(b"direct /waits")
        kept.writer.close()
        await kept.writer.wait_closed()
        other = await connect()
        assert await answered(other)
        other.writer.close()

    run(check, max_connections=1)


def test_who_does_not_read_an_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "CALLER_SECONDS", 0.3)

    async def check(_: Told, connect: Connect) -> None:
        deaf = await connect()
        deaf.writer.write(request("/large"))
        await asyncio.sleep(1)
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await deaf.answer()
        deaf.writer.close()

    run(check)


def test_an_answer_that_is_read_in_time_arrives_whole() -> None:
    async def check(_: Told, connect: Connect) -> None:
        line = await connect()
        line.writer.write(request("/large"))
        assert set((await line.answer())[1]) == {ord("x")}
        assert await answered(line)
        line.writer.close()

    run(check)


def test_what_callers_do_again_and_again_is_told_by_its_number(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(tally, "TELL_EVERY", 0.3)

    async def check(_: Told, connect: Connect) -> None:
        for _turn in range(50):
            line = await connect()
            line.writer.write(b"NO HTTP\r\n\r\n")
            assert (await line.answer())[0].startswith(b"HTTP/1.1 400 ")
            line.writer.close()
        await asyncio.sleep(0.7)

    run(check)
    told = [vars(record)["fields"] for record in caplog.records]
    assert {(each["reason"], each["peer"]) for each in told} == {
        ("a request that could not be read", "127.0.0.1")
    }
    counts = [each["count"] for each in told]
    assert counts[0] == 1
    assert sum(counts) == 50
    assert len(counts) < 10
