"""From YAML text to a tree of values with places.

The values are those of the YAML 1.2 core schema that JSON has too: null, true and false, and
numbers as JSON writes them. Everything else that stands unquoted is text as written: ``on``,
``yes``, dates, ``012``, ``1:30``. A key is always its text as written, so ``404:`` is the event
type "404". Tags, merge keys and keys that are not text are refused; aliases are unfolded, within
bounds.
"""

from __future__ import annotations

import re
from typing import cast

import yaml

from hookgate.expr.values import ExactFloat
from hookgate.loading.codes import Code
from hookgate.loading.findings import Findings, quoted
from hookgate.loading.nodes import Node, Scalar, Span

MAX_DEPTH = 50
"""How deep mappings and lists may be nested."""

MAX_NODES = 200_000
"""How many values a file may hold once its aliases are unfolded."""

Parser: type[yaml.SafeLoader | yaml.CSafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_NOT_TEXT = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NOT_CHARACTER = re.compile("[\0\ud800-\udfff]")
_ANCHOR = re.compile(r"&\S+\s+")

_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,99})")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]{0,99})(?:\.[0-9]{1,99})?(?:[eE][+-]?[0-9]{1,9})?")

_NESTED_TOO_DEEP = f"nested deeper than {MAX_DEPTH} levels"
_TOO_DEEP_FOR_LIBYAML = "exceeded maximum nesting depth"
"""A bound of its own (1,000), which it meets before any event, for it reads ahead."""

_PLAIN_WORDS = {
    "mapping values are not allowed in this context": (
        "a second 'key: value' on one line; a text that holds ': ' must be quoted"
    ),
    "found character that cannot start any token": (
        "a text cannot begin with this character unless it is quoted"
    ),
    "mapping keys are not allowed in this context": (
        "a lone '?' must be quoted, for YAML means something else by it"
    ),
    "found unexpected ':'": "a ':' cannot stand here; quote the text that holds it",
    "could not find expected ':'": "a key without the ':' that belongs after it",
    "found unexpected end of stream": "a quote that is never closed",
    "did not find expected ',' or ']'": "a ',' or a ']' was expected here; is a '[' left open?",
    "did not find expected ',' or '}'": "a ',' or a '}' was expected here; is a '{' left open?",
    "did not find expected <document start>": "this does not belong to what stands before it",
    "did not find expected key": "a key was expected here; is the indentation right?",
    "did not find expected '-' indicator": "a '-' was expected here; is the indentation right?",
}


def read(text: str, findings: Findings) -> Node | None:
    """Read one YAML document; None where its text cannot be read as one.

    Bytes that were no UTF-8 are expected as lone surrogates (``errors="surrogateescape"``).
    """
    stray = _NOT_TEXT.search(text)
    if stray is not None:
        findings.add(Code.CHARACTER, _span_at(text, stray.start()), _stray_words(stray.group()))
        return None
    try:
        return _Builder(text, findings).document()
    except _Unreadable as fault:
        findings.add(fault.code, fault.place, fault.message)
    except yaml.MarkedYAMLError as error:
        place = _error_span(error, text)
        if error.problem == _TOO_DEEP_FOR_LIBYAML:
            findings.add(Code.TOO_LARGE, place, _NESTED_TOO_DEEP)
            return None
        at_tab = text.startswith("\t", place.start)
        findings.add(Code.YAML_SYNTAX, place, _NO_TABS if at_tab else _error_words(error))
    except yaml.YAMLError as error:
        findings.add(Code.YAML_SYNTAX, _span_at(text, 0), f"the text cannot be read: {error}")
    return None


class _Unreadable(Exception):  # noqa: N818 - it names the state of affairs, not an error class
    """Reading cannot go on after this."""

    def __init__(self, code: Code, place: Span, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.place = place
        self.message = message


class _Builder:
    """Builds nodes from the parser's events, so that depth and size are bounded from the start."""

    def __init__(self, text: str, findings: Findings) -> None:
        self._text = text
        self._findings = findings
        self._parser = Parser(text)
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._count = 0

    def document(self) -> Node:
        root = Node(None, Span(1, 1, 0, 0))
        started = False
        while not isinstance(event := self._next(), yaml.StreamEndEvent):
            if isinstance(event, yaml.DocumentStartEvent):
                if started:
                    message = "a rules file is one document; a second one begins here"
                    raise _Unreadable(Code.SEVERAL_DOCUMENTS, _span(event), message)
                started = True
                root = self._node(self._next(), None, 0)
        if root.value is None:
            raise _Unreadable(Code.EMPTY_FILE, root.span, "the file is empty")
        return root

    def _next(self) -> yaml.Event:
        return cast(yaml.Event, self._parser.get_event())

    def _node(self, event: yaml.Event, key: Span | None, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._unfolded(event, key)
        if not isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent):
            message = "a value was expected here"
            raise _Unreadable(Code.YAML_SYNTAX, _span(event), message)
        if event.tag is not None:
            self._findings.add(Code.YAML_FEATURE, _span(event), _NO_TAGS)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        before = self._count
        self._grow(1, event)
        node = self._built(event, key, depth)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._count - before)
        return node

    def _built(
        self, event: yaml.ScalarEvent | yaml.CollectionStartEvent, key: Span | None, depth: int
    ) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return Node(self._scalar(event), self._scalar_span(event), key)
        if depth >= MAX_DEPTH:
            raise _Unreadable(Code.TOO_LARGE, _span(event), _NESTED_TOO_DEEP)
        if isinstance(event, yaml.SequenceStartEvent):
            return Node(self._sequence(depth), _start_of(event), key)
        return Node(self._mapping(depth), _start_of(event), key)

    def _sequence(self, depth: int) -> list[Node]:
        items = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, None, depth + 1))
        return items

    def _mapping(self, depth: int) -> dict[str, Node]:
        entries: dict[str, Node] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            name = self._key(event, depth)
            node = self._node(self._next(), _span(event), depth + 1)
            if name is None:
                continue
            if name in entries:
                self._report_duplicate(name, entries[name], event)
            else:
                entries[name] = node
        return entries

    def _key(self, event: yaml.Event, depth: int) -> str | None:
        """The key as text; None where it cannot be one, which is then a finding."""
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event, None, depth + 1)
            self._findings.add(Code.KEY_NOT_TEXT, _span(event), "a key must be plain text")
            return None
        text: str = event.value
        if _is_plain(event) and text == "<<":
            self._findings.add(Code.YAML_FEATURE, _span(event), _NO_MERGE)
            return None
        if _is_plain(event) and text in _CONSTANTS and _CONSTANTS[text] is None:
            message = "null is no key; quote it if it is a name"
            self._findings.add(Code.KEY_NOT_TEXT, _span(event), message)
            return None
        self._check_characters(event)
        return text

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        self._check_characters(event)
        return _resolved(event.value) if _is_plain(event) else event.value

    def _scalar_span(self, event: yaml.ScalarEvent) -> Span:
        """The span of the value itself, without the anchor before it."""
        span = _span(event)
        anchor = _ANCHOR.match(self._text, span.start) if event.anchor is not None else None
        if anchor is None:
            return span
        return _span_at(self._text, anchor.end())._replace(end=max(span.end, anchor.end()))

    def _check_characters(self, event: yaml.ScalarEvent) -> None:
        if _NOT_CHARACTER.search(event.value):
            message = "an escape that stands for no character that can be used"
            self._findings.add(Code.CHARACTER, _span(event), message)

    def _unfolded(self, event: yaml.AliasEvent, key: Span | None) -> Node:
        name = event.anchor or ""
        if name not in self._anchors:
            message = f"the alias *{name} has no anchor &{name} before it"
            raise _Unreadable(Code.YAML_SYNTAX, _span(event), message)
        anchored = self._anchors[name]
        if anchored is None:
            message = f"the alias *{name} is part of what it stands for"
            raise _Unreadable(Code.YAML_FEATURE, _span(event), message)
        node, size = anchored
        self._grow(size, event)
        return Node(node.value, node.span, key)

    def _grow(self, size: int, event: yaml.Event) -> None:
        self._count += size
        if self._count > MAX_NODES:
            message = f"more than {MAX_NODES:,} values once aliases are unfolded"
            raise _Unreadable(Code.TOO_LARGE, _span(event), message)

    def _report_duplicate(self, name: str, first: Node, event: yaml.Event) -> None:
        message = f"{quoted(name)} is already set at line {first.place.line}"
        self._findings.add(Code.DUPLICATE_KEY, _span(event), message)


_NO_TABS = "YAML is not indented with tabs; use spaces"
_NO_TAGS = "tags such as !!str are not used in a rules file; quote a value to make it text"
_NO_MERGE = "merge keys (<<) are not used in a rules file; write the keys out"


def _resolved(text: str) -> Scalar:
    """The value of an unquoted scalar."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return ExactFloat(text) if _FLOAT.fullmatch(text) else text


def _is_plain(event: yaml.ScalarEvent) -> bool:
    return not event.style and event.implicit[0]


def _span(event: yaml.Event) -> Span:
    start, end = cast(yaml.Mark, event.start_mark), cast(yaml.Mark, event.end_mark)
    return Span(start.line + 1, start.column + 1, start.index, end.index)


def _start_of(event: yaml.Event) -> Span:
    span = _span(event)
    return span._replace(end=span.start + 1)


def _span_at(text: str, offset: int) -> Span:
    lines = re.split(r"\r\n|[\n\r\x85\u2028\u2029]", text[:offset])
    return Span(len(lines), len(lines[-1]) + 1, offset, offset + 1)


def _stray_words(character: str) -> str:
    if "\ud800" <= character <= "\udfff":
        return "the file is not UTF-8 text from here on"
    return f"the control character U+{ord(character):04X} cannot be in a rules file"


def _error_span(error: yaml.MarkedYAMLError, text: str) -> Span:
    """Where the fault is; where something was left open at the end, where it began."""
    mark = error.problem_mark
    if error.context_mark is not None and (mark is None or mark.index >= len(text.rstrip())):
        mark = error.context_mark
    if mark is None:
        return Span(1, 1, 0, 0)
    return _span_at(text, min(mark.index, len(text.rstrip())))


def _error_words(error: yaml.MarkedYAMLError) -> str:
    problem = error.problem or "this cannot be read"
    if problem in _PLAIN_WORDS:
        return _PLAIN_WORDS[problem]
    return f"{error.context}: {problem}" if error.context else problem
