from __future__ import annotations

import pytest

from hookgate.auth.token import TokenAuth
from tests.unit.auth.deliveries import NOW, delivery

ONE = TokenAuth((b"t0ken",))
TWO = TokenAuth((b"new", b"old"))


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"Authorization": "Bearer t0ken"}, "Authorization matches"),
        ({"Authorization": "bEARER   t0ken "}, "Authorization matches"),
        ({"X-Webhook-Token": "t0ken"}, "X-Webhook-Token matches"),
        ({"X-Webhook-Token": " t0ken\t"}, "X-Webhook-Token matches"),
        ({"Authorization": "Basic eDp5", "X-Webhook-Token": "t0ken"}, "X-Webhook-Token matches"),
        ({"Authorization": "Bearer no", "X-Webhook-Token": "t0ken"}, "X-Webhook-Token matches"),
    ],
)
def test_the_token_passes_in_either_of_its_usual_headers(
    headers: dict[str, str], reason: str
) -> None:
    step = ONE.verify(delivery(headers), NOW)
    assert (step.passed, step.reason, step.secret_index) == (True, reason, 0)


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({}, "no Authorization: Bearer or X-Webhook-Token header"),
        ({"Authorization": "t0ken"}, "no Authorization: Bearer or X-Webhook-Token header"),
        ({"Authorization": "Bearer"}, "no Authorization: Bearer or X-Webhook-Token header"),
        ({"Authorization": "Bearer "}, "no Authorization: Bearer or X-Webhook-Token header"),
        ({"X-Webhook-Token": ""}, "no Authorization: Bearer or X-Webhook-Token header"),
        ({"Authorization": "Token t0ken"}, "no Authorization: Bearer or X-Webhook-Token header"),
        ({"Authorization": "Bearer t0ken, Bearer t0ken"}, "Authorization does not match"),
        ({"Authorization": "Bearer T0KEN"}, "Authorization does not match"),
        ({"X-Webhook-Token": "t0ke"}, "X-Webhook-Token does not match"),
        ({"X-Webhook-Token": "t0kené"}, "X-Webhook-Token does not match"),
        ({"X-Webhook-Token": "Bearer t0ken"}, "X-Webhook-Token does not match"),
        (
            {"Authorization": "Bearer a", "X-Webhook-Token": "b"},
            "Authorization or X-Webhook-Token does not match",
        ),
    ],
)
def test_anything_else_fails_and_says_where(headers: dict[str, str], reason: str) -> None:
    step = ONE.verify(delivery(headers), NOW)
    assert (step.passed, step.reason, step.secret_index) == (False, reason, None)


@pytest.mark.parametrize(("token", "index"), [("new", 0), ("old", 1)])
def test_any_of_several_tokens_passes_and_is_named_by_its_index(token: str, index: int) -> None:
    assert TWO.verify(delivery({"X-Webhook-Token": token}), NOW).secret_index == index


def test_a_named_header_is_the_only_place() -> None:
    auth = TokenAuth((b"t0ken",), header="X-Gitlab-Token")
    assert auth.verify(delivery({"X-Gitlab-Token": "t0ken"}), NOW).passed
    assert not auth.verify(delivery({"X-Gitlab-Token": "Bearer t0ken"}), NOW).passed
    for elsewhere in ({"X-Webhook-Token": "t0ken"}, {"Authorization": "Bearer t0ken"}):
        step = auth.verify(delivery(elsewhere), NOW)
        assert (step.passed, step.reason) == (False, "no X-Gitlab-Token header")


@pytest.mark.parametrize("value", ["t0ken", "Bearer t0ken", "bearer t0ken"])
def test_a_token_named_for_authorization_may_come_bare_or_as_bearer(value: str) -> None:
    auth = TokenAuth((b"t0ken",), header="authorization")
    assert auth.verify(delivery({"Authorization": value}), NOW).passed


def test_a_named_query_parameter_is_the_only_place() -> None:
    auth = TokenAuth((b"t0ken",), query="key")
    step = auth.verify(delivery(query={"key": "t0ken"}), NOW)
    assert (step.passed, step.reason) == (True, "query parameter key matches")
    step = auth.verify(delivery({"Authorization": "Bearer t0ken"}, query={"Key": "t0ken"}), NOW)
    assert (step.passed, step.reason) == (False, "no query parameter key")
    step = auth.verify(delivery(query={"key": "other"}), NOW)
    assert (step.passed, step.reason) == (False, "query parameter key does not match")


def test_the_query_is_not_looked_at_unless_named() -> None:
    assert not ONE.verify(delivery(query={"token": "t0ken"}), NOW).passed


@pytest.mark.parametrize("token", ["schlüssel", "voilà", "☃"])
def test_a_token_that_is_not_ascii_is_compared_as_the_bytes_of_the_wire(token: str) -> None:
    wire = token.encode().decode("latin-1")
    auth = TokenAuth((token.encode(),))
    assert auth.verify(delivery({"X-Webhook-Token": wire}), NOW).passed
    assert auth.verify(delivery({"Authorization": f"Bearer {wire}"}), NOW).passed
    assert TokenAuth((token.encode(),), query="t").verify(delivery(query={"t": token}), NOW).passed


@pytest.mark.parametrize("tokens", [(), (b"",)])
@pytest.mark.parametrize("presented", ["", "x"])
def test_without_a_token_to_compare_with_nothing_passes(
    tokens: tuple[bytes, ...], presented: str
) -> None:
    headers = {"X-Webhook-Token": presented, "Authorization": f"Bearer {presented}"}
    assert not TokenAuth(tokens).verify(delivery(headers), NOW).passed
    assert not TokenAuth(tokens, query="q").verify(delivery(query={"q": presented}), NOW).passed


@pytest.mark.parametrize(
    ("auth", "headers", "query"),
    [
        (ONE, frozenset({"authorization", "x-webhook-token"}), frozenset()),
        (TokenAuth((b"t",), header="X-Gitlab-Token"), frozenset({"x-gitlab-token"}), frozenset()),
        (TokenAuth((b"t",), query="Key"), frozenset(), frozenset({"Key"})),
    ],
)
def test_it_names_where_the_token_travels(
    auth: TokenAuth, headers: frozenset[str], query: frozenset[str]
) -> None:
    assert (auth.credential_headers, auth.credential_query) == (headers, query)
