"""The waits of `retry` and `debounce`: whether each is possible and fits the others."""

from __future__ import annotations

import math
from collections.abc import Iterator

from hookgate.core.retry import Retry
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, flag_at, seconds_at, shown_at
from hookgate.loading.nodes import Node

LONGEST = 365 * 24 * 3600.0
"""Seconds. A program that waits for longer has been forgotten by everybody."""

_RETRY = Retry(attempts=1)


def check_waits(root: Node, context: Context) -> None:
    """Report waits that are longer than they can be, and answers that would wait for a burst."""
    programs = root.entries("programs")
    for program in programs.values():
        retry = program.get("retry")
        if retry is not None:
            _check_possible(retry, ("initial", "max"), context)
            _check_order(retry, "initial", "max", _RETRY.longest, context)
    for rule in _rules(root):
        debounce, name = rule.get("debounce"), rule.get("program")
        if debounce is not None:
            _check_possible(debounce, ("wait", "max_wait"), context)
            _check_order(debounce, "wait", "max_wait", math.inf, context)
            if name is not None and name.string in programs:
                _check_not_waited_for(debounce, name, programs[name.string], context)


def _rules(root: Node) -> Iterator[Node]:
    for source in root.entries("sources").values():
        for rule_list in source.entries("rules").values():
            yield from rule_list.items()


def _check_possible(node: Node, keys: tuple[str, ...], context: Context) -> None:
    for key in keys:
        written = node.get(key)
        if written is not None and seconds_at(node, key, default=0) > LONGEST:
            context.report(Code.OUT_OF_RANGE, written, f"{key} is longer than 365d")


def _check_order(node: Node, key: str, longest: str, default: float, context: Context) -> None:
    """Report a wait at `key` over the one at `longest`, which is `default` where it is not set."""
    written, most = node.get(key), seconds_at(node, longest, default=default)
    seconds = seconds_at(node, key, default=0)
    if written is not None and seconds > most:
        message = f"{key} ({seconds:g}s) is longer than {longest} ({most:g}s)"
        context.report(Code.WAITS_CROSSED, written, message)


def _check_not_waited_for(debounce: Node, name: Node, program: Node, context: Context) -> None:
    if not flag_at(program, "run_async", default=True):
        message = f"the answer waits for {shown_at(name)}, which would wait for the burst"
        suggestion = "leave out debounce, or run_async: false of the program"
        context.findings.add(Code.DEBOUNCED_ANSWER, debounce.place, message, suggestion)
