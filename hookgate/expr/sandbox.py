"""Evaluating a condition's tree with simpleeval, reduced to what `grammar` lets pass.

The evaluator knows the nodes, operators and functions listed here and nothing else: no attributes,
no powers, no way to make a function or to name one as a value. No result grows out of proportion
to the condition and the event, so an evaluation ends soon whatever it is given.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any

from simpleeval import EvalWithCompoundTypes, InvalidExpression, safe_add

from hookgate.errors import EvaluationError
from hookgate.expr.functions import FUNCTIONS
from hookgate.expr.rendering import kind_of, shown
from hookgate.model import JSON

MAX_BITS = 16_384
"""The largest integer that arithmetic may give, in binary digits; JSON's largest has 14,285."""

NODES = (
    ast.BinOp,
    ast.BoolOp,
    ast.Call,
    ast.Compare,
    ast.Constant,
    ast.Dict,
    ast.IfExp,
    ast.List,
    ast.Name,
    ast.Set,
    ast.Slice,
    ast.Subscript,
    ast.Tuple,
    ast.UnaryOp,
)
"""The kinds of expression that there are."""

_FAULTS = (
    ArithmeticError,
    InvalidExpression,
    LookupError,
    MemoryError,
    RecursionError,
    TypeError,
    ValueError,
)


def evaluate(tree: ast.expr, values: Mapping[str, JSON]) -> object:
    """The value of a tree that `grammar` has passed.

    Raises `EvaluationError`, and nothing else, where it has none.
    """
    token = _values.set(values)
    try:
        return _evaluator.value_of(tree)
    except EvaluationError:
        raise
    except _FAULTS as fault:
        raise EvaluationError(_cause(fault)) from None
    finally:
        _values.reset(token)


def _cause(fault: Exception) -> str:
    match fault:
        case RecursionError():
            return "it is nested too deeply"
        case MemoryError():
            return "it needs too much memory"
        case OverflowError():
            return "a number is too large"
        case _:
            return " ".join(str(fault).split())


# --- operators ------------------------------------------------------------------------------


def _arithmetic(apply: Callable[[Any, Any], Any]) -> Callable[[object, object], object]:
    """An operator on numbers alone: on text or lists it could grow without bound, or format."""

    def bounded(left: object, right: object) -> object:
        if not isinstance(left, int | float) or not isinstance(right, int | float):
            raise TypeError
        result = apply(left, right)
        if isinstance(result, int) and result.bit_length() > MAX_BITS:
            raise EvaluationError("a number is too large")
        return result

    return bounded


_add_numbers = _arithmetic(operator.add)


def _add(left: object, right: object) -> object:
    if isinstance(left, str | list | tuple):
        return safe_add(left, right)
    return _add_numbers(left, right)


def _signed(symbol: str, apply: Callable[[Any], Any]) -> Callable[[object], object]:
    def signed(value: object) -> object:
        if not isinstance(value, int | float):
            raise EvaluationError(f"'{symbol}' needs a number, not {shown(value)}")
        return apply(value)

    return signed


OPERATORS: Mapping[type[ast.AST], Callable[..., object]] = MappingProxyType(
    {
        ast.Add: _add,
        ast.Sub: _arithmetic(operator.sub),
        ast.Mult: _arithmetic(operator.mul),
        ast.Div: _arithmetic(operator.truediv),
        ast.FloorDiv: _arithmetic(operator.floordiv),
        ast.Mod: _arithmetic(operator.mod),
        ast.USub: _signed("-", operator.neg),
        ast.UAdd: _signed("+", operator.pos),
        ast.Not: operator.not_,
        ast.Eq: operator.eq,
        ast.NotEq: operator.ne,
        ast.Lt: operator.lt,
        ast.LtE: operator.le,
        ast.Gt: operator.gt,
        ast.GtE: operator.ge,
        ast.In: lambda item, container: item in container,
        ast.NotIn: lambda item, container: item not in container,
        ast.Is: operator.is_,
        ast.IsNot: operator.is_not,
    }
)
"""Every operator of arithmetic and comparison; `and` and `or` are nodes."""

_SYMBOLS: Mapping[type[ast.AST], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}


# --- the evaluator --------------------------------------------------------------------------

_values: ContextVar[Mapping[str, JSON]] = ContextVar("values")


class _Evaluator(EvalWithCompoundTypes):  # type: ignore[misc]  # simpleeval has no types
    """One evaluator for all conditions. It holds no state: the values are in a context variable."""

    nodes: dict[type[ast.AST], Callable[..., Any]]

    def __init__(self) -> None:
        super().__init__(operators=OPERATORS)
        self.functions = {name: function.call for name, function in FUNCTIONS.items()}
        self.nodes = {kind: self.nodes[kind] for kind in NODES}

    def value_of(self, tree: ast.expr) -> object:
        return self._eval(tree)

    def _eval(self, node: ast.expr) -> Any:
        """Evaluate one node.

        simpleeval would search each result, and so the whole payload, for modules and dangerous
        functions. There can be none: values are JSON, and functions cannot be named as values.
        """
        return self.nodes[type(node)](node)

    def _eval_name(self, node: ast.Name) -> JSON:
        try:
            return _values.get()[node.id]
        except KeyError:
            raise EvaluationError(f"{node.id} has no value") from None

    def _eval_compare(self, node: ast.Compare) -> object:
        left, result = self._eval(node.left), True
        for operation, comparator in zip(node.ops, node.comparators, strict=True):
            right = self._eval(comparator)
            try:
                result = self.operators[type(operation)](left, right)
            except TypeError:
                raise _cannot_compare(node, operation, left, right) from None
            if not result:
                break
            left = right
        return result

    def _eval_binop(self, node: ast.BinOp) -> object:
        left, right = self._eval(node.left), self._eval(node.right)
        try:
            return self.operators[type(node.op)](left, right)
        except TypeError:
            operation = f"'{_SYMBOLS[type(node.op)]}' cannot take {shown(left)} and {shown(right)}"
            raise EvaluationError(operation + _missing((node.left, node.right))) from None
        except ZeroDivisionError:
            raise EvaluationError(f"'{_SYMBOLS[type(node.op)]}' divides by zero") from None

    def _eval_subscript(self, node: ast.Subscript) -> object:
        container, key = self._eval(node.value), self._eval(node.slice)
        try:
            return container[key]
        except (LookupError, TypeError):
            raise EvaluationError(_no_item(node, container, key)) from None


def _cannot_compare(
    node: ast.Compare, operation: ast.cmpop, left: object, right: object
) -> EvaluationError:
    symbol = _SYMBOLS[type(operation)]
    verb = "look for" if isinstance(operation, ast.In | ast.NotIn) else "compare"
    joint = "in" if verb == "look for" else "with"
    cause = f"'{symbol}' cannot {verb} {shown(left)} {joint} {shown(right)}"
    return EvaluationError(cause + _missing((node.left, *node.comparators)))


def _missing(operands: Iterable[ast.expr]) -> str:
    """Which operands are probably missing from the event, in brackets."""
    names = [ast.unparse(operand) for operand in operands if _is_none(operand)]
    if not names:
        return ""
    return f" ({', '.join(names)} {'is' if len(names) == 1 else 'are'} missing?)"


def _is_none(operand: ast.expr) -> bool:
    return isinstance(operand, ast.Name) and _values.get().get(operand.id, "") is None


def _no_item(node: ast.Subscript, container: object, key: object) -> str:
    place = ast.unparse(node.value)
    if isinstance(container, list | str) and isinstance(key, int):
        return f"{place} has no item {shown(key)}, its length is {len(container)}"
    if isinstance(container, dict):
        return f"{place} has no item {shown(key)}"
    return f"{place} is {kind_of(container)} and has no item {shown(key)}"


_evaluator = _Evaluator()
