"""A value that is put into a body is found where it was put, and nothing else changes."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.engine.rewriting import as_form, with_payload, with_value
from hookgate.expr.paths import Found, Path, parse_path
from hookgate.expr.values import json_text
from hookgate.loading.sender_auth import read_payload
from hookgate.model import JSON
from tests.rules import delivery

FORM = {"content-type": "application/x-www-form-urlencoded"}
MULTIPART = {"content-type": "multipart/form-data; boundary=b"}


def path(text: str) -> Path:
    found = parse_path(text)
    assert isinstance(found, Path), found
    return found


def put(body: str, where: str, value: JSON, headers: dict[str, str] | None = None) -> str | None:
    changed = with_value(delivery("it", body, headers), path(where), value)
    return None if changed is None else changed.body.decode()


@pytest.mark.parametrize(
    ("body", "where", "after"),
    [
        ("{}", "a", '{"a":"x"}'),
        ("", "a.b", '{"a":{"b":"x"}}'),
        ('{"a": null}', "a.b", '{"a":{"b":"x"}}'),
        ('{"b": 1.10, "a": 1}', "a", '{"b":1.10,"a":"x"}'),
        ('{"a": [{"b": 1}, 2]}', "a[0].b", '{"a":[{"b":"x"},2]}'),
        ('{"a": [{"b": 1}, 2]}', "a.1", '{"a":[{"b":1},"x"]}'),
        ('{"a": [1, 2]}', "a[-1]", '{"a":[1,"x"]}'),
        ('{"a": {"0": 1}}', "a.0", '{"a":{"0":"x"}}'),
        ("{}", "data.events[0].eventType", '{"data":{"events":[{"eventType":"x"}]}}'),
        ('{"a": [1]}', "a[1]", '{"a":[1,"x"]}'),
        ("[]", "[0].t", '[{"t":"x"}]'),
        ('{"a": "text"}', "a.b", None),
        ('{"a": [1]}', "a[2]", None),
        ('{"a": [1]}', "a[-2]", None),
        ('{"a": {}}', "a[0]", None),
        ('{"a": [{}]}', "a[*].b", None),
    ],
)
def test_a_value_is_put_where_the_path_leads(body: str, where: str, after: str | None) -> None:
    assert put(body, where, "x") == after


NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
PATHS = st.lists(NAMES | st.integers(0, 3).map(str), min_size=1, max_size=4).map(".".join)


@given(VALUES, PATHS)
def test_what_was_put_is_found_and_nothing_is_lost(value: JSON, where: str) -> None:
    changed = with_value(delivery("it", json_text(value)), path(where), "put")
    if changed is None:
        return
    after = read_payload(changed)
    assert path(where).find(after) == Found("put")
    for other in ("a", "b", "c", "a.a", "a.b", "b.0", "0", "1"):
        apart = not where.startswith(other) and not other.startswith(where)
        if apart and path(other).value(value) is not None:
            assert path(other).value(after) == path(other).value(value)


def test_a_field_is_put_into_a_form() -> None:
    assert put("a=1&b=2&b=3&c=%C3%A9+", "d", "x y", FORM) == "a=1&b=2&b=3&c=%C3%A9+&d=x+y"
    assert put("a=1", "a", "2", FORM) == "a=2"
    assert put("", "a", "2", FORM) == "a=2"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (FORM, "payload=%7B%22a%22%3A1%7D"),
        (FORM, "other=1&payload=%7B%22a%22%3A1%7D"),
        (MULTIPART, '--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--b--\r\n'),
        ({"content-type": "text/plain"}, "a"),
        ({"content-type": "application/xml"}, "<a/>"),
    ],
)
def test_a_body_that_cannot_be_written_again_is_left_alone(
    headers: dict[str, str], body: str
) -> None:
    assert with_payload(delivery("it", body, headers), {"a": "x"}) is None


def test_an_object_is_a_form_of_the_texts_that_a_command_line_would_get() -> None:
    written = as_form({"a": "x&y", "b": [1, True], "payload": {"n": None}, "e": None})
    assert written is not None
    assert parse_qsl(written.decode(), keep_blank_values=True) == [
        ("a", "x&y"),
        ("b", "1"),
        ("b", "true"),
        ("payload", '{"n":null}'),
        ("e", ""),
    ]
    assert as_form(["a"]) is None
