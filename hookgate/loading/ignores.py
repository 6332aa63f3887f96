"""Remarks that silence findings: ``# hookgate: ignore[HG231] the last rule is a reserve``.

At the end of a line, a remark silences the findings of its codes (several are separated by commas)
on that line; on a line of its own, those on the next line that holds anything. A reason is asked
for. Warnings can be silenced, and those errors that leave a configuration which does as it says
(`Code.ignorable`); everything else would have the gateway run something other than what is
written. A remark that does nothing is a finding itself, so that none outlives its cause.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from hookgate.loading.codes import Code
from hookgate.loading.context import Context
from hookgate.loading.findings import did_you_mean, quoted
from hookgate.loading.nodes import Node, Span
from hookgate.loading.problems import Severity

_REMARK = re.compile(r"(?:^|(?<=[ \t]))#+[ \t]*hookgate:[ \t]*(?P<order>.*)")
_ORDER = re.compile(r"ignore\[(?P<codes>[^\]]*)\](?P<reason>.*)")
_NAME = re.compile(r"[^\s,]+")
_BREAK = re.compile(r"[\n\r\x85\u2028\u2029]")
_LINE = re.compile(r"([^\n\r\x85\u2028\u2029]*)(?:\r\n|[\n\r\x85\u2028\u2029]|\Z)")
_EMPTY = re.compile(r"[ \t]*(?:#.*)?")

_CODES = {code.number: code for code in Code}


class _Remark(NamedTuple):
    """A remark to hookgate: its `order` begins at `start`; it is about the line `target`."""

    place: Span
    order: str
    start: int
    target: int


def apply_ignores(context: Context) -> None:
    """Drop the findings that remarks in the file silence; report remarks that do nothing."""
    for remark in _remarks(context.text, context.written):
        order = _ORDER.match(remark.order)
        names = list(_NAME.finditer(order["codes"])) if order else []
        if order is None or not names:
            message = "this remark to hookgate cannot be read"
            suggestion = "write # hookgate: ignore[HG231] and a reason"
            context.findings.add(Code.UNREADABLE_IGNORE, remark.place, message, suggestion)
            continue
        if not re.search(r"\w", order["reason"]):
            message = "a reason should say why this can be ignored"
            context.findings.add(Code.BARE_IGNORE, remark.place, message)
        for name in names:
            offset = order.start("codes") + name.start()
            _apply(name.group(), remark, _place(remark, offset, len(name.group())), context)


def _apply(name: str, remark: _Remark, place: Span, context: Context) -> None:
    code = _CODES.get(name)
    if code is None:
        message = f"there is no code {quoted(name)}"
        suggestion = did_you_mean(name, _CODES)
        context.findings.add(Code.UNREADABLE_IGNORE, place, message, suggestion)
    elif not code.ignorable:
        message = f"{name} cannot be ignored: {_why_not(code)}"
        context.findings.add(Code.FUTILE_IGNORE, place, message)
    elif not context.findings.take_back(code, remark.target):
        message = f"there is no {name} at line {remark.target}"
        context.findings.add(Code.IDLE_IGNORE, place, message, "drop this")


def _why_not(code: Code) -> str:
    if code.environmental:
        return "it is about the machine; --no-environment leaves such findings out"
    if code.severity is Severity.WARNING:
        return "it is about a remark like this"
    return "the file cannot be used as it is"


# --- finding the remarks --------------------------------------------------------------------


def _remarks(text: str, root: Node) -> Iterator[_Remark]:
    if "hookgate:" not in text:
        return
    scalars = list(_scalars(root))
    lines = list(_LINE.finditer(text))
    for number, line in enumerate(lines, 1):
        found = _REMARK.search(line[1])
        if found is None or _is_text(line.start() + found.start(), scalars, text):
            continue
        target = number if line[1][: found.start()].strip() else _next_line(lines, number)
        start, end = line.start() + found.start(), line.end(1)
        place = Span(number, found.start() + 1, start, end)
        yield _Remark(place, found["order"], line.start() + found.start("order"), target)


def _next_line(lines: list[re.Match[str]], number: int) -> int:
    """The line after a remark on a line of its own, without blank ones and other remarks."""
    following = enumerate(lines[number:], number + 1)
    return next((n for n, line in following if not _EMPTY.fullmatch(line[1])), number)


def _scalars(node: Node) -> Iterator[Span]:
    """Where texts stand that could hold what looks like a remark."""
    if isinstance(node.value, dict):
        for child in node.value.values():
            yield from _scalars(child)
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _scalars(child)
    else:
        yield node.span


def _is_text(offset: int, scalars: list[Span], text: str) -> bool:
    """Whether an offset is inside a text; the line that opens a block of text is not in it."""
    for span in scalars:
        if span.start <= offset < span.end:
            opens_block = text.startswith(("|", ">"), span.start)
            return not (opens_block and _BREAK.search(text, span.start, offset) is None)
    return False


def _place(remark: _Remark, offset: int, length: int) -> Span:
    """The place of a part of a remark's order."""
    start = remark.start + offset
    column = remark.place.column + start - remark.place.start
    return Span(remark.place.line, column, start, start + length)
