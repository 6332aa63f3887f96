"""Slips of the hand in a good file: none is let pass, and none ends in anything but findings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookgate.loading.findings import Findings
from hookgate.loading.load import Loaded, load
from hookgate.loading.nodes import Node, Span
from hookgate.loading.problems import Severity
from hookgate.loading.reader import read

ROOT = Path(__file__).parents[3]
SHIPPED = (ROOT / "rules.yaml").read_text("utf-8")
FREELY_NAMED = {("sources",), ("programs",), ("sources", "*", "params"), ("sources", "*", "rules")}
"""Where the keys of a mapping are names that the file gives; ``*`` is such a name."""


def load_shipped(text: str) -> Loaded:
    return load(text, "rules.yaml", str(ROOT), {}, environment=False)


def tree() -> Node:
    root = read(SHIPPED, Findings("rules.yaml", SHIPPED))
    assert root is not None
    return root


def key_places(node: Node, path: tuple[str, ...] = ()) -> Iterator[Span]:
    """Where the keys of the format stand."""
    named = path in FREELY_NAMED
    for key, child in node.entries().items():
        if child.key is not None and not named:
            yield child.key
        yield from key_places(child, (*path, "*" if named else key))
    for item in node.value if isinstance(node.value, list) else ():
        yield from key_places(item, path)


def reference_places(root: Node) -> Iterator[Span]:
    """Where something is named that the file, or hookgate, defines elsewhere."""
    for source in root.entries("sources").values():
        params = "|".join(source.entries("params"))
        if provider := source.get("provider"):
            yield provider.span
        for rules in source.entries("rules").values():
            for rule in rules.items():
                yield rule.entries()["program"].span
                condition = rule.get("condition")
                if condition is not None:
                    yield from names_in(condition, params)
    for program in root.entries("programs").values():
        yield from (item.span for item in program.items("params"))


def names_in(condition: Node, params: str) -> Iterator[Span]:
    span = condition.span
    written = SHIPPED[span.start : span.end]
    for found in re.finditer(rf"\b(?:{params}|event_type|headers|payload)\b", written):
        start = span.start + found.start()
        column = span.column + found.start()
        yield Span(span.line, column, start, start + len(found[0]))


PLACES = [*key_places(tree()), *reference_places(tree())]


def test_the_shipped_file_has_keys_and_references_to_get_wrong() -> None:
    assert load_shipped(SHIPPED).problems == ()
    named = {SHIPPED[place.start : place.end] for place in PLACES}
    assert {"version", "sources", "auth", "condition", "command", "issue_type"} <= named
    assert {"hello_world", "jira_issue", "github"} <= named


@pytest.mark.parametrize("place", PLACES, ids=lambda p: f"{p.line}:{SHIPPED[p.start : p.end]}")
@pytest.mark.parametrize("slip", ["longer", "shorter", "swapped", "upper"])
def test_a_misspelt_word_is_an_error_on_its_line(place: Span, slip: str) -> None:
    word = SHIPPED[place.start : place.end]
    wrong = {
        "longer": f"{word}s",
        "shorter": f"{word[:-2]}{word[-1]}",
        "swapped": f"{word[1]}{word[0]}{word[2:]}",
        "upper": word.upper(),
    }[slip]
    loaded = load_shipped(SHIPPED[: place.start] + wrong + SHIPPED[place.end :])
    errors = {p.line for p in loaded.problems if p.severity is Severity.ERROR}
    assert place.line in errors
    assert loaded.config is None


# --- lines ----------------------------------------------------------------------------------

LINES = [line for line in SHIPPED.split("\n") if line.strip()]
_KEY = re.compile(r"^(?P<indent>[ -]*)(?P<key>[\w*\"]+):(?P<value>.*)$")
RETYPED = st.sampled_from(["", "5", "[]", "{}", "null", "true", "[[a]]", "{a: b}", "text", '""'])


@st.composite
def slipped(draw: st.DrawFn) -> str:
    """The shipped file with lines dropped, doubled, moved, indented, renamed or retyped."""
    lines = list(LINES)
    for _ in range(draw(st.integers(1, 4))):
        index = draw(st.integers(0, len(lines) - 1))
        parts = _KEY.match(lines[index])
        match draw(
            st.sampled_from(["drop", "double", "move", "indent", "rename", "retype", "cut"])
        ):
            case "drop" if len(lines) > 1:
                del lines[index]
            case "double":
                lines.insert(draw(st.integers(0, len(lines))), lines[index])
            case "move":
                lines.insert(draw(st.integers(0, len(lines) - 1)), lines.pop(index))
            case "indent":
                lines[index] = " " * draw(st.integers(0, 8)) + lines[index].lstrip()
            case "rename" if parts:
                key = draw(st.sampled_from(["a", "condition", "rules", "'", "?", "<<", "auth"]))
                lines[index] = f"{parts['indent']}{key}:{parts['value']}"
            case "retype" if parts:
                lines[index] = f"{parts['indent']}{parts['key']}: {draw(RETYPED)}"
            case "cut":
                lines[index] = lines[index][: draw(st.integers(0, len(lines[index])))]
    return "\n".join(lines) + draw(st.sampled_from(["\n", "", "\n\n"]))


@settings(max_examples=400, deadline=None)
@given(slipped(), st.booleans())
def test_a_file_with_slips_gives_a_configuration_or_errors(text: str, environment: bool) -> None:
    loaded = load(text, "rules.yaml", str(ROOT), {"PATH": "/usr/bin:/bin"}, environment)
    errors = [p for p in loaded.problems if p.severity is Severity.ERROR]
    assert (loaded.config is None) == bool(errors)
    lines = text.split("\n")
    assert all(1 <= problem.line <= len(lines) for problem in loaded.problems)
