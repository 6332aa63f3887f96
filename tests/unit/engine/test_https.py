"""One request over HTTPS, to a real server."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Iterator

import pytest

from hookgate.engine.https import MAX_AT_ONCE, Answered, Https, NoReply, Reply
from tests.certificates import root, self_signed, server
from tests.https_server import ROOT, HttpsServer, Served, https_server, trusting, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def sender() -> Iterator[HttpsServer]:
    with https_server() as opened:
        yield opened


async def got(url: str, max_bytes: int = 100, seconds: float = 5.0) -> Answered:
    return await Https(trusting, seconds).get(url, max_bytes)


def reason(answered: Answered) -> str:
    assert isinstance(answered, NoReply), answered
    return answered.reason


async def test_it_gives_status_and_body(sender: HttpsServer) -> None:
    sender.served["/a?b=c"] = Served(b"key", 201)
    assert await got(f"{sender.url}/a?b=c") == Reply(201, b"key")
    assert await got(sender.url) == Reply(404, b"")
    assert sender.asked == ["/a?b=c", "/"]


async def test_a_redirect_is_an_answer_and_is_not_followed(sender: HttpsServer) -> None:
    sender.served["/key"] = Served(status=302, headers={"Location": f"{sender.url}/other"})
    assert await got(f"{sender.url}/key") == Reply(302, b"")
    assert sender.asked == ["/key"]


async def test_a_body_may_be_as_long_as_it_may_be_and_no_longer(sender: HttpsServer) -> None:
    sender.served["/key"] = Served(b"x" * 100)
    assert await got(f"{sender.url}/key", 100) == Reply(200, b"x" * 100)
    assert "longer than 99 bytes" in reason(await got(f"{sender.url}/key", 99))


async def test_a_body_without_a_length_is_not_read_without_end(sender: HttpsServer) -> None:
    sender.served["/key"] = Served(b"x" * 1_000_000, headers={"Content-Length": "9" * 12})
    assert "longer than 100 bytes" in reason(await got(f"{sender.url}/key"))


async def test_a_body_that_is_cut_short_is_no_reply(sender: HttpsServer) -> None:
    sender.served["/key"] = Served(b"x" * 50, headers={"Content-Length": "60"})
    assert reason(await got(f"{sender.url}/key")) == "the answer was cut short"


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/",
        "ftp://localhost/",
        "https:///key",
        "https://user@localhost/",
        "https://user:password@localhost/",
        "//localhost/",
        "localhost",
        "",
    ],
)
async def test_only_plain_https_is_asked(url: str) -> None:
    assert reason(await got(url)) == "this is not a plain HTTPS address"


@pytest.mark.parametrize(
    "url",
    [
        "https://localhost:99999/",
        "https://localhost/a b",
        "https://localhost/a\r\nX: y",
        "https://localhost/\u0661",
        f"https://{'a' * 300}/",
        "https://[::1/",
    ],
)
async def test_an_address_that_is_none_is_no_reply(url: str) -> None:
    assert reason(await got(url))


async def test_a_port_where_nobody_listens_is_no_reply() -> None:
    with socket.socket() as taken:
        taken.bind(("localhost", 0))
        url = f"https://localhost:{taken.getsockname()[1]}/"
        assert reason(await got(url)) == "Connection refused"


async def test_a_host_that_does_not_speak_tls_is_no_reply() -> None:
    async def plain(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(plain, "localhost", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        assert reason(await got(f"https://localhost:{port}/"))


@pytest.mark.parametrize(
    "certificate",
    [
        pytest.param(self_signed("localhost", now=time.time()), id="self-signed"),
        pytest.param(server(root("Other"), "localhost", now=time.time()), id="another root"),
        pytest.param(server(ROOT, "other.example", now=time.time()), id="another host"),
        pytest.param(server(ROOT, "localhost", now=0.0), id="expired"),
    ],
)
async def test_a_host_whose_certificate_is_not_trusted_is_asked_nothing(
    certificate: object,
) -> None:
    with https_server(certificate) as stranger:  # type: ignore[arg-type]
        answered = await got(f"{stranger.url}/key")
        assert "certificate of the host is not trusted" in reason(answered)
        assert stranger.asked == []


async def test_whoever_answers_nothing_is_given_up_and_its_thread_ends(sender: HttpsServer) -> None:
    sender.gate.clear()
    https = Https(trusting, timeout=0.2)
    for _ in range(MAX_AT_ONCE + 1):  # a thread that did not end would leave no room for the last
        assert reason(await https.get(f"{sender.url}/key", 100)) == "no answer within 0.2 s"
        await until(lambda: https._free._value == MAX_AT_ONCE)


async def test_whoever_answers_byte_by_byte_is_given_up(sender: HttpsServer) -> None:
    sender.served["/key"] = Served(b"x" * 1000, slowly=0.05)  # it would take 50 s
    https = Https(trusting, timeout=0.3)
    assert reason(await https.get(f"{sender.url}/key", 1000)) == "no answer within 0.3 s"
    await until(lambda: https._free._value == MAX_AT_ONCE)


async def test_only_so_many_requests_are_under_way(sender: HttpsServer) -> None:
    sender.gate.clear()
    https = Https(trusting, timeout=20.0)
    waiting = [asyncio.create_task(https.get(f"{sender.url}/key", 100)) for _ in range(MAX_AT_ONCE)]
    await until(lambda: len(sender.asked) == MAX_AT_ONCE)
    refused = await https.get(f"{sender.url}/key", 100)
    assert reason(refused) == f"{MAX_AT_ONCE} requests are under way already"
    sender.gate.set()
    assert await asyncio.gather(*waiting) == [Reply(404, b"")] * MAX_AT_ONCE
    assert isinstance(await https.get(f"{sender.url}/key", 100), Reply)


async def test_no_proxy_of_the_environment_is_used(
    sender: HttpsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://localhost:1")
    assert await got(f"{sender.url}/key") == Reply(404, b"")
