"""Where values are found: paths, selectors and params."""

from __future__ import annotations

from typing import get_args

from hookgate.core.config import (
    Choice,
    FromHeader,
    FromPath,
    FromQuery,
    FromValue,
    Param,
    ParamType,
    Selector,
)
from hookgate.expr.paths import Path, PathFault, parse_path
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, choice_at, flag_at, shown_at, text_at
from hookgate.loading.interpolation import complete
from hookgate.loading.nodes import Node

_TYPES: dict[str, ParamType] = {name: name for name in get_args(ParamType)}


def compile_path(node: Node, context: Context) -> Path | None:
    """The dotted path that a scalar holds; None where it is not one."""
    text = node.string
    if not complete(text):
        return None
    path = parse_path(text)
    if isinstance(path, PathFault):
        context.report_inside(Code.PATH, node, path.message, offset=path.offset, length=path.length)
        return None
    return path


def compile_selector(node: Node, context: Context) -> Selector:
    """The places to look in, without those that cannot be read."""
    choices = [_choice(item, context) for item in node.items()]
    return tuple(choice for choice in choices if choice is not None)


def compile_params(source: Node, context: Context) -> tuple[Param, ...]:
    """The params of a source, in the order of the file."""
    entries = source.entries("params")
    return tuple(_param(name, node, context) for name, node in entries.items())


def check_private(
    node: Node, headers: frozenset[str], query: frozenset[str], context: Context
) -> None:
    """Report values that are taken from where credentials travel: nothing would be found there."""
    for item in node.items():
        header, parameter = text_at(item, "header"), text_at(item, "query")
        if header is not None and header.lower() in headers:
            _report_private(item.entries()["header"], context)
        if parameter in query:
            _report_private(item.entries()["query"], context)


def _report_private(node: Node, context: Context) -> None:
    message = f"{shown_at(node)} carries credentials, so no value can be taken from it"
    context.report(Code.PRIVATE, node, message)


def _param(name: str, node: Node, context: Context) -> Param:
    default = node.get("default")
    required = flag_at(node, "required", default=False)
    if required and default is not None:
        message = f"the param '{name}' is required, so its default would never be used"
        context.findings.add(Code.REQUIRED_WITH_DEFAULT, default.place, message)
    return Param(
        name=name,
        selector=compile_selector(node, context),
        default=None if default is None else default.plain(),
        required=required,
        type=_TYPES.get(choice_at(node, "type", default="")),
    )


def _choice(node: Node, context: Context) -> Choice | None:
    path = node if node.text is not None else node.get("path")
    value = node.get("value")
    if path is not None:
        compiled = compile_path(path, context)
        return None if compiled is None else FromPath(compiled)
    if value is not None:
        return FromValue(value.plain())
    if header := text_at(node, "header"):
        return FromHeader(header, header.lower())
    if query := text_at(node, "query"):
        return FromQuery(query)
    return None
