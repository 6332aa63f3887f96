"""Params that nothing asks for and programs that no rule starts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hookgate.core.config import Rule, Source
from hookgate.core.programs import CommandProgram, Program
from hookgate.core.templates import Placeholder, Template
from hookgate.expr.conditions import BUILT_IN_NAMES
from hookgate.loading.codes import Code
from hookgate.loading.findings import did_you_mean, quoted
from hookgate.loading.interpolation import complete
from hookgate.loading.lint.subject import Subject, is_faulty, listed_rules
from hookgate.loading.nodes import Node


def check_params(subject: Subject) -> None:
    """Report params that are in no condition and no placeholder and are passed to no program.

    One that is required is used by that: an event without it is turned away.
    """
    for name, source in subject.sources.items():
        used = _used_params(source, subject)
        nodes = subject.root.entries("sources", name, "params")
        strangers = set() if used is None else used.difference(nodes, BUILT_IN_NAMES)
        for param in source.params:
            if used is None or param.required or param.name in used:
                continue
            if did_you_mean(param.name, strangers):  # the misspelt use is reported there
                continue
            message = f"the param {quoted(param.name)} is never used"
            suggestion = "use it in a condition, pass it to a program, or leave it out"
            place = nodes[param.name].place
            subject.context.findings.add(Code.UNUSED_PARAM, place, message, suggestion)


def check_programs(subject: Subject) -> None:
    """Report programs that no rule starts, in a file that has rules."""
    rules = [rule for source in subject.sources.values() for rule in _rules(source, subject)]
    named = (node.get("program") for node, _ in rules)
    names = {node.string for node in named if node is not None}
    if not rules or not all(map(complete, names)):
        return
    strangers = names.difference(subject.context.written.entries("programs"))
    for name, node in subject.root.entries("programs").items():
        if name in names or did_you_mean(name, strangers):  # as above
            continue
        message = f"no rule starts the program {quoted(name)}"
        subject.context.findings.add(Code.UNUSED_PROGRAM, node.place, message)


def _rules(source: Source, subject: Subject) -> list[tuple[Node, Rule | None]]:
    return [rule for rules in listed_rules(source, subject.root).values() for rule in rules]


def _used_params(source: Source, subject: Subject) -> set[str] | None:
    """The params that are used; None where that cannot be told, for rules with faults or none."""
    rules = _rules(source, subject)
    if not rules or any(is_faulty(*rule) or _has_faulty_key(*rule) for rule in rules):
        return None
    respond = source.respond
    used = set(_placeholders([*respond.headers.values(), respond.body or ()] if respond else []))
    limit = source.rate_limit
    if limit is not None and limit.key is not None:
        used |= limit.key.expression.names
    elif subject.root.get("sources", source.name, "rate_limit", "key") is not None:
        return None
    for _, rule in rules:
        if rule is None or rule.program not in subject.programs:
            return None
        used |= rule.condition.names
        used |= _names_of_keys(rule)
        used.update(_given(subject.programs[rule.program], source))
    return used


def _names_of_keys(rule: Rule) -> frozenset[str]:
    keys = (rule.key, rule.debounce.key if rule.debounce else None)
    return frozenset().union(*(key.expression.names for key in keys if key is not None))


def _has_faulty_key(node: Node, rule: Rule | None) -> bool:
    """Whether a key was written that did not compile."""
    keys = (rule.key, rule.debounce.key if rule.debounce else None) if rule else (None, None)
    written = (node.get("key"), node.get("debounce", "key"))
    return any(w is not None and key is None for w, key in zip(written, keys, strict=True))


def _given(program: Program, source: Source) -> Iterator[str]:
    """The params that a program is given: as flags or arguments, and in its texts."""
    command = program.command if isinstance(program, CommandProgram) else ()
    yield from _placeholders([*command, *program.env.values()])
    if isinstance(program, CommandProgram) and not program.flags:
        return
    if program.params is not None:
        yield from program.params
    else:
        yield from (param.name for param in source.params)


def _placeholders(templates: Iterable[Template]) -> Iterator[str]:
    for template in templates:
        yield from (part.param for part in template if isinstance(part, Placeholder))
