"""Conditions as trees: which parts they have, and which of these are the same."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from hookgate.expr.syntax import parts


class Pair(NamedTuple):
    """One comparison; a chain such as ``1 < x < 5`` is several."""

    left: ast.expr
    operation: ast.cmpop
    right: ast.expr


def pairs(node: ast.Compare) -> list[Pair]:
    """The comparisons of a chain, from left to right."""
    operands = [node.left, *node.comparators]
    return [Pair(*pair) for pair in zip(operands, node.ops, node.comparators, strict=False)]


def operands(node: ast.expr) -> Sequence[ast.expr]:
    """The expressions directly within a node, but not the name of a function that it calls."""
    match node:
        case ast.Name() | ast.Constant():
            return ()
        case ast.BoolOp(_, values):
            return values
        case ast.Compare(left, _, comparators):
            return [left, *comparators]
        case ast.Call(_, arguments):
            return arguments
    return list(parts(node))


def walk(tree: ast.expr) -> Iterator[ast.expr]:
    """Every expression of a tree, but not the names of the functions that it calls."""
    pending = [tree]
    while pending:
        node = pending.pop()
        yield node
        pending += operands(node)


def choices(node: ast.expr) -> list[ast.expr]:
    """The parts whose truth makes up that of a node: those of ``and``, ``or``, ``not``, ``if``."""
    match node:
        case ast.BoolOp(_, values):
            return values
        case ast.UnaryOp(ast.Not(), operand):
            return [operand]
        case ast.IfExp(test, body, orelse):
            return [test, body, orelse]
    return []


def is_constant(tree: ast.expr) -> bool:
    """Whether a tree is the same for every event."""
    if isinstance(tree, ast.Constant):
        return True
    return not isinstance(tree, ast.Name) and all(map(is_constant, operands(tree)))


def elements(node: ast.expr) -> list[ast.expr] | None:
    """The elements of a list, a tuple or a set that is written out."""
    return node.elts if isinstance(node, ast.List | ast.Tuple | ast.Set) else None


def key(node: ast.AST) -> object:
    """What is equal for two trees that are the same but for how they are laid out."""
    if isinstance(node, ast.Constant):
        return type(node.value), node.value
    if isinstance(node, ast.Name):
        return node.id
    return type(node), *map(key, ast.iter_child_nodes(node))
