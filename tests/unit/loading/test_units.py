"""Durations and sizes."""

from __future__ import annotations

import pytest

from hookgate.loading.units import byte_count, seconds


@pytest.mark.parametrize(
    ("text", "value"),
    [("500ms", 0.5), ("30s", 30), ("5m", 300), ("1h", 3600), ("1.5d", 129_600), ("0s", 0)],
)
def test_a_duration_is_a_number_and_its_unit(text: str, value: float) -> None:
    assert seconds(text) == value


@pytest.mark.parametrize("text", ["", "30", "s", "30 s", "-1s", "1S", "1e3s", "1s\n", "٣s", "1.s"])
def test_anything_else_is_no_duration(text: str) -> None:
    assert seconds(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("123", 123),
        ("1B", 1),
        ("100KB", 100_000),
        ("64KiB", 65_536),
        ("5MiB", 5_242_880),
        ("2MB", 2_000_000),
        ("1GB", 10**9),
        ("1GiB", 2**30),
    ],
)
def test_a_size_is_a_number_and_perhaps_a_unit(text: str, value: int) -> None:
    assert byte_count(text) == value


@pytest.mark.parametrize("text", ["", "KiB", "5 MiB", "5mib", "5M", "-5", "1.5MiB", "5\n"])
def test_anything_else_is_no_size(text: str) -> None:
    assert byte_count(text) is None
