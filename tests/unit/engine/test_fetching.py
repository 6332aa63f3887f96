"""Fetching what verifiers want, from a real server, at times that the test sets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator

import pytest

from hookgate.auth.material import Fetched
from hookgate.engine.fetching import (
    FAILURE_AGE,
    LEAST_AGE,
    MAX_A_MINUTE,
    MAX_KEPT,
    Fetcher,
)
from hookgate.engine.https import Https
from hookgate.engine.intake import Fetch
from hookgate.model import Wanted
from tests.https_server import HttpsServer, Served, https_server, trusting, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def sender() -> Iterator[HttpsServer]:
    with https_server() as opened:
        opened.served["/key"] = Served(b"1")
        yield opened


class Verifier:
    """Wants the number at an address, and knows what it has learned."""

    def __init__(self, sender: HttpsServer, clock: Clock, path: str = "/key") -> None:
        self.url = sender.url + path
        self._clock = clock
        self._keys = Fetched(digits, max_bytes=10, max_age=3600.0)

    @property
    def known(self) -> int | None:
        return self._keys.at(self.url, self._clock())

    def wants(self) -> Wanted:
        return self._keys.wanted(self.url)


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


def digits(content: bytes) -> int | None:
    return int(content) if content.isdigit() else None


def fetcher(clock: Clock, timeout: float = 5.0) -> Fetcher:
    return Fetcher(Https(trusting, timeout), clock)


async def test_what_is_wanted_is_fetched_once_and_learned(sender: HttpsServer) -> None:
    clock = Clock()
    verifier, fetching = Verifier(sender, clock), fetcher(clock)
    assert await fetching.fetch(verifier.wants()) is Fetch.LEARNED
    assert verifier.known == 1
    assert sender.asked == ["/key"]


async def test_deliveries_that_want_the_same_share_one_request(sender: HttpsServer) -> None:
    clock = Clock()
    fetching = fetcher(clock)
    verifiers = [Verifier(sender, clock) for _ in range(50)]
    sender.gate.clear()
    waiting = [asyncio.create_task(fetching.fetch(each.wants())) for each in verifiers]
    await until(lambda: sender.asked != [])
    waiting[0].cancel()  # whoever goes away does not end it for the others
    sender.gate.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [Fetch.LEARNED] * 49
    assert {each.known for each in verifiers[1:]} == {1}
    assert sender.asked == ["/key"]


async def test_the_verifiers_of_another_configuration_learn_without_a_request(
    sender: HttpsServer,
) -> None:
    clock = Clock()
    fetching = fetcher(clock)
    await fetching.fetch(Verifier(sender, clock).wants())
    clock.now += 3599
    after_a_reload = Verifier(sender, clock)
    assert await fetching.fetch(after_a_reload.wants()) is Fetch.LEARNED
    assert sender.asked == ["/key"]
    clock.now += 2
    assert after_a_reload.known is None  # as old as it was, and no younger for being passed on
    assert await fetching.fetch(after_a_reload.wants()) is Fetch.LEARNED
    assert sender.asked == ["/key"] * 2


async def test_for_newer_keys_an_address_is_asked_once_in_a_while(sender: HttpsServer) -> None:
    clock = Clock()
    verifier, fetching = Verifier(sender, clock), fetcher(clock)
    await fetching.fetch(verifier.wants())
    sender.served["/key"] = Served(b"2")
    for _ in range(100):
        clock.now += (LEAST_AGE - 1) / 100
        assert await fetching.fetch(verifier.wants()) is Fetch.NOTHING
    assert verifier.known == 1
    clock.now += 1.1
    assert await fetching.fetch(verifier.wants()) is Fetch.LEARNED
    assert verifier.known == 2
    assert sender.asked == ["/key"] * 2


async def test_newer_keys_that_another_verifier_has_had_fetched_are_learned(
    sender: HttpsServer,
) -> None:
    clock = Clock()
    first, second, fetching = Verifier(sender, clock), Verifier(sender, clock), fetcher(clock)
    await fetching.fetch(first.wants())
    await fetching.fetch(second.wants())
    sender.served["/key"] = Served(b"2")
    clock.now += LEAST_AGE
    await fetching.fetch(first.wants())
    clock.now += 1
    assert await fetching.fetch(second.wants()) is Fetch.LEARNED
    assert second.known == 2
    assert sender.asked == ["/key"] * 2


@pytest.mark.parametrize(
    ("served", "result"),
    [
        (Served(status=404), Fetch.NOTHING),
        (Served(status=403), Fetch.NOTHING),
        (Served(b"1", status=410), Fetch.NOTHING),
        (Served(status=408), Fetch.UNAVAILABLE),
        (Served(status=429), Fetch.UNAVAILABLE),
        (Served(status=500), Fetch.UNAVAILABLE),
        (Served(status=503), Fetch.UNAVAILABLE),
        (Served(status=302, headers={"Location": "/other"}), Fetch.UNAVAILABLE),
        (Served(b"1", status=206), Fetch.UNAVAILABLE),
        (Served(b"1" * 11), Fetch.UNAVAILABLE),
        (Served(b"no number"), Fetch.UNAVAILABLE),
        (Served(b""), Fetch.UNAVAILABLE),
    ],
    ids=str,
)
async def test_a_failure_is_remembered_for_a_while(
    sender: HttpsServer, served: Served, result: Fetch
) -> None:
    clock = Clock()
    verifier, fetching = Verifier(sender, clock), fetcher(clock)
    sender.served |= {"/key": served, "/other": Served(b"1")}
    for _ in range(5):
        assert await fetching.fetch(verifier.wants()) is result
        clock.now += (FAILURE_AGE - 1) / 5
    assert verifier.known is None
    assert sender.asked == ["/key"]
    sender.served["/key"] = Served(b"1")
    clock.now += 1.1
    assert await fetching.fetch(verifier.wants()) is Fetch.LEARNED


async def test_a_host_that_is_not_trusted_is_unavailable(sender: HttpsServer) -> None:
    clock = Clock()
    verifier = Verifier(sender, clock)
    assert await Fetcher(Https(), clock).fetch(verifier.wants()) is Fetch.UNAVAILABLE
    assert verifier.known is None
    assert sender.asked == []


async def test_a_host_that_does_not_answer_is_unavailable(sender: HttpsServer) -> None:
    clock = Clock()
    sender.gate.clear()
    fetching = fetcher(clock, timeout=0.2)
    assert await fetching.fetch(Verifier(sender, clock).wants()) is Fetch.UNAVAILABLE


async def test_a_failure_leaves_what_was_known(sender: HttpsServer) -> None:
    clock = Clock()
    verifier, fetching = Verifier(sender, clock), fetcher(clock)
    await fetching.fetch(verifier.wants())
    sender.served["/key"] = Served(status=500)
    clock.now += LEAST_AGE
    assert await fetching.fetch(verifier.wants()) is Fetch.UNAVAILABLE
    assert verifier.known == 1


async def test_a_host_is_asked_so_many_times_in_a_minute_and_no_more(sender: HttpsServer) -> None:
    clock = Clock()
    fetching = fetcher(clock)
    forged = [Verifier(sender, clock, f"/{number}") for number in range(MAX_A_MINUTE + 10)]
    results = [await fetching.fetch(each.wants()) for each in forged]
    assert results == [Fetch.NOTHING] * MAX_A_MINUTE + [Fetch.UNAVAILABLE] * 10
    assert len(sender.asked) == MAX_A_MINUTE
    clock.now += 60
    assert await fetching.fetch(Verifier(sender, clock).wants()) is Fetch.LEARNED


async def flood(fetching: Fetcher, sender: HttpsServer, clock: Clock) -> None:
    """Somebody makes the gateway ask for what is not there, as often as it can be made to."""
    for number in range(MAX_KEPT + 1):
        clock.now += 60 / MAX_A_MINUTE
        await fetching.fetch(Verifier(sender, clock, f"/none/{number}").wants())


async def test_forgers_do_not_keep_keys_that_were_known_from_being_fetched_again(
    sender: HttpsServer,
) -> None:
    clock = Clock()
    verifier, fetching = Verifier(sender, clock), fetcher(clock)
    await fetching.fetch(verifier.wants())
    clock.now += 3600
    await flood(fetching, sender, clock)
    assert verifier.known is None
    forged = Verifier(sender, clock, "/none")
    assert await fetching.fetch(forged.wants()) is Fetch.UNAVAILABLE  # the minute is used up
    assert await fetching.fetch(verifier.wants()) is Fetch.LEARNED
    assert sender.asked.count("/key") == 2


async def test_nor_from_being_passed_on_to_the_verifiers_of_another_configuration(
    sender: HttpsServer,
) -> None:
    clock = Clock()
    fetching = fetcher(clock)
    await fetching.fetch(Verifier(sender, clock).wants())
    await flood(fetching, sender, clock)
    assert await fetching.fetch(Verifier(sender, clock).wants()) is Fetch.LEARNED
    assert sender.asked.count("/key") == 1


async def test_what_is_known_needs_no_request_however_many_were_made(sender: HttpsServer) -> None:
    clock = Clock()
    fetching = fetcher(clock)
    await fetching.fetch(Verifier(sender, clock).wants())
    for number in range(MAX_A_MINUTE):
        await fetching.fetch(Verifier(sender, clock, f"/{number}").wants())
    assert await fetching.fetch(Verifier(sender, clock).wants()) is Fetch.LEARNED


async def test_only_so_many_outcomes_are_kept(sender: HttpsServer) -> None:
    clock = Clock()
    fetching = fetcher(clock)
    for number in range(MAX_KEPT + 5):
        clock.now += 60 / MAX_A_MINUTE + 0.01
        await fetching.fetch(Verifier(sender, clock, f"/{number}").wants())
    assert len(fetching._kept) == MAX_KEPT


async def test_a_clock_that_was_set_back_does_not_stop_it(sender: HttpsServer) -> None:
    clock = Clock()
    verifier, fetching = Verifier(sender, clock), fetcher(clock)
    sender.served["/key"] = Served(status=500)
    assert await fetching.fetch(verifier.wants()) is Fetch.UNAVAILABLE
    sender.served["/key"] = Served(b"1")
    clock.now -= 86_400
    assert await fetching.fetch(verifier.wants()) is Fetch.LEARNED
    clock.now -= 86_400
    assert verifier.known is None
    assert await fetching.fetch(verifier.wants()) is Fetch.LEARNED


# --- confirming, and the end --------------------------------------------------------------------


def events(caplog: pytest.LogCaptureFixture) -> list[tuple[str, str, dict[str, object]]]:
    return [(r.levelname, r.getMessage(), getattr(r, "fields", {})) for r in caplog.records]


async def test_a_confirmation_is_called_in_the_background_and_logged(
    sender: HttpsServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hookgate")
    sender.served["/?Token=canary"] = Served(b"<ok/>")
    async with fetcher(Clock()) as fetching:
        fetching.confirm("orders", f"{sender.url}/?Token=canary")
        await asyncio.gather(*fetching._confirming)
        fetching.confirm("orders", f"{sender.url}/?Token=other")
        await asyncio.gather(*fetching._confirming)
    assert events(caplog) == [
        ("INFO", "subscription confirmed", {"source": "orders"}),
        ("WARNING", "subscription not confirmed", {"source": "orders", "reason": "status 404"}),
    ]
    assert sender.asked == ["/?Token=canary", "/?Token=other"]


async def test_confirmations_count_among_the_requests_of_a_minute(sender: HttpsServer) -> None:
    async with fetcher(Clock()) as fetching:
        for number in range(MAX_A_MINUTE + 5):
            fetching.confirm("orders", f"{sender.url}/?{number}")
            await asyncio.gather(*fetching._confirming)
    assert len(sender.asked) == MAX_A_MINUTE


async def test_leaving_it_ends_what_is_under_way(sender: HttpsServer) -> None:
    clock = Clock()
    sender.gate.clear()
    async with fetcher(clock, timeout=60.0) as fetching:
        waiting = asyncio.create_task(fetching.fetch(Verifier(sender, clock).wants()))
        fetching.confirm("orders", f"{sender.url}/confirm")
        await until(lambda: len(sender.asked) == 2)
    assert await asyncio.gather(waiting, return_exceptions=True)
    assert not fetching._confirming
    assert not fetching._under_way


async def test_what_is_logged_names_the_address_and_the_cause(
    sender: HttpsServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "hookgate")
    clock = Clock()
    fetching = fetcher(clock)
    sender.served["/text"] = Served(b"text")
    for path in ("/key", "/text", "/none"):
        await fetching.fetch(Verifier(sender, clock, path).wants())
    told = [(event, fields.get("url"), fields.get("reason")) for _, event, fields in events(caplog)]
    assert told == [
        ("fetched", f"{sender.url}/key", None),
        ("fetched", f"{sender.url}/text", None),
        ("fetch failed", f"{sender.url}/text", "what is there cannot be read"),
        ("fetch failed", f"{sender.url}/none", "status 404"),
    ]
