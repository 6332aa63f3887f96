"""Whether a condition can be anything but true, or anything but false.

A condition is tried with samples in place of what it asks of an event. What is compared with
literals has as samples the literals, a value between each two neighbours and beyond them, and
values of other types; whatever else is asked may be true, false or an error. Together these cover
more than can happen, so what comes out the same for all of them is certain.
"""

from __future__ import annotations

import ast
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from hookgate.errors import EvaluationError
from hookgate.expr.sandbox import OPERATORS, evaluate
from hookgate.loading.lint.trees import Pair, choices, elements, is_constant, key, pairs

MAX_TRIALS = 500
"""A condition that would have to be tried more often is left alone."""

_BEYOND = "\U0010ffff"
_OF_OTHER_TYPES: tuple[object, ...] = (None, {_BEYOND: None}, [])
_EXACT = 2**53  # up to here floats have a value between any two integers

_ORDERS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_SEARCHES = (ast.In, ast.NotIn)

_ERROR = object()

_Samples: TypeAlias = dict[object, list[object]]
"""What may come of each thing that is asked, by the `key` of its tree."""


Narrow: TypeAlias = Callable[[list[object]], list[object]]
"""Gives the samples that a name can really have."""


def always_is(tree: ast.expr, known: Mapping[str, Narrow] | None = None) -> bool | None:
    """True where a condition holds for every event, False where for none, else None.

    `known` tells what more is known of names.
    """
    if known is None and not may_be_certain(tree):
        return None
    samples = _samples(tree)
    for name, narrow in (known or {}).items():
        if name in samples:
            samples[name] = narrow(samples[name])
    if math.prod(map(len, samples.values())) > MAX_TRIALS:
        return None
    outcomes: set[bool] = set()
    for combination in itertools.product(*samples.values()):
        outcomes.add(_outcome(tree, dict(zip(samples, combination, strict=True))))
        if len(outcomes) > 1:
            return None
    return outcomes.pop() if outcomes else None


def may_be_certain(tree: ast.expr) -> bool:
    """Whether a condition, or a part of it, asks anything twice or with a foregone conclusion.

    Where it does not, each answer can come out either way whatever the others are.
    """
    asked = [_question(question) for question in _asked(tree)]
    return None in asked or len(set(asked)) < len(asked)


def _question(asked: ast.expr | Pair) -> object:
    """What is asked of the event; None where the answer is known before."""
    if not isinstance(asked, Pair):
        return None if is_constant(asked) else key(asked)
    left, right = (None if is_constant(side) else key(side) for side in (asked.left, asked.right))
    if left == right:
        return None
    if left is not None and right is not None:
        return _key(asked)
    literal = asked.right if right is None else asked.left
    if isinstance(asked.operation, _SEARCHES) and elements(literal) == []:
        return None
    if isinstance(asked.operation, _ORDERS) and _is_least(literal):
        return None
    return left or right


def _is_least(node: ast.expr) -> bool:
    """Whether nothing is less: no text than the empty one, and nothing can be told of null."""
    return isinstance(node, ast.Constant) and node.value in (None, "")


# --- the samples ----------------------------------------------------------------------------


def _samples(tree: ast.expr) -> _Samples:
    literals: _Samples = {}
    samples: _Samples = {}
    for asked in _asked(tree):
        subject = _subject(asked) if isinstance(asked, Pair) else None
        if isinstance(asked, Pair) and subject is not None:
            literals.setdefault(key(subject), []).extend(_literals(asked))
            samples.setdefault(key(subject), [] if isinstance(subject, ast.Name) else [_ERROR])
        elif not _is_known(asked):
            samples[_key(asked)] = _answers(asked)
    for subject_key, values in literals.items():
        samples[subject_key] += [*_distinct(values), *_neighbours(values), *_OF_OTHER_TYPES]
    return samples


def _asked(tree: ast.expr) -> Iterator[ast.expr | Pair]:
    """What the truth of a tree rests on."""
    inner = choices(tree)
    if inner:
        for part in inner:
            yield from _asked(part)
    elif isinstance(tree, ast.Compare):
        yield from pairs(tree)
    else:
        yield tree


def _answers(asked: ast.expr | Pair) -> list[object]:
    """Every answer to what no literal tells more about."""
    if isinstance(asked, ast.Name):
        return [True, False]
    if isinstance(asked, Pair) and key(asked.left) == key(asked.right):
        return _of_itself(asked)
    return [True, False, _ERROR]


def _of_itself(pair: Pair) -> list[object]:
    """What comes of comparing a value with itself; only a name can always be had and compared."""
    certain = isinstance(pair.left, ast.Name) and isinstance(pair.operation, ast.Eq | ast.NotEq)
    match pair.operation:
        case ast.Eq() | ast.LtE() | ast.GtE():
            truths = [True]
        case ast.NotEq() | ast.Lt() | ast.Gt():
            truths = [False]
        case _:
            truths = [True, False]
    return [*truths] if certain else [*truths, _ERROR]


def _distinct(values: list[object]) -> list[object]:
    return list({(type(value), value): value for value in values}.values())


def _neighbours(values: list[object]) -> Iterator[object]:
    """Values below, between and beyond those that are ordered, and of zero, which is not true."""
    numbers = sorted({value for value in values if isinstance(value, int | float)} | {0})
    if len(numbers) > 1 or 0 in values:
        yield from (numbers[-1] + 1, numbers[0] - 1)
        yield from ((low + high) / 2 for low, high in itertools.pairwise(numbers))
    texts = sorted({value for value in values if isinstance(value, str)})
    yield from (text + "\0" for text in texts)
    yield from (texts[-1] + _BEYOND if texts else _BEYOND, "")


# --- comparisons with literals --------------------------------------------------------------


def _subject(pair: Pair) -> ast.expr | None:
    """The side that depends on the event, where the other is a literal that samples do for."""
    searches = isinstance(pair.operation, _SEARCHES)
    if is_constant(pair.right) and (not searches or elements(pair.right) is not None):
        subject = pair.left
    elif is_constant(pair.left) and not searches:
        subject = pair.right
    else:
        return None
    try:
        return subject if all(map(_is_sampled, _literals(pair))) else None
    except _Failed:
        return None


def _literals(pair: Pair) -> list[object]:
    """The values that the subject is compared with."""
    literal = pair.right if is_constant(pair.right) else pair.left
    searched = elements(literal) if isinstance(pair.operation, _SEARCHES) else None
    return [_value(node) for node in ([literal] if searched is None else searched)]


def _is_sampled(value: object) -> bool:
    if isinstance(value, int | float):
        return abs(value) < _EXACT
    return value is None or isinstance(value, str)


def _is_known(asked: ast.expr | Pair) -> bool:
    """Whether it is the same for every event."""
    sides = (asked.left, asked.right) if isinstance(asked, Pair) else (asked,)
    return all(map(is_constant, sides))


def _key(asked: ast.expr | Pair) -> object:
    return tuple(map(key, asked)) if isinstance(asked, Pair) else key(asked)


# --- a trial --------------------------------------------------------------------------------


class _Failed(Exception):  # noqa: N818 - it names the state of affairs
    """The condition cannot be evaluated, and does not hold."""


def _outcome(tree: ast.expr, answers: Mapping[object, object]) -> bool:
    try:
        return _holds(tree, answers)
    except _Failed:
        return False


def _holds(tree: ast.expr, answers: Mapping[object, object]) -> bool:
    match tree:
        case ast.BoolOp(ast.And(), values):
            return all(_holds(value, answers) for value in values)
        case ast.BoolOp(_, values):
            return any(_holds(value, answers) for value in values)
        case ast.UnaryOp(ast.Not(), operand):
            return not _holds(operand, answers)
        case ast.IfExp(test, body, orelse):
            return _holds(body if _holds(test, answers) else orelse, answers)
        case ast.Compare():
            return all(_pair_holds(pair, answers) for pair in pairs(tree))
    return bool(_value(tree) if is_constant(tree) else _answer(key(tree), answers))


def _pair_holds(pair: Pair, answers: Mapping[object, object]) -> bool:
    if _is_known(pair):
        left, right = _value(pair.left), _value(pair.right)
    elif (subject := _subject(pair)) is None:
        return bool(_answer(_key(pair), answers))
    else:
        sample = _answer(key(subject), answers)
        left = sample if subject is pair.left else _value(pair.left)
        right = sample if subject is pair.right else _value(pair.right)
    try:
        return bool(OPERATORS[type(pair.operation)](left, right))
    except TypeError:
        raise _Failed from None


def _answer(asked: object, answers: Mapping[object, object]) -> object:
    answer = answers[asked]
    if answer is _ERROR:
        raise _Failed
    return answer


def _value(tree: ast.expr) -> object:
    """The value of what is the same for every event."""
    if isinstance(tree, ast.Constant):
        return tree.value
    try:
        return evaluate(tree, {})
    except EvaluationError:
        raise _Failed from None
