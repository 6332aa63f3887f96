"""Forms as multipart/form-data, written by a library of its own and by hand."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.core.multipart import MalformedForm, multipart_fields

TYPE = "multipart/form-data; boundary=XX"
HEAD = b'--XX\r\nContent-Disposition: form-data; name="a"'
PART = HEAD + b"\r\n\r\n1\r\n"
END = b"--XX--\r\n"

# Clients write control characters, quotes and percent signs of a name each in a way of its own.
NAME = st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters='\\%"')
NAMES = st.text(NAME, min_size=1, max_size=20)
VALUES = st.text(st.characters(codec="utf-8"), max_size=60)


def fields(raw: bytes, content_type: str = TYPE, most: int = 5) -> list[tuple[str, str]]:
    return multipart_fields(content_type, raw, most)


@given(st.lists(st.tuples(NAMES, VALUES), min_size=1, max_size=5))
def test_what_a_client_writes_is_read_in_its_order(pairs: list[tuple[str, str]]) -> None:
    # A file without a name is how httpx writes a field.
    written = httpx.Request("POST", "http://h", files=[(n, (None, v.encode())) for n, v in pairs])
    assert fields(written.read(), written.headers["content-type"]) == pairs


def test_files_are_passed_over_whatever_they_hold() -> None:
    file = HEAD.replace(b'"a"', b'"f"') + b'; filename="a"\r\n\r\n\xff\0\r\n'
    assert fields(file + PART + file + END) == [("a", "1")]


@pytest.mark.parametrize(
    ("raw", "pairs"),
    [
        (PART + END, [("a", "1")]),
        (PART + END.strip(), [("a", "1")]),
        (HEAD + b"\r\n\r\n\r\n" + END, [("a", "")]),
        (HEAD + b"\r\n\r\n\r\n--XX\n\r\n" + END, None),
        (HEAD + b"\r\n\r\n--X\r\n-XX\r\n" + END, [("a", "--X\r\n-XX")]),
        (HEAD + b"\r\nContent-Transfer-Encoding: 8BIT\r\n\r\n1\r\n" + END, [("a", "1")]),
        (HEAD + b"\r\nContent-Type: text/plain\r\nX: y\r\n\r\n1\r\n" + END, [("a", "1")]),
    ],
)
def test_a_part_is_exactly_what_lies_between_two_boundaries(
    raw: bytes, pairs: list[tuple[str, str]] | None
) -> None:
    if pairs is None:
        with pytest.raises(MalformedForm):
            fields(raw)
    else:
        assert fields(raw) == pairs


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "it does not begin and end with its boundary"),
        (END, "it does not begin and end with its boundary"),
        (PART, "it does not begin and end with its boundary"),
        (PART + END[:-3], "it does not begin and end with its boundary"),
        (b"before\r\n" + PART + END, "it does not begin and end with its boundary"),
        (b"\r\n" + PART + END, "it does not begin and end with its boundary"),
        (PART + END + b"\r\n", "it does not begin and end with its boundary"),
        (PART + END + b"after", "it does not begin and end with its boundary"),
        (PART + END + PART + END, "unexpected data after end of multipart stream"),
        (PART.replace(b"\r\n", b"\n") + END, "it does not begin and end with its boundary"),
        (b"--XX \r\n" + PART + END, "unexpected byte after first boundary"),
        (b"--XX\r\n\r\n1\r\n" + END, "missing content-disposition segment header"),
        (
            HEAD.replace(b"form-data", b"attachment") + b"\r\n\r\n\r\n" + END,
            "invalid content-disposition segment header: wrong type",
        ),
        (
            HEAD.replace(b"name", b"nome") + b"\r\n\r\n\r\n" + END,
            "invalid content-disposition segment header: missing name option",
        ),
        (HEAD + b"\r\n x: y\r\n\r\n1\r\n" + END, "unexpected segment header continuation"),
        (HEAD + b"\r\n" + HEAD[6:] + b"\r\n\r\n1\r\n" + END, "a part of it has a header twice"),
        (
            HEAD + b"\r\nContent-Transfer-Encoding: base64\r\n\r\nMQ==\r\n" + END,
            "a part of it has a transfer encoding",
        ),
        (HEAD + b"\r\n\r\n\xff\r\n" + END, "it holds text that is not UTF-8"),
        (HEAD.replace(b"a", b"\xff") + b"\r\n\r\n1\r\n" + END, "segment header failed to decode"),
        (PART * 6 + END, "maximum segment count exceeded"),
        (HEAD + b"\r\na: b" * 9 + b"\r\n\r\n1\r\n" + END, "maximum segment header count exceeded"),
        (
            HEAD + b"\r\na: " + b"b" * 5000 + b"\r\n\r\n1\r\n" + END,
            "maximum segment header length exceeded",
        ),
    ],
)
def test_whatever_is_odd_is_a_fault(raw: bytes, why: str) -> None:
    with pytest.raises(MalformedForm) as fault:
        fields(raw)
    assert str(fault.value) == why


@pytest.mark.parametrize(
    "content_type",
    [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        f"multipart/form-data; boundary={'X' * 71}",
        "multipart/form-data, boundary=XX",
    ],
)
def test_a_boundary_must_be_named(content_type: str) -> None:
    with pytest.raises(MalformedForm, match="names no boundary"):
        fields(PART + END, content_type)


def test_a_boundary_may_stand_in_quotes_and_beside_other_parameters() -> None:
    assert fields(PART + END, 'multipart/form-data; charset=utf-8; Boundary="XX"') == [("a", "1")]


@given(
    st.lists(
        st.sampled_from([PART, HEAD, END, b"--XX", b"--XX--", b"\r\n", b"\r\n\r\n", b"1", b": "])
        | st.binary(max_size=4),
        max_size=8,
    ),
    st.text(max_size=12),
)
def test_no_bytes_and_no_header_make_it_raise_anything_else(raw: list[bytes], named: str) -> None:
    for content_type in (TYPE, f"multipart/form-data; boundary={named}", named):
        try:
            found = fields(b"".join(raw), content_type)
        except MalformedForm:
            continue
        assert len(found) <= 5
