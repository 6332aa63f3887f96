"""URLs as senders sign them: with the query that arrived, with a port and without."""

from __future__ import annotations

import pytest

from hookgate.auth.urls import Query, query_text, with_and_without_port, with_query


@pytest.mark.parametrize(
    ("url", "forms"),
    [
        ("https://h.example/x?y=1", ("https://h.example/x?y=1", "https://h.example:443/x?y=1")),
        ("http://h.example", ("http://h.example", "http://h.example:80")),
        ("https://h.example:8443/x", ("https://h.example/x", "https://h.example:8443/x")),
        ("https://h.example?a=:1/", ("https://h.example?a=:1/", "https://h.example:443?a=:1/")),
        ("https://u:1@h.example:2/", ("https://u:1@h.example/", "https://u:1@h.example:2/")),
        ("https://u:1@h.example/", ("https://u:1@h.example/", "https://u:1@h.example:443/")),
        ("https://[2001:db8::1]/", ("https://[2001:db8::1]/", "https://[2001:db8::1]:443/")),
        ("https://[::1]:81/", ("https://[::1]/", "https://[::1]:81/")),
        ("nonsense", ("nonsense",)),
    ],
)
def test_a_url_has_two_forms_by_its_port(url: str, forms: tuple[str, ...]) -> None:
    assert with_and_without_port(url) == forms


@pytest.mark.parametrize("own", ["", "?", "?a=1", "#rc=2", "?a=1#rc=2", "#a?b"])
def test_the_query_that_arrived_takes_the_place_of_its_own(own: str) -> None:
    assert with_query(f"https://h.example/x{own}", "b=2&a=%20") == "https://h.example/x?b=2&a=%20"
    assert with_query(f"https://h.example/x{own}", "") == "https://h.example/x"


def test_a_query_is_a_mapping_that_remembers_its_text() -> None:
    query = Query({"a": "1 2"}, "a=0&a=1%202")
    assert query == {"a": "1 2"}
    assert query_text(query) == "a=0&a=1%202"


def test_parameters_without_a_text_are_written_as_a_form_would() -> None:
    assert query_text({"a": "1 2", "é": "&", "s": "\udc80"}) == "a=1+2&%C3%A9=%26&s=%ED%B2%80"
    assert query_text({}) == ""
