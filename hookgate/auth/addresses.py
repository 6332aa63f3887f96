"""Addresses of callers: networks, IPv4 inside IPv6, and the hops of X-Forwarded-For."""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network

_MAPPED_BITS = 96
"""The length of ``::ffff:0:0``, the prefix of IPv4-mapped IPv6 addresses (RFC 4291, 2.5.5.2)."""

_CIDR = re.compile(r"[0-9A-Fa-f:.]+(/[0-9]{1,3})?")
_HOP = re.compile(r"\[(?P<bracketed>[^\]]*)\](:[0-9]+)?|(?P<with_port>[^:]*):[0-9]+|(?P<bare>.*)")


def parse_network(text: str) -> Network | str:
    """The network of an address or a CIDR range, or, as text, what is wrong with it.

    A single address is a network of its own. A range with host bits set is a fault, since it may
    mean the address or the whole range. IPv4-mapped IPv6 gives the IPv4 network, for callers are
    normalised in the same way.
    """
    if not _CIDR.fullmatch(text):
        return _not_a_network(text)
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return _not_a_network(text)
    if ip_address(text.partition("/")[0]) != network.network_address:
        return f"{text} has host bits set; did you mean {network}?"
    return _unmapped(network)


def parse_address(text: str) -> Address | None:
    """The address, or None for anything else.

    A scope id (``fe80::1%eth0``) is dropped and an IPv4-mapped IPv6 address is the IPv4 one.
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv4Address):
        return address
    return address.ipv4_mapped or IPv6Address(int(address))


def within(address: Address, networks: Sequence[Network]) -> bool:
    """Whether the address is in one of the networks."""
    return any(address in network for network in networks)


def client_address(peer: str, forwarded_for: str | None, trusted: Sequence[Network]) -> str:
    """The address a request came from, as far as trusted proxies vouch for it.

    That is the socket's `peer`, unless it is in `trusted`: then the right-most hop of
    X-Forwarded-For that is not trusted itself. Where the walk meets a hop that is no address the
    caller is unknown, and the result is empty: the proxy's own address must not stand for somebody
    else's. A peer that is no address (a Unix socket) is given back as it is.
    """
    client = parse_address(peer) if trusted or ":" in peer else None
    if client is None:
        return peer
    for hop in reversed(forwarded_for.split(",") if forwarded_for else ()):
        if not within(client, trusted):
            break
        nearer = _parse_hop(hop.strip())
        if nearer is None:
            return ""
        client = nearer
    return str(client)


def _parse_hop(text: str) -> Address | None:
    """The address of ``1.2.3.4``, ``1.2.3.4:5678``, ``::1``, ``[::1]`` or ``[::1]:80``."""
    hop = _HOP.fullmatch(text)
    if hop is None:
        return None
    return parse_address(hop["bracketed"] or hop["with_port"] or hop["bare"] or "")


def _unmapped(network: Network) -> Network:
    if isinstance(network, IPv6Network) and network.prefixlen >= _MAPPED_BITS:
        mapped = network.network_address.ipv4_mapped
        if mapped is not None:
            return IPv4Network((mapped, network.prefixlen - _MAPPED_BITS))
    return network


def _not_a_network(text: str) -> str:
    return f"{text!r} is not an IP address or a CIDR range"
