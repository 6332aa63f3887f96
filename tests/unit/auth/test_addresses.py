from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.addresses import Network, client_address, parse_address, parse_network

PROXIES = (IPv4Network("10.0.0.0/8"), IPv6Network("fd00::/8"))


@pytest.mark.parametrize(
    ("text", "network"),
    [
        ("192.0.2.1", IPv4Network("192.0.2.1/32")),
        ("192.0.2.0/24", IPv4Network("192.0.2.0/24")),
        ("0.0.0.0/0", IPv4Network("0.0.0.0/0")),
        ("2001:db8::1", IPv6Network("2001:db8::1/128")),
        ("2001:DB8::/32", IPv6Network("2001:db8::/32")),
        ("::/0", IPv6Network("::/0")),
        ("::ffff:192.0.2.1", IPv4Network("192.0.2.1/32")),
        ("::ffff:10.0.0.0/104", IPv4Network("10.0.0.0/8")),
        ("::ffff:0:0/96", IPv4Network("0.0.0.0/0")),
    ],
)
def test_an_address_or_a_range_is_a_network(text: str, network: Network) -> None:
    assert parse_network(text) == network


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("10.0.0.5/24", "10.0.0.5/24 has host bits set; did you mean 10.0.0.0/24?"),
        ("2001:db8::1/64", "2001:db8::1/64 has host bits set; did you mean 2001:db8::/64?"),
    ],
)
def test_host_bits_are_a_fault_that_tells_the_network(text: str, fault: str) -> None:
    assert parse_network(text) == fault


@pytest.mark.parametrize(
    "text",
    ["", "10.0.0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/", "10.0.0.0/255.0.0.0", "::/129",
     "10.0.0.0/0.0.0.255", "fe80::1%eth0", "example.org", "10.0.0.1\n", " 10.0.0.1", "010.0.0.1",
     "10.0.0.0/٨", "10.0.0.1:80", "[::1]", "*"],
)  # fmt: skip
def test_anything_else_is_no_network(text: str) -> None:
    assert parse_network(text) == f"{text!r} is not an IP address or a CIDR range"


@given(st.text() | st.from_regex(r"[0-9a-f:.]{1,20}(/[0-9]{1,4})?"))
def test_reading_a_network_never_raises(text: str) -> None:
    parse_network(text)


@given(st.ip_addresses())
def test_every_address_is_read_as_itself(address: object) -> None:
    parsed = parse_address(str(address))
    mapped = getattr(address, "ipv4_mapped", None)
    assert parsed == (mapped or address)


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::FFFF:c000:201", "192.0.2.1"),
        ("::ffff:192.0.2.1%eth0", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::1"),
    ],
)
def test_one_caller_has_one_address_however_it_is_written(text: str, address: str) -> None:
    assert parse_address(text) == ip_address(address)


@pytest.mark.parametrize("text", ["", "unknown", "192.0.2.1%eth0", "192.0.2.1:80", "3221225985"])
def test_what_is_no_address_is_none(text: str) -> None:
    assert parse_address(text) is None


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "client"),
    [
        pytest.param("192.0.2.1", "203.0.113.9", "192.0.2.1", id="a stranger is not believed"),
        pytest.param("10.0.0.1", None, "10.0.0.1", id="no header"),
        pytest.param("10.0.0.1", "", "10.0.0.1", id="an empty header"),
        pytest.param("10.0.0.1", "203.0.113.9", "203.0.113.9", id="one hop"),
        pytest.param("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9", id="the nearest hop"),
        pytest.param("10.0.0.1", "203.0.113.9,10.0.0.2", "203.0.113.9", id="through two proxies"),
        pytest.param("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3", id="all are trusted"),
        pytest.param("10.0.0.1", "1.1.1.1, evil", "", id="nonsense hides the caller"),
        pytest.param("10.0.0.1", "1.1.1.1, x, 10.0.0.2", "", id="nonsense behind a proxy"),
        pytest.param("10.0.0.1", "1.1.1.1,", "", id="an empty hop hides it too"),
        pytest.param("10.0.0.1", "203.0.113.9:5678", "203.0.113.9", id="a port"),
        pytest.param("10.0.0.1", "[2001:db8::1]:80", "2001:db8::1", id="brackets and port"),
        pytest.param("10.0.0.1", "[2001:db8::1]", "2001:db8::1", id="brackets"),
        pytest.param("10.0.0.1", "2001:db8::1", "2001:db8::1", id="bare IPv6"),
        pytest.param("10.0.0.1", "1.1.1.1, 1.2.3.4:http", "", id="a port that is none"),
        pytest.param("10.0.0.1", "1.1.1.1, [::1]x", "", id="text behind brackets"),
        pytest.param("10.0.0.1", "1.1.1.1, [::1", "", id="an open bracket"),
        pytest.param("10.0.0.1", "1.1.1.1, :80", "", id="a port alone"),
        pytest.param("::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9", id="a mapped proxy"),
        pytest.param("10.0.0.1", "::ffff:203.0.113.9", "203.0.113.9", id="a mapped hop"),
        pytest.param("::ffff:192.0.2.1", "1.1.1.1", "192.0.2.1", id="a mapped stranger"),
        pytest.param("fd00::1", "203.0.113.9, fd00::2", "203.0.113.9", id="IPv6 proxies"),
        pytest.param("", "203.0.113.9", "", id="a peer without address"),
        pytest.param("unix:", "203.0.113.9", "unix:", id="a peer that is none"),
    ],
)
def test_a_forwarded_address_is_believed_as_far_as_proxies_vouch_for_it(
    peer: str, forwarded_for: str | None, client: str
) -> None:
    assert client_address(peer, forwarded_for, PROXIES) == client


@given(st.text(), st.none() | st.text(), st.sampled_from([(), PROXIES, (ip_network("::/0"),)]))
def test_finding_the_client_never_raises(
    peer: str, forwarded_for: str | None, trusted: tuple[Network, ...]
) -> None:
    client_address(peer, forwarded_for, trusted)


@given(st.lists(st.ip_addresses().map(str)))
def test_what_a_stranger_claims_never_matters(hops: list[str]) -> None:
    claimed = ", ".join(hops)
    assert client_address("192.0.2.1", claimed, PROXIES) == "192.0.2.1"
    assert client_address("10.0.0.1", f"{claimed}, 192.0.2.1", PROXIES) == "192.0.2.1"
