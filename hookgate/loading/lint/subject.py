"""What the checks look at: the whole file, or the rules of one event type."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from msgspec import Struct

from hookgate.core.config import Rule, ServerSettings, Source
from hookgate.core.programs import Program
from hookgate.expr.syntax import Parsed, parse
from hookgate.loading.codes import Code
from hookgate.loading.conditions import NEVER
from hookgate.loading.context import Context
from hookgate.loading.interpolation import Filled
from hookgate.loading.nodes import Node


class Subject(Struct, frozen=True):
    """The tree of a file and what it compiled to, as far as it did."""

    root: Node
    server: ServerSettings
    sources: Mapping[str, Source]
    programs: Mapping[str, Program]
    context: Context


class WrittenCondition(Struct, frozen=True):
    """A condition that can be looked into; `names` are those that it uses."""

    node: Node
    tree: ast.expr
    names: frozenset[str]
    _parsed: Parsed
    _context: Context

    def source(self, part: ast.expr) -> str:
        """A part as it is written."""
        return self._parsed.places.source(part)

    def report(
        self,
        code: Code,
        part: ast.expr | tuple[ast.expr, ast.expr],
        message: str,
        suggestion: str | None = None,
    ) -> None:
        """Note a problem with a part, or with what reaches from one part to another."""
        first, last = part if isinstance(part, tuple) else (part, part)
        start, _ = self._parsed.places.span(first)
        _, end = self._parsed.places.span(last)
        self._context.report_inside(code, self.node, message, suggestion, start, end - start)


class ListedRule(Struct, frozen=True):
    """A rule where it stands.

    `condition` is None where nothing can be said of it: it has a fault, or a part of it comes from
    the environment and may be another one on another machine.
    """

    node: Node
    rule: Rule | None
    condition: WrittenCondition | None


class RuleList(Struct, frozen=True):
    """The rules of one event type of a source, in order."""

    source: Source
    event_type: str
    rules: tuple[ListedRule, ...]
    context: Context

    @property
    def conditions(self) -> Iterator[WrittenCondition]:
        """The conditions that can be looked into."""
        return (listed.condition for listed in self.rules if listed.condition is not None)


def rule_lists(subject: Subject) -> Iterator[RuleList]:
    """The rules of the file, one list at a time, since their trees take much memory together."""
    for source in subject.sources.values():
        for event_type, rules in listed_rules(source, subject.root).items():
            listed = (ListedRule(*rule, _written(*rule, subject.context)) for rule in rules)
            yield RuleList(source, event_type, tuple(listed), subject.context)


def listed_rules(source: Source, root: Node) -> dict[str, list[tuple[Node, Rule | None]]]:
    """By event type, each rule as it stands and as it compiled, if it did."""
    listed = {}
    for event_type, nodes in root.entries("sources", source.name, "rules").items():
        rules = {rule.id: rule for rule in source.rules[event_type]}
        listed[event_type] = [
            (node, rules.get(f"{event_type}[{index}]")) for index, node in enumerate(nodes.items())
        ]
    return listed


def is_faulty(node: Node, rule: Rule | None) -> bool:
    """Whether a rule did not compile to what it says."""
    written = node.get("condition")
    switched_off = written is not None and written.value is False
    return rule is None or (rule.condition is NEVER and not switched_off)


def _written(node: Node, rule: Rule | None, context: Context) -> WrittenCondition | None:
    written = node.get("condition")
    if rule is None or is_faulty(node, rule):
        return None
    if written is not None and isinstance(written.value, Filled):
        return None
    # A compiled condition keeps its tree to itself, since it holds what no literal could.
    parsed = parse(rule.condition.text)
    if not isinstance(parsed, Parsed):
        return None
    names = rule.condition.names
    return WrittenCondition(written or node, parsed.tree, names, parsed, context)
