"""Where `hookgate send` goes by default, and where it is told to go."""

from __future__ import annotations

import pytest

from hookgate.cli.sending.target import Target, target_of
from hookgate.core.config import ServerSettings


def url(to: str | None, host: str = "127.0.0.1", port: int = 12345) -> str:
    found = target_of(to, "shop", ServerSettings(host=host, port=port))
    assert isinstance(found, Target), found
    return found.url(found.query)


@pytest.mark.parametrize(
    ("host", "called"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),  # noqa: S104 - nothing is bound to it
        ("::", "[::1]"),
        ("::1", "[::1]"),
        ("hooks.internal", "hooks.internal"),
    ],
)
def test_by_default_it_goes_where_the_server_listens(host: str, called: str) -> None:
    assert url(None, host) == f"http://{called}:12345/api/webhooks/shop"


def test_a_port_that_is_any_free_one_has_to_be_told() -> None:
    found = target_of(None, "shop", ServerSettings(port=0))
    assert found == "server.port is any free one; --to says where the gateway listens"


@pytest.mark.parametrize(
    ("to", "called"),
    [
        ("https://hooks.example.com", "https://hooks.example.com/api/webhooks/shop"),
        ("https://hooks.example.com/", "https://hooks.example.com/api/webhooks/shop"),
        ("HTTP://Hooks.example.com:80/x/", "http://hooks.example.com:80/x/"),
        ("http://[::1]:8080/shop", "http://[::1]:8080/shop"),
        ("http://h/a%20b?q=a%26b&e=#part", "http://h/a%20b?q=a%26b&e="),
        ("http://b\u00fccher.example/\u00fc", "http://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_an_address_is_called_as_it_is_but_for_a_path_that_it_lacks(to: str, called: str) -> None:
    assert url(to) == called


@pytest.mark.parametrize(
    "to",
    [
        "",
        "shop",
        "localhost:12345",
        "ftp://h/",
        "http://",
        "http:///shop",
        "http://h:x/",
        "http://h:99999/",
        "http://[::1/",
        "http://a..b/",
        f"http://{'a' * 64}.example/",
        "http://h/\udc80",
        "http://jo@h/",
        "http://:canary@h/",
    ],
)
def test_what_is_no_address_is_told(to: str) -> None:
    found = target_of(to, "shop", ServerSettings())
    assert isinstance(found, str)
    assert "canary" not in found
