"""What conditions ask of a request that it cannot have: headers in capitals, other event types."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from hookgate.core.config import ANY_EVENT_TYPE, Source
from hookgate.loading.codes import Code
from hookgate.loading.lint.certainty import Narrow, always_is
from hookgate.loading.lint.subject import RuleList, WrittenCondition
from hookgate.loading.lint.trees import Pair, pairs, walk
from hookgate.loading.lint.truths import has_slip

_ROUTED = ("event_type", "source")
"""Names of which more is known from where a rule stands."""

# --- headers and query ----------------------------------------------------------------------


def check_lookups(rules: RuleList) -> None:
    """Report headers and query parameters that conditions look for in vain."""
    for condition in rules.conditions:
        if condition.names.isdisjoint(("headers", "query")):
            continue
        for container, literal in _lookups(condition.tree):
            name = str(literal.value)
            if container == "headers" and name != name.lower():
                message = f"{name!r} is never there: conditions have header names in lower case"
                suggestion = f"did you mean {name.lower()!r}?"
                condition.report(Code.HEADER_CASE, literal, message, suggestion)
            if _is_private(container, name, rules.source):
                message = f"{name!r} carries credentials, so no condition can see it"
                condition.report(Code.HIDDEN, literal, message)


def _lookups(tree: ast.expr) -> Iterator[tuple[str, ast.Constant]]:
    """The names that a condition looks for in `headers` or `query`."""
    for node in walk(tree):
        match node:
            case (
                ast.Subscript(ast.Name(container), ast.Constant(str()) as name)
                | ast.Call(ast.Name("contains"), [ast.Name(container), ast.Constant(str()) as name])
                | ast.Compare(
                    ast.Constant(str()) as name, [ast.In() | ast.NotIn()], [ast.Name(container)]
                )
            ) if container in ("headers", "query"):
                yield container, name


def _is_private(container: str, name: str, source: Source) -> bool:
    if container == "headers":
        return name.lower() in source.private_headers
    return name in source.private_query


# --- event types ----------------------------------------------------------------------------


def check_routes(rules: RuleList) -> None:
    """Report conditions that hold for no event that gets to the list that they stand in."""
    known = _known(rules)
    for condition in rules.conditions:
        tree = condition.tree
        if condition.names.isdisjoint(_ROUTED) or has_slip(tree, rules.source):
            continue
        if always_is(tree, known) is False and always_is(tree) is None:
            name, part = _impossible(condition, known)
            message = f"{_truth(name, rules)}, so this never holds"
            condition.report(Code.OTHER_EVENT, part, message)


def _known(rules: RuleList) -> Mapping[str, Narrow]:
    """What is known of names from where a rule stands."""
    own_lists = tuple(rules.source.rules)

    def narrow_event_type(samples: list[object]) -> list[object]:
        if rules.event_type == ANY_EVENT_TYPE:
            return [sample for sample in samples if sample not in own_lists]
        return [rules.event_type]

    return {"event_type": narrow_event_type, "source": lambda _: [rules.source.name]}


def _impossible(
    condition: WrittenCondition, known: Mapping[str, Narrow]
) -> tuple[str, ast.expr | tuple[ast.expr, ast.expr]]:
    """The comparison that does not hold by itself and its name; else the whole."""
    for node in walk(condition.tree):
        for pair in pairs(node) if isinstance(node, ast.Compare) else ():
            name = _routed_name(pair)
            alone = ast.Compare(pair.left, [pair.operation], [pair.right])
            if name is not None and always_is(alone, known) is False:
                return name, (pair.left, pair.right)
    return "event_type", condition.tree


def _routed_name(pair: Pair) -> str | None:
    for side in (pair.left, pair.right):
        if isinstance(side, ast.Name) and side.id in _ROUTED:
            return side.id
    return None


def _truth(name: str, rules: RuleList) -> str:
    if name == "source":
        return f"source is always {rules.source.name!r} here"
    if rules.event_type == ANY_EVENT_TYPE:
        return "event types with a list of their own never get to this one"
    return f"event_type is always {rules.event_type!r} here"
