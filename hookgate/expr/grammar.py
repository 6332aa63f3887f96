"""What may be written in a condition: an expression of Python, checked once when it is loaded.

The check is a list of what is allowed, over the tree that Python's own parser gives. It finds every
fault, not the first alone.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection, Iterator
from difflib import get_close_matches

from msgspec import Struct

from hookgate.expr.functions import FUNCTIONS, Function
from hookgate.expr.patterns import COMPILERS, BadPattern, Pattern
from hookgate.expr.places import Places
from hookgate.expr.sandbox import NODES, OPERATORS
from hookgate.expr.syntax import OTHER_SPELLINGS, ConditionFault, FaultKind, Parsed, parts

_CONSTANTS = (str, int, float, bool, type(None))
_FORBIDDEN = {
    "Lambda": "a lambda",
    "ListComp": "a comprehension",
    "SetComp": "a comprehension",
    "DictComp": "a comprehension",
    "GeneratorExp": "a comprehension",
    "JoinedStr": "an f-string",
    "NamedExpr": "an assignment",
    "Starred": "unpacking with *",
    "Await": "await",
    "Yield": "yield",
    "YieldFrom": "yield",
    "bytes": "a bytes literal",
    "complex": "an imaginary number",
    "ellipsis": "...",
}
_SIGNS = {
    "Pow": "**",
    "MatMult": "@",
    "LShift": "<<",
    "RShift": ">>",
    "BitAnd": "&",
    "BitOr": "|",
    "BitXor": "^",
    "Invert": "~",
}


class LiteralPattern(Struct, frozen=True):
    """A pattern that is written out in a call, and what compiles it."""

    node: ast.Constant
    text: str
    compile: Callable[[str], Pattern]


def literal_pattern(call: ast.Call) -> LiteralPattern | None:
    """The pattern that a call is given as a literal."""
    match call:
        case ast.Call(ast.Name(name), [_, ast.Constant(str() as text) as node]):
            return LiteralPattern(node, text, COMPILERS[name]) if name in COMPILERS else None
    return None


def faults_of(parsed: Parsed, names: Collection[str]) -> tuple[ConditionFault, ...]:
    """Everything that is wrong with a condition that may use `names`, in order of offset."""
    faults = _Check(parsed.places, names).run(parsed.tree)
    return tuple(sorted(faults, key=lambda fault: (fault.offset, -fault.length)))


class _Check:
    """Walks one tree and collects its faults."""

    def __init__(self, places: Places, names: Collection[str]) -> None:
        self.places = places
        self.names = names
        self.faults: list[ConditionFault] = []
        self.checks: dict[type[ast.AST], Callable[..., Iterator[ast.expr]]] = {
            ast.Attribute: self.attribute,
            ast.BinOp: self.operation,
            ast.Call: self.call,
            ast.Compare: self.comparison,
            ast.Constant: self.constant,
            ast.Dict: self.dictionary,
            ast.Name: self.name,
            ast.UnaryOp: self.operation,
        }

    def run(self, tree: ast.expr) -> list[ConditionFault]:
        if isinstance(tree, ast.Tuple):
            self.fault("forbidden", "a tuple is always true; join its parts with 'and', 'or'", tree)
        pending = [tree]
        while pending:
            node = pending.pop()
            pending += self.checks.get(type(node), self.anything)(node)
        return self.faults

    def fault(self, kind: FaultKind, message: str, node: ast.expr, near: str | None = None) -> None:
        start, end = self.places.span(node)
        self.faults.append(ConditionFault(kind, message, start, end - start, near))

    def forbid(self, what: str, node: ast.expr, near: str | None = None) -> None:
        self.fault("forbidden", f"{what} is not allowed in a condition", node, near)

    # Each check gives the parts that are still to be checked.

    def anything(self, node: ast.expr) -> Iterator[ast.expr]:
        if isinstance(node, NODES):
            yield from parts(node)
        else:
            kind = type(node).__name__
            self.forbid(_FORBIDDEN.get(kind, kind), node)

    def name(self, node: ast.Name) -> Iterator[ast.expr]:
        if node.id.startswith("__"):
            self.forbid("a name that begins with __", node)
        elif node.id not in self.names and node.id in FUNCTIONS:
            self.fault("name", f"'{node.id}' is a function and must be called", node)
        elif node.id not in self.names:
            near = _nearest(node.id, self.names)
            self.fault("name", f"there is no name '{node.id}'", node, near)
        yield from ()

    def constant(self, node: ast.Constant) -> Iterator[ast.expr]:
        if type(node.value) not in _CONSTANTS:
            self.forbid(_FORBIDDEN[type(node.value).__name__], node)
        yield from ()

    def operation(self, node: ast.BinOp | ast.UnaryOp) -> Iterator[ast.expr]:
        if type(node.op) not in OPERATORS:
            sign = _SIGNS[type(node.op).__name__]
            self.forbid(f"the operator {sign}", node, OTHER_SPELLINGS.get(sign))
        yield from parts(node)

    def comparison(self, node: ast.Compare) -> Iterator[ast.expr]:
        operands = [node.left, *node.comparators]
        for operation, *sides in zip(node.ops, operands, operands[1:], strict=False):
            identity = isinstance(operation, ast.Is | ast.IsNot)
            if identity and not any(map(_is_singleton, sides)):
                near = "==" if isinstance(operation, ast.Is) else "!="
                message = "'is' compares with None, True or False alone"
                self.fault("forbidden", message, node, near)
        yield from operands

    def dictionary(self, node: ast.Dict) -> Iterator[ast.expr]:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                self.forbid("unpacking with **", value)
        yield from parts(node)

    def attribute(self, node: ast.Attribute) -> Iterator[ast.expr]:
        root, keys = _unwind(node)
        near = self.places.source(root) + "".join(f"[{key!r}]" for key in keys)
        message = f"there are no attributes in a condition: write {near}, or take it as a param"
        self.fault("forbidden", message, node, near)
        yield root

    def call(self, node: ast.Call) -> Iterator[ast.expr]:
        function = self.called(node.func)
        for keyword in node.keywords:
            self.forbid("an argument by keyword", keyword.value)
        spread = any(isinstance(argument, ast.Starred) for argument in node.args)
        if function is not None and not node.keywords and not spread:
            self.arguments(node, function)
        if isinstance(node.func, ast.Attribute):
            yield _unwind(node.func)[0]
        elif not isinstance(node.func, ast.Name):
            yield node.func
        yield from node.args
        yield from (keyword.value for keyword in node.keywords)

    def called(self, node: ast.expr) -> Function | None:
        match node:
            case ast.Name(name) if name in FUNCTIONS:
                return FUNCTIONS[name]
            case ast.Name(name) if name.startswith("__"):
                self.forbid("a name that begins with __", node)
            case ast.Name(name):
                near = _nearest(name, FUNCTIONS)
                self.fault("function", f"there is no function '{name}'", node, near)
            case ast.Attribute(value, name):
                near = f"{name}({self.places.source(value)}, ...)" if name in FUNCTIONS else None
                message = "there are no methods in a condition, only functions"
                self.fault("forbidden", message, node, near)
            case _:
                self.fault("forbidden", "only a function can be called, by its name", node)
        return None

    def arguments(self, node: ast.Call, function: Function) -> None:
        name = self.places.source(node.func)
        pattern = literal_pattern(node)
        if not function.takes(len(node.args)):
            message = f"{name}({function.signature}) is given {len(node.args)} arguments"
            self.fault("arguments", message, node)
        elif pattern is not None:
            try:
                pattern.compile(pattern.text)
            except BadPattern as fault:
                self.fault("pattern", f"the pattern of {name}: {fault}", pattern.node)


def _unwind(node: ast.Attribute) -> tuple[ast.expr, list[str]]:
    """Where a chain of attributes starts, and the attributes."""
    keys = [node.attr]
    root = node.value
    while isinstance(root, ast.Attribute):
        keys.insert(0, root.attr)
        root = root.value
    return root, keys


def _is_singleton(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and (node.value is None or isinstance(node.value, bool))


def _nearest(word: str, known: Collection[str]) -> str | None:
    if word.casefold() in OTHER_SPELLINGS:
        return OTHER_SPELLINGS[word.casefold()]
    folded = {candidate.casefold(): candidate for candidate in known}
    nearest = get_close_matches(word.casefold(), folded, n=1)
    return folded[nearest[0]] if nearest else None
