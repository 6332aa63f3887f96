from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hookgate.auth.timestamps import Timestamp, Unit
from tests.unit.auth.deliveries import NOW, delivery

IN_HEADER = Timestamp(header="X-Time")


@pytest.mark.parametrize(
    ("unit", "presented"),
    [
        ("s", b"1700000000"),
        ("s", b"1700000000.25"),
        ("ms", b"1700000000000"),
        ("iso8601", b"2023-11-14T22:13:20Z"),
        ("iso8601", b"2023-11-14 22:13:20"),
        ("iso8601", b"2023-11-14T22:13:20.123456789Z"),
        ("iso8601", b"2023-11-15T00:13:20+02:00"),
        ("iso8601", b"2023-11-14T17:13:20-0500"),
    ],
)
def test_each_unit_reads_the_same_moment(unit: Unit, presented: bytes) -> None:
    exact = Timestamp(header="X-Time", unit=unit, tolerance=0.5)
    assert exact.untimely(presented, NOW) is None
    assert exact.untimely(presented, NOW + 1.5) == "X-Time is 2 s old, more than the 0.5 s allowed"


@pytest.fixture
def gateway_in_tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "JST-9")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("gateway_in_tokyo")
def test_a_time_without_an_offset_is_utc_wherever_the_gateway_runs() -> None:
    exact = Timestamp(header="X-Time", unit="iso8601", tolerance=0.5)
    assert exact.untimely(b"2023-11-14T22:13:20", NOW) is None


@given(
    st.datetimes(timezones=st.just(UTC)),
    st.integers(-23, 23).map(lambda hours: timezone(timedelta(hours=hours))),
)
def test_any_moment_with_an_offset_is_read_as_that_moment(moment: datetime, zone: timezone) -> None:
    try:
        presented = moment.astimezone(zone).isoformat(timespec="microseconds").encode()
    except OverflowError:
        return
    exact = Timestamp(header="X-Time", unit="iso8601", tolerance=0.001)
    assert exact.untimely(presented, moment.timestamp()) is None


@pytest.mark.parametrize(
    ("unit", "presented"),
    [
        ("s", b"-1"),
        ("s", b"+1700000000"),
        ("s", b"nan"),
        ("s", b"inf"),
        ("s", b"1.7e9"),
        ("s", b"1_700_000_000"),
        ("s", b"0x65"),
        ("s", b"1700000000\n"),
        ("s", b" 1700000000"),
        ("s", b"1700000000."),
        ("s", b".5"),
        ("s", b"1700000000, 1700000000"),
        ("s", b"1" * 21),
        ("s", "\u0661".encode()),
        ("s", b"\xb2"),
        ("s", b"2023-11-14T22:13:20Z"),
        ("ms", b"1700000000000.5"),
        ("ms", b"-1"),
        ("ms", b"1" * 21),
        ("iso8601", b"1700000000"),
        ("iso8601", b"2023-11-14"),
        ("iso8601", b"20231114T221320Z"),
        ("iso8601", b"2023-02-30T00:00:00Z"),
        ("iso8601", b"2023-11-14T24:13:20Z"),
        ("iso8601", b"2023-11-14T22:13:20+24:00"),
        ("iso8601", b"2023-11-14T22:13:20+02:00:30"),
        ("iso8601", b"2023-11-14T22:13:20Z\n"),
        ("iso8601", b"0000-00-00T00:00:00Z"),
    ],
)
def test_what_is_not_plainly_a_time_is_malformed(unit: Unit, presented: bytes) -> None:
    for tolerance, past_only in ((1e30, False), (1e30, True), (None, False)):
        timestamp = Timestamp("X-Time", unit=unit, tolerance=tolerance, past_only=past_only)
        assert timestamp.untimely(presented, NOW) == "X-Time is malformed"


@given(st.binary(), st.sampled_from(["s", "ms", "iso8601"]))
@example(b"9999-12-31T23:59:59-23:59", "iso8601")
@example(b"0001-01-01T00:00:00+23:59", "iso8601")
def test_judging_a_timestamp_never_raises(presented: bytes, unit: Unit) -> None:
    Timestamp(header="X-Time", unit=unit).untimely(presented, NOW)


@pytest.mark.parametrize(
    ("age", "reason"),
    [
        (0, None),
        (300, None),
        (300.2, "X-Time is 301 s old, more than the 300 s allowed"),
        (612, "X-Time is 612 s old, more than the 300 s allowed"),
        (-300, None),
        (-301, "X-Time is 301 s in the future, more than the 300 s allowed"),
    ],
)
def test_the_tolerance_bounds_the_past_and_the_future(age: float, reason: str | None) -> None:
    assert IN_HEADER.untimely(b"1700000000", NOW + age) == reason


def test_past_only_lets_any_future_pass_and_still_bounds_the_past() -> None:
    timestamp = Timestamp(header="X-Time", past_only=True)
    assert timestamp.untimely(b"99999999999999999999", NOW) is None
    assert timestamp.untimely(b"1", NOW) is not None


def test_without_a_tolerance_any_timestamp_is_timely() -> None:
    for presented in (b"1", b"99999999999999999999"):
        assert Timestamp(header="X-Time", tolerance=None).untimely(presented, NOW) is None


def test_a_timestamp_is_found_exactly_as_presented() -> None:
    found = IN_HEADER.find(delivery({"X-Time": " 017\xe9"}), [])
    assert found == b" 017\xe9"
    assert Timestamp(field="t").find(delivery(), ["v1=ab", "t=01=7", "tt=2"]) == b"01=7"
    assert Timestamp(path=lambda body: body.decode()).find(delivery(body=b"12"), []) == b"12"


@pytest.mark.parametrize(
    ("timestamp", "items", "reason"),
    [
        (IN_HEADER, [], "X-Time is missing"),
        (Timestamp(header="X-Empty"), [], "X-Empty is missing"),
        (Timestamp(field="t"), ["v1=ab", "T=1", "t", "ts=1"], "timestamp 't' is missing"),
        (Timestamp(field="t"), ["t="], "timestamp 't' is missing"),
        (Timestamp(field="t"), ["t=1", "t=1"], "timestamp 't' appears more than once"),
        (Timestamp(path=lambda _: None), [], "the timestamp in the body is missing"),
        (Timestamp(path=lambda _: ""), [], "the timestamp in the body is missing"),
        (Timestamp(), ["t=1"], "the timestamp in the body is missing"),
    ],
)
def test_a_timestamp_that_is_not_there_once_is_a_fault(
    timestamp: Timestamp, items: list[str], reason: str
) -> None:
    assert timestamp.find(delivery({"X-Empty": ""}), items) == reason
