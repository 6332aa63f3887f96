"""What is turned away before its body is there."""

from __future__ import annotations

import pytest

from hookgate.core.decide import decide, reject_unread
from hookgate.model import Rejected, Rejection
from tests.rules import compiled, delivery

CONFIG = compiled(
    """
    version: 1
    sources:
      token: {auth: {type: token, token: t}, rules: {}}
      basic: {auth: {type: basic, username: u, password: p}, rules: {}}
      ip: {auth: {type: ip, allowed_ips: [10.0.0.0/8]}, rules: {}}
      none: {auth: {type: none}, rules: {}}
      signed: {auth: {type: signature, secret: s, header: X-S}, rules: {}}
      token_first:
        auth: [{type: token, token: t}, {type: signature, secret: s, header: X-S}]
        rules: {}
      token_last:
        auth: [{type: signature, secret: s, header: X-S}, {type: token, token: t}]
        rules: {}
      greeted:
        auth: {type: token, token: t}
        handshake: {when: {path: type, equals: check}, auth: {type: none}, answer: {text: value}}
        rules: {}
    programs: {}
    """
)


@pytest.mark.parametrize("source", ["token", "basic", "ip", "token_first"])
def test_credentials_outside_the_body_are_judged_without_it_and_no_differently(source: str) -> None:
    rejected = reject_unread(CONFIG, delivery(source, b""), 0.0)
    assert isinstance(rejected, Rejected)
    assert rejected == decide(CONFIG, delivery(source, b"{}"), 0.0)
    expected = Rejection.FORBIDDEN if source == "ip" else Rejection.UNAUTHENTICATED
    assert rejected.rejection is expected


@pytest.mark.parametrize("source", ["none", "signed", "token_last", "greeted"])
def test_what_hangs_on_the_body_waits_for_it(source: str) -> None:
    assert reject_unread(CONFIG, delivery(source, b""), 0.0) is None


def test_good_credentials_do_not_settle_what_the_body_has_to_prove() -> None:
    head = delivery("token_first", b"", {"x-webhook-token": "t"})
    assert reject_unread(CONFIG, head, 0.0) is None
    assert isinstance(decide(CONFIG, head, 0.0), Rejected)
