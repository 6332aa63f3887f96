"""Tests: from what stands under `tests` to cases that can be run.

They stand in the rules file itself or in files of their own beside it. Nothing is filled into
them: what a test expects must not depend on the environment that it is run in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from hookgate.expr.values import json_text
from hookgate.loading.cases import BLANK, Blank, Case
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, flag_at, text_at
from hookgate.loading.findings import Findings, did_you_mean, listed, quoted
from hookgate.loading.nodes import Node
from hookgate.loading.problems import Problem
from hookgate.loading.reader import read
from hookgate.loading.schema import check_shape


class LoadedTests(Struct, frozen=True):
    """What came of a file of tests: its cases, what is wrong with it, and its text."""

    cases: tuple[Case, ...]
    problems: tuple[Problem, ...]
    text: str


def load_tests(text: str, file: str, directory: str, rules: Node) -> LoadedTests:
    """Load a file of tests for the rules file whose tree is `rules`; see `load.load`.

    Where a problem is an error there are no cases.
    """
    text = text.removeprefix("\ufeff")
    findings = Findings(file, text)
    root = read(text, findings)
    cases: tuple[Case, ...] = ()
    if root is not None:
        sound = check_shape(root, findings, "test_file")
        context = Context(findings, text, rules, directory, {}, environment=True)
        cases = compile_tests(sound.get("tests"), file, context)
    return LoadedTests(() if findings.fatal else cases, findings.sorted(), text)


class Head(Struct, frozen=True):
    """What can be told of a file before its tests are read.

    `rules` is the rules file that it names. `plausible` is False for a file of something else.
    """

    rules: str | None
    plausible: bool


def head_of(text: str) -> Head:
    """The head of a file of tests; one that cannot be read is plausible, so that it is told."""
    root = read(text, Findings("", text))
    if root is None:
        return Head(None, plausible=True)
    rules = root.get("rules")
    named = rules.text if rules is not None else None
    return Head(named, plausible=root.get("tests") is not None)


def compile_tests(tests: Node | None, file: str, context: Context) -> tuple[Case, ...]:
    """The cases of a list of tests; `context.written` is the rules file that they are about."""
    nodes = [] if tests is None else tests.items()
    _check_unique_names(nodes, context)
    compiled = [_case(node, file, context) for node in nodes]
    return tuple(case for case in compiled if case is not None)


def _check_unique_names(nodes: list[Node], context: Context) -> None:
    first: dict[str, int] = {}
    for node in nodes:
        name = node.get("name")
        if name is None or name.text is None:
            continue
        if name.text in first:
            message = f"the test at line {first[name.text]} has this name already"
            context.report(Code.DUPLICATE_TEST, name, message)
        first.setdefault(name.text, name.span.line)


def _case(node: Node, file: str, context: Context) -> Case | None:
    name, source, expect = text_at(node, "name"), node.get("source"), node.get("expect")
    if name is None or source is None or expect is None:
        return None
    if _known_source(source, context):
        _check_expected(expect, source.string, context)
        _check_event_type(node, source.string, context)
    body = _content(node, "body_file", context)
    delivery = _content(node, "delivery", context)
    faults = [found for found in (body, delivery) if isinstance(found, _Unreadable)]
    return Case(
        name=name,
        file=file,
        line=node.span.line,
        source=source.string,
        expect={key: value.plain() for key, value in expect.entries().items()},
        method=text_at(node, "method"),
        headers=_headers(node),
        query={key: value.string for key, value in node.entries("query").items()},
        body=_body(node.get("body")) if body is None else _bytes(body),
        delivery=_bytes(delivery),
        event_type=text_at(node, "event_type"),
        remote_address=text_at(node, "remote_address"),
        received_at=_received_at(node.get("received_at"), context),
        sign=flag_at(node, "sign", default=False),
        blanks=tuple(_blanks(expect, (), context.text)),
        paths=tuple(_paths(node, context)),
        fault=faults[0].reason if faults else None,
    )


# --- the request ----------------------------------------------------------------------------


class _Unreadable(Struct, frozen=True):
    reason: str


_Content: TypeAlias = "bytes | _Unreadable | None"


def _headers(node: Node) -> dict[str, str]:
    headers = {name.lower(): value.string for name, value in node.entries("headers").items()}
    body = node.get("body")
    if body is None or body.text is not None:
        return headers
    return {"content-type": "application/json"} | headers


def _body(node: Node | None) -> bytes | None:
    """Text as it is, everything else as compact JSON."""
    if node is None:
        return None
    text = json_text(node.plain()) if node.text is None else node.text
    return text.encode("utf-8", "surrogatepass")


def _paths(node: Node, context: Context) -> Iterator[str]:
    for key in ("body_file", "delivery"):
        if path := text_at(node, key):
            yield str(Path(context.directory, path))


def _content(node: Node, key: str, context: Context) -> _Content:
    """What a file that the request comes from holds; it is only a warning where it is not there.

    A gateway serves without the files of its tests, while the test itself then fails.
    """
    path = text_at(node, key)
    if path is None:
        return None
    try:
        return Path(context.directory, path).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
        fault = f"{quoted(path)} cannot be read: {reason}"
        context.report(Code.TEST_FILE, node.entries()[key], fault)
        return _Unreadable(fault)


def _bytes(content: _Content) -> bytes | None:
    return content if isinstance(content, bytes) else None


def _received_at(node: Node | None, context: Context) -> float | None:
    if node is None:
        return None
    try:
        return datetime.fromisoformat(node.string).timestamp()
    except (ValueError, OverflowError):
        context.report(Code.FORMAT, node, "there is no such time")
        return None


# --- what is expected -----------------------------------------------------------------------


def _known_source(node: Node, context: Context) -> bool:
    known = context.written.entries("sources")
    if node.string in known:
        return True
    message = f"the source {quoted(node.string)} does not exist"
    context.report(Code.TEST_SOURCE, node, message, did_you_mean(node.string, known))
    return False


def _check_expected(expect: Node, source: str, context: Context) -> None:
    """Whether all that is expected exists: a test for what is not there would never pass."""
    programs = context.written.entries("programs")
    params = context.written.entries("sources", source, "params")
    rules = dict.fromkeys(_rules_of(source, context))
    owner = f"of source {quoted(source)}"
    for node in [*expect.items("programs"), *_keys(expect.get("argv")), *_programs_of_env(expect)]:
        _check_name(node, f"the program {quoted(node.string)} does not exist", programs, context)
    for node in expect.items("rules"):
        _check_name(node, f"{quoted(node.string)} is no rule {owner}", rules, context)
    for node in _keys(expect.get("params")):
        _check_name(node, f"{quoted(node.string)} is no param {owner}", params, context)


def _rules_of(source: str, context: Context) -> Iterator[str]:
    """The id of every rule of a source, and the names of those that have one."""
    for event_type, rules in context.written.entries("sources", source, "rules").items():
        for index, rule in enumerate(rules.items()):
            yield f"{event_type}[{index}]"
            if name := text_at(rule, "name"):
                yield name


def _keys(node: Node | None) -> Iterator[Node]:
    """The keys of a mapping, as nodes."""
    for key, child in node.entries().items() if node is not None else ():
        yield Node(key, child.place)


def _programs_of_env(expect: Node) -> Iterator[Node]:
    """The keys of `env` that name a program: those with a mapping of variables below them."""
    for key, child in expect.entries("env").items():
        if child.text is None:
            yield Node(key, child.place)


def _check_name(node: Node, message: str, known: Mapping[str, object], context: Context) -> None:
    if node.text is not None and node.text not in known and node.text != BLANK:
        suggestion = did_you_mean(node.text, known)
        if suggestion is None and known:
            suggestion = f"known here: {', '.join(known)}"
        context.report(Code.TEST_EXPECTS, node, message, suggestion)


def _check_event_type(node: Node, source: str, context: Context) -> None:
    """Whether the source takes its event type from where a test can put it by itself."""
    event_type = node.get("event_type")
    choices = context.written.items("sources", source, "event_type")
    if event_type is None or not choices:  # X-Event-Type is the default
        return
    if not any(choice.get("header") or choice.get("query") for choice in choices):
        message = f"source {quoted(source)} does not take its event type from a header"
        places = [choice.text for choice in choices if choice.text is not None]
        suggestion = f"put it in the body at {listed(places)}" if places else None
        context.findings.add(Code.TEST_EVENT_TYPE, event_type.place, message, suggestion)


def _blanks(node: Node, path: tuple[str, ...], text: str) -> Iterator[Blank]:
    flow = text.startswith("{", node.span.start)
    for key, child in node.entries().items():
        if child.text == BLANK:
            yield Blank((*path, key), child.span, child.place, flow)
        elif not path or path[0] == "env":  # the value of a param is taken as it is
            yield from _blanks(child, (*path, key), text)
