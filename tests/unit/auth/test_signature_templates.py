from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from hookgate.auth.templates import BODY, BodyOrForm, Slot, Template, parse_template

KNOWN = "a template may hold {body} {ts} {id} {url} {url_decoded} {method} {body_or_form:FIELD}"


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("{body}", BODY),
        ("{ts}.{body}", Template(("ts", b".", "body"))),
        ("v0:{ts}:{body}", Template((b"v0:", "ts", b":", "body"))),
        ("{method}{url}{body}{ts}", Template(("method", "url", "body", "ts"))),
        ("{id}.{ts}.{body}", Template(("id", b".", "ts", b".", "body"))),
        ("{url_decoded}{body}", Template(("url_decoded", "body"))),
        ("{ts}{body_or_form:payload}", Template(("ts", BodyOrForm("payload")))),
        ("é{body}", Template(("é".encode(), "body"))),
    ],
)
def test_a_template_is_fixed_text_and_slots(text: str, template: Template) -> None:
    assert parse_template(text) == template


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{tss}{body}", f"{{tss}} is not known; {KNOWN}"),
        ("{}{body}", f"{{}} is not known; {KNOWN}"),
        ("{ body }", f"{{ body }} is not known; {KNOWN}"),
        ("{body_or_form}{body}", f"{{body_or_form}} is not known; {KNOWN}"),
        ("{body_or_form:}{body}", f"{{body_or_form:}} is not known; {KNOWN}"),
        ("{body", "a brace has no partner"),
        ("body}", "a brace has no partner"),
        ("{{body}}", "a brace has no partner"),
        ("{ts}.{id}", "there is no {body} in it, so the body would not be signed"),
        ("body", "there is no {body} in it, so the body would not be signed"),
        ("", "there is no {body} in it, so the body would not be signed"),
    ],
)
def test_a_mistake_in_a_template_is_a_fault(text: str, fault: str) -> None:
    assert parse_template(text) == fault


@given(st.text(st.characters()))
@example("\ud800")
def test_reading_a_template_never_raises(text: str) -> None:
    parse_template(text)
    parse_template(text + "{body}")


def test_a_template_is_filled_in_order() -> None:
    template = parse_template("{method} {url} {id} {ts}\n{body}{body}")
    assert isinstance(template, Template)
    assert template.slots == ("method", "url", "id", "ts", "body", "body")
    values: dict[Slot, bytes] = {
        "method": b"PUT",
        "url": b"u",
        "id": b"i",
        "ts": b"t",
        "body": b"{ts}",
    }
    assert template.fill(values) == b"PUT u i t\n{ts}{ts}"


def test_a_lone_body_is_not_copied() -> None:
    body = bytes(10_000)
    assert BODY.fill({"body": body}) is body
