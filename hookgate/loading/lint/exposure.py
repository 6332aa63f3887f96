"""What lies open to anybody: sources without credentials, and a header that anybody can write."""

from __future__ import annotations

from hookgate.auth.addresses import parse_address, parse_network
from hookgate.loading.codes import Code
from hookgate.loading.context import text_at
from hookgate.loading.lint.subject import Subject
from hookgate.loading.nodes import Node


def check_exposure(subject: Subject) -> None:
    """Report sources that the whole network can call, and trust in every proxy."""
    for item in subject.root.items("server", "trusted_proxies"):
        if _is_everybody(item):
            message = "every caller is believed about its own address, as if it were a proxy"
            suggestion = "name the addresses of your proxies"
            subject.context.report(Code.TRUSTS_ANYBODY, item, message, suggestion)
    host = subject.server.host
    if not _is_loopback(host):
        for source in subject.root.entries("sources").values():
            _check_source(source, host, subject)


def _check_source(source: Node, host: str, subject: Subject) -> None:
    """All verifiers must pass, so a source is open only where each of them passes anybody."""
    doors = [_open_door(entry) for entry in source.items("auth")]
    for door in doors if all(doors) else ():
        if door is not None:
            message = "whoever reaches the gateway can call this source, from any address"
            suggestion = "ask for a token or a signature, or listen on 127.0.0.1"
            subject.context.report(Code.OPEN_SOURCE, door, message, suggestion)


def _open_door(entry: Node) -> Node | None:
    """What lets anybody pass this verifier."""
    if text_at(entry, "type") == "none":
        return entry.get("type")
    if text_at(entry, "type") == "ip":
        return next(filter(_is_everybody, entry.items("allowed_ips")), None)
    return None


def _is_everybody(item: Node) -> bool:
    network = parse_network(item.string)
    return not isinstance(network, str) and network.prefixlen == 0


def _is_loopback(host: str) -> bool:
    address = parse_address(host)
    return host == "localhost" if address is None else address.is_loopback
