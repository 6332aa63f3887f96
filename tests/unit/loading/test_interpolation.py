"""Filling variables and files into strings."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.loading.findings import Findings
from hookgate.loading.interpolation import Filled, Interpolation, complete, pieces, shown
from hookgate.loading.nodes import Node, Span, node_of

_HERE = Span(1, 1, 0, 0)


def fill(text: str, environ: dict[str, str] | None = None, directory: str = "/") -> str:
    findings = Findings("rules.yaml", text)
    filled = Interpolation(environ or {}, directory, findings).fill(node_of(text, _HERE))
    assert [problem.as_line() for problem in findings.sorted()] == []
    return filled.string


def problems(text: str, environ: dict[str, str] | None = None, directory: str = "/") -> list[str]:
    findings = Findings("rules.yaml", text)
    Interpolation(environ or {}, directory, findings).fill(node_of(text, _HERE))
    return [f"{problem.code} {problem.message}" for problem in findings.sorted()]


@pytest.mark.parametrize(
    ("written", "filled"),
    [
        ("plain $ {x} $x", "plain $ {x} $x"),
        ("${A}", "one"),
        ("<${A}-${A}>", "<one-one>"),
        ("${EMPTY}", ""),
        ("${EMPTY:-other}", "other"),
        ("${NONE:-other words}", "other words"),
        ("${NONE:-}", ""),
        ("${A:-other}", "one"),
        ("$${A}", "${A}"),
        ("$$${A}", "$${A}"),
        ("${TRICKY}", "${A}"),
    ],
)
def test_references_are_filled_in_once(written: str, filled: str) -> None:
    assert fill(written, {"A": "one", "EMPTY": "", "TRICKY": "${A}"}) == filled


def test_a_file_is_filled_in_without_its_last_newline(tmp_path: Path) -> None:
    (tmp_path / "unix").write_bytes(b"two\nlines\n")
    (tmp_path / "windows").write_bytes(b"line\r\n")
    assert fill("<${file:unix}>", directory=str(tmp_path)) == "<two\nlines>"
    assert fill(f"${{file:{tmp_path}/windows}}") == "line"


def test_a_file_that_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "nul").write_bytes(b"a\0b")
    directory = str(tmp_path)
    assert problems("${file:none}", directory=directory) == [
        "HG302 'none' cannot be read: No such file or directory"
    ]
    assert problems("${file:binary}", directory=directory) == [
        "HG302 'binary' cannot be read: it is not UTF-8 text"
    ]
    assert problems("${file:nul}", directory=directory) == [
        "HG302 'nul' cannot be read: it holds a NUL character"
    ]


def test_an_unset_variable_is_named_and_leaves_nothing_of_the_reference() -> None:
    findings = Findings("rules.yaml", "")
    interpolation = Interpolation({"TOKEN": "x"}, "/", findings)
    filled = interpolation.fill(node_of({"a": "<${TOKNE}>", "b": ["${TOKEN}"]}, _HERE))
    assert interpolation.unset == {"TOKNE"}
    assert [p.as_line() for p in findings.sorted()] == [
        "rules.yaml:1:1: HG301 error: TOKNE is not set (did you mean 'TOKEN'?)"
    ]
    assert filled.plain() == {"a": "<>", "b": ["x"]}
    assert not complete(filled.entries()["a"].string)


@pytest.mark.parametrize(
    "written", ["${", "${}", "${A", "${A B}", "${1A}", "${A:x}", "${A-x}", "${A:-${A}}"]
)
def test_a_malformed_reference_is_a_finding_that_does_not_quote_it(written: str) -> None:
    assert problems(f"secret {written}", {"A": "x"}) == [
        "HG117 this is neither ${NAME}, ${NAME:-default} nor ${file:PATH}"
    ]


def test_a_filled_text_is_printed_as_it_was_written() -> None:
    text = fill("<${A}>", {"A": "canary"})
    assert isinstance(text, Filled)
    assert text == "<canary>"
    assert repr(text) == "'<${A}>'"
    assert shown(text) == "<${A}>"
    assert [piece.filled for piece in pieces(text)] == [False, True, False]


def test_what_holds_no_reference_is_shared() -> None:
    tree = node_of({"a": ["x", 1, None], "b": {"c": "${A}"}}, _HERE)
    findings = Findings("rules.yaml", "")
    filled = Interpolation({"A": "1"}, "/", findings).fill(tree)
    assert filled.get("a") is tree.get("a")
    assert filled.plain() == {"a": ["x", 1, None], "b": {"c": "1"}}


@given(st.text(st.sampled_from("${}A:-file \n"), max_size=30))
def test_the_written_text_is_never_lost(text: str) -> None:
    findings = Findings("rules.yaml", text)
    node: Node = Interpolation({"A": "1"}, "/", findings).fill(node_of(text, _HERE))
    assert shown(node.string) == text
    assert findings.sorted() or "${A" not in node.string or "$${A" in text
