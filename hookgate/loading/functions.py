"""Functions in Python that are called: whether a file has them, and what they can be called with.

The file is parsed and never run.
"""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from msgspec import Struct

from hookgate.loading.codes import Code
from hookgate.loading.context import Context, shown_at
from hookgate.loading.findings import did_you_mean, quoted
from hookgate.loading.interpolation import complete, shown
from hookgate.loading.nodes import Node
from hookgate.loading.programs import path_of

EVENT = "event"
"""The parameter that is given the whole event."""


class Signature(Struct, frozen=True):
    """The parameters of a function by name: those it `takes`, and those it must be given.

    `takes_any` is whether it takes others as well (``**params``). `by_position` are those that
    cannot be given by name.
    """

    takes: tuple[str, ...]
    needs: tuple[str, ...]
    takes_any: bool
    by_position: tuple[str, ...]


def read_signature(program: Node, context: Context) -> Signature | None:
    """The signature of a program's function, where it has one and it can be told.

    A fault of its file is reported.
    """
    node = program.get("python")
    if node is None or not context.environment or not complete(node.string):
        return None
    file, _, name = node.string.rpartition(":")
    tree = _parsed(path_of(file, context), node, context)
    return None if tree is None else _signature(tree, name, node, context)


def check_signature(
    signature: Signature, program: Node, source: str, params: Sequence[str], context: Context
) -> None:
    """Report what keeps a function from being called with the params of a source."""
    node = program.get("python")
    if node is None:
        return
    name = quoted(shown(node.string.rpartition(":")[2]))
    listed = program.get("params")
    passed = params if listed is None else [item.string for item in listed.items()]
    for item in [] if listed is None or signature.takes_any else listed.items():
        if item.string not in signature.takes:
            message = f"the function {name} does not take {quoted(shown(item.string))}"
            suggestion = did_you_mean(shown(item.string), signature.takes)
            context.report(Code.SIGNATURE, item, message, suggestion)
    for needed in signature.needs:
        if needed not in (*passed, EVENT):
            message = f"the function {name} needs {quoted(needed)}, which source "
            message += f"'{source}' does not pass to it"
            context.report(Code.SIGNATURE, node, message, did_you_mean(needed, passed))
    for parameter in signature.by_position:
        message = f"the function {name} takes {quoted(parameter)} by its position alone"
        context.report(Code.SIGNATURE, node, message, "params are passed by name")


# --- the file -------------------------------------------------------------------------------


def _parsed(path: str, node: Node, context: Context) -> ast.Module | None:
    try:
        text = Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "it has no valid name"
        message = f"the file of the function {shown_at(node)} cannot be read: {reason}"
        context.report(Code.UNREADABLE_FILE, node, message)
        return None
    context.files.add(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except SyntaxError as error:
        fault = f"{error.msg} in line {error.lineno}"
    except (ValueError, RecursionError, MemoryError) as error:
        fault = str(error) or "it is nested too deep"
    message = f"the file of the function {shown_at(node)} is not Python: {fault}"
    context.report(Code.NOT_PYTHON, node, message)
    return None


# --- the function ---------------------------------------------------------------------------


def _signature(tree: ast.Module, name: str, node: Node, context: Context) -> Signature | None:
    """What can be told of a function; nothing of one that is imported, assigned or decorated."""
    bound = list(_bindings(tree.body))
    found = [statement for bound_name, statement in bound if bound_name == name]
    names = [bound_name for bound_name, _ in bound]
    if not found:
        if "*" not in names:
            file = shown(node.string).rpartition(":")[0]
            message = f"the file {quoted(file)} has no {quoted(name)}"
            functions = [n for n, statement in bound if isinstance(statement, _FUNCTIONS)]
            context.report(Code.NO_FUNCTION, node, message, did_you_mean(name, functions))
        return None
    definition = found[-1]
    if not isinstance(definition, _FUNCTIONS) or definition.decorator_list:
        return None
    return _of_arguments(definition.args)


_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def _of_arguments(arguments: ast.arguments) -> Signature:
    in_order = [*arguments.posonlyargs, *arguments.args]
    by_name = [each.arg for each in (*arguments.args, *arguments.kwonlyargs)]
    optional = [each.arg for each in in_order[len(in_order) - len(arguments.defaults) :]]
    defaults = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    optional += [each.arg for each, default in defaults if default is not None]
    return Signature(
        takes=tuple(by_name),
        needs=tuple(name for name in by_name if name not in optional),
        takes_any=arguments.kwarg is not None,
        by_position=tuple(each.arg for each in arguments.posonlyargs if each.arg not in optional),
    )


def _bindings(body: Iterable[ast.stmt]) -> Iterator[tuple[str, ast.stmt]]:
    """The names that a module binds, in order, each with its statement."""
    for statement in body:
        match statement:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield statement.name, statement
            case ast.Import() | ast.ImportFrom():
                for alias in statement.names:
                    yield alias.asname or alias.name.partition(".")[0], statement
            case ast.Assign(targets=targets):
                for target in targets:
                    yield from ((name, statement) for name in _names(target))
            case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
                yield from ((name, statement) for name in _names(target))
            case _:
                yield from _bindings(_inside(statement))


def _names(target: ast.expr) -> Iterator[str]:
    return (part.id for part in ast.walk(target) if isinstance(part, ast.Name))


def _inside(statement: ast.stmt) -> Iterator[ast.stmt]:
    """The statements of the blocks of a compound statement, such as ``if`` and ``try``."""
    for part in ast.iter_child_nodes(statement):
        if isinstance(part, ast.stmt):
            yield part
        elif isinstance(part, ast.ExceptHandler | ast.match_case):
            yield from part.body
