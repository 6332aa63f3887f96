from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.expr.paths import Found, Missing, Path, PathFault, parse_path
from hookgate.model import JSON

PAYLOAD: JSON = {
    "issue": {"fields": {"priority": {"name": "High"}, "labels": [], "parent": None}},
    "commits": [
        {"id": "a1", "author": {"name": "Ada"}, "files": ["x.py", "y.py"]},
        {"id": "b2", "files": []},
        {"id": "c3", "author": {"name": "Cy"}, "files": "none"},
        "not an object",
    ],
    "labels": {"app.kubernetes.io/name": "gate", "it's": 1, 'say "hi"': 2, "back\\slash": 3},
    "x-y": "dash",
    "@type": "at",
    "$ref": "dollar",
    "0": "zero",
    "counts": {"0": "none", "12": "dozen"},
    "12": "at the top",
    "": "empty",
}


def path(text: str) -> Path:
    parsed = parse_path(text)
    assert isinstance(parsed, Path), parsed
    return parsed


def fault(text: str) -> PathFault:
    parsed = parse_path(text)
    assert isinstance(parsed, PathFault), parsed
    return parsed


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("issue.fields.priority.name", "High"),
        ("issue.fields.labels", []),
        ("issue.fields.parent", None),
        ("commits.0.id", "a1"),
        ("commits[0].id", "a1"),
        ("commits[2].id", "c3"),
        ("commits[-1]", "not an object"),
        ("commits[-4].id", "a1"),
        ("commits.0.files.1", "y.py"),
        ('labels["app.kubernetes.io/name"]', "gate"),
        ("labels['app.kubernetes.io/name']", "gate"),
        ('labels["it\'s"]', 1),
        (r"labels['it\'s']", 1),
        (r'labels["say \"hi\""]', 2),
        (r"labels['say \"hi\"']", 2),
        (r'labels["back\\slash"]', 3),
        ("x-y", "dash"),
        ("@type", "at"),
        ("$ref", "dollar"),
        ("0", "zero"),
        ("counts.0", "none"),
        ("counts.12", "dozen"),
        ("12", "at the top"),
        ('["x-y"]', "dash"),
        ('[""]', "empty"),
        ('["issue"]["fields"].priority["name"]', "High"),
    ],
)
def test_a_path_finds_its_value(text: str, value: JSON) -> None:
    assert path(text).find(PAYLOAD) == Found(value)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("nothing", "nothing"),
        ("issue.fields.severity.name", "issue.fields.severity"),
        ("issue.fields.parent.name", "issue.fields.parent.name"),
        ("x-y.0", "x-y.0"),
        ("x-y[0]", "x-y[0]"),
        ("x-y.name", "x-y.name"),
        ("commits.4.id", "commits.4"),
        ("commits[4].id", "commits[4]"),
        ("commits[-5].id", "commits[-5]"),
        ("commits.id", "commits.id"),
        ("commits.00.id", "commits.00"),
        ("commits.-1", "commits.-1"),
        ("counts[0]", "counts[0]"),
        ("counts.7", "counts.7"),
        ('labels["no such"].x', 'labels["no such"]'),
        ('commits["0"]', 'commits["0"]'),
        ("issue[*].name", "issue[*]"),
        ("x-y[*]", "x-y[*]"),
        ("nothing[*].id", "nothing"),
    ],
)
def test_a_missing_value_is_named_by_the_step_that_is_not_there(text: str, at: str) -> None:
    assert path(text).find(PAYLOAD) == Missing(at)


@pytest.mark.parametrize("value", [None, True, 7, 1.5, "text", [], {}])
def test_a_key_of_what_has_no_such_key_is_missing(value: JSON) -> None:
    assert path("a").find(value) == Missing("a")
    assert path("a[0]").find({"a": value}) == Missing("a[0]")


def test_a_star_gives_a_list_without_the_elements_that_lack_the_rest() -> None:
    assert path("commits[*].author.name").find(PAYLOAD) == Found(["Ada", "Cy"])
    assert path("commits[*].id").find(PAYLOAD) == Found(["a1", "b2", "c3"])
    assert path("commits[*].nothing").find(PAYLOAD) == Found([])
    assert path("issue.fields.labels[*].name").find(PAYLOAD) == Found([])
    assert path("1.id").find([{}, {"id": 7}]) == Found(7)
    assert path("[*]").find([1, None]) == Found([1, None])


def test_several_stars_give_one_flat_list() -> None:
    assert path("commits[*].files[*]").find(PAYLOAD) == Found(["x.py", "y.py"])
    assert path("commits[*].files[-1]").find(PAYLOAD) == Found(["y.py"])
    assert path("[*][*][*]").find([[[1], [2, 3]], [[4]], 5]) == Found([1, 2, 3, 4])


def test_a_found_list_is_not_the_payload_s_own() -> None:
    payload: JSON = [1, 2]
    found = path("[*]").find(payload)
    assert isinstance(found, Found)
    assert found.value is not payload


def test_a_path_keeps_its_text_and_equals_another_of_the_same_text() -> None:
    assert path("a.b").text == "a.b"
    assert path("a.b") == path("a.b") != path('a["b"]')
    assert hash(path("a.b")) == hash(path("a.b"))


@pytest.mark.parametrize(
    ("text", "offset", "length", "part"),
    [
        ("", 0, 0, "empty"),
        (".a", 0, 1, "before this dot"),
        ("a..b", 2, 1, "before this dot"),
        ("a.", 2, 0, "ends where a key should follow"),
        ("a b", 1, 1, "white space"),
        ("a.b ", 3, 1, "white space"),
        (" a", 0, 1, "white space"),
        ("a.\tb", 2, 1, "white space"),
        ("a]b", 1, 1, "] cannot stand here"),
        ("a'b", 1, 1, "' cannot stand here"),
        ("a[0]b", 4, 1, "b cannot stand here"),
        ("a.[0]", 2, 1, "[ cannot stand here"),
        ("a[", 1, 1, "brackets hold"),
        ("a[]", 1, 2, "brackets hold"),
        ("a[b]", 1, 3, "brackets hold"),
        ("a[+1]", 1, 4, "brackets hold"),
        ("a[1:2]", 1, 5, "brackets hold"),
        ('a["b]', 1, 4, "brackets hold"),
        (r'a["\n"]', 1, 6, "brackets hold"),
        ("a[٣]", 1, 3, "brackets hold"),  # a digit that is not ASCII
        ("a[99999999999999999999]", 1, 22, "brackets hold"),
    ],
)
def test_a_fault_has_a_place(text: str, offset: int, length: int, part: str) -> None:
    found = fault(text)
    assert (found.offset, found.length) == (offset, length)
    assert part in found.message


@given(st.text() | st.text(alphabet="a.0-*[]\"\\' \n"))
def test_any_text_is_a_path_or_a_fault_within_it(text: str) -> None:
    parsed = parse_path(text)
    if isinstance(parsed, PathFault):
        assert 0 <= parsed.offset <= parsed.offset + parsed.length <= len(text)
    else:
        assert parsed.text == text
        assert isinstance(parsed.find(PAYLOAD), Found | Missing)


def _quoted(key: str, quote: str) -> str:
    return f"[{quote}{key.replace(chr(92), chr(92) * 2).replace(quote, chr(92) + quote)}{quote}]"


@given(
    st.lists(st.tuples(st.text(), st.sampled_from(["'", '"'])) | st.integers(0, 3), min_size=1),
    st.integers(),
)
def test_a_path_built_from_any_keys_and_indexes_finds_the_value(
    steps: list[tuple[str, str] | int], value: int
) -> None:
    text, payload = "", value
    nested: JSON = payload
    for step in reversed(steps):
        if isinstance(step, int):
            text = f"[{step}]{text}"
            nested = [None] * step + [nested]
        else:
            text = _quoted(*step) + text
            nested = {step[0]: nested}
    assert path(text).find(nested) == Found(value)


@given(st.lists(st.from_regex(r"[a-zA-Z0-9_@$:/-]+", fullmatch=True), min_size=1))
def test_a_path_of_bare_keys_finds_the_value_in_nested_objects(keys: list[str]) -> None:
    nested: JSON = "here"
    for key in reversed(keys):
        nested = {key: nested}
    assert path(".".join(keys)).find(nested) == Found("here")


def test_a_very_long_path_and_a_very_long_unclosed_quote_are_read_in_linear_time() -> None:
    assert path(".".join(["a"] * 100_000)).find({"a": 1}) == Missing("a.a")
    assert fault('a["' + "\\\\" * 100_000).offset == 1


@given(
    st.lists(st.sampled_from(["issue", "fields", "parent", "labels", "commits", "0", "id", "x-y"]))
    .filter(bool)
    .map(".".join)
)
def test_the_value_alone_is_what_find_finds_or_none(text: str) -> None:
    found = path(text).find(PAYLOAD)
    assert path(text).value(PAYLOAD) == (found.value if isinstance(found, Found) else None)
