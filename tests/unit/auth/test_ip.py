from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network

import pytest

from hookgate.auth.ip import IpAuth
from tests.unit.auth.deliveries import NOW, delivery

AUTH = IpAuth((IPv4Network("192.0.2.0/24"), IPv6Network("2001:db8::/32"), IPv6Network("fe80::/10")))


@pytest.mark.parametrize(
    ("peer", "reason"),
    [
        ("192.0.2.77", "192.0.2.77 is allowed"),
        ("::ffff:192.0.2.77", "192.0.2.77 is allowed"),
        ("2001:db8:1::1", "2001:db8:1::1 is allowed"),
        ("fe80::1%eth0", "fe80::1 is allowed"),
    ],
)
def test_a_caller_in_an_allowed_network_passes(peer: str, reason: str) -> None:
    step = AUTH.verify(delivery(peer=peer), NOW)
    assert (step.passed, step.reason, step.secret_index) == (True, reason, None)


@pytest.mark.parametrize("peer", ["192.0.3.1", "::ffff:192.0.3.1", "2001:db9::1", "::192.0.2.77"])
def test_a_caller_from_elsewhere_fails(peer: str) -> None:
    step = AUTH.verify(delivery(peer=peer), NOW)
    assert not step.passed
    assert step.reason.endswith(" is not in an allowed network")


@pytest.mark.parametrize("peer", ["", "unknown", "192.0.2.77:80", "192.0.2.77, 192.0.2.77"])
def test_a_caller_without_an_address_fails(peer: str) -> None:
    step = AUTH.verify(delivery(peer=peer), NOW)
    assert (step.passed, step.reason) == (False, "the caller has no IP address")


def test_without_networks_nobody_passes() -> None:
    assert not IpAuth(()).verify(delivery(), NOW).passed


def test_a_forwarded_address_is_none_of_its_business() -> None:
    step = AUTH.verify(delivery({"X-Forwarded-For": "192.0.2.1"}, peer="198.51.100.1"), NOW)
    assert not step.passed
