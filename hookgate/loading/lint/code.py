"""Placeholders inside code: what a sender writes would be run.

No shell runs a command, so a placeholder in an argument is safe, except where the program takes
that argument for code, as ``sh -c`` does (CWE-78, CWE-94).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import PurePosixPath

from msgspec import Struct

from hookgate.core.programs import CommandProgram
from hookgate.core.templates import Fixed, Placeholder, Template
from hookgate.loading.codes import Code
from hookgate.loading.context import place_inside
from hookgate.loading.lint.subject import Subject
from hookgate.loading.nodes import Node
from hookgate.loading.templates import placeholders


class _Interpreter(Struct, frozen=True):
    """A program that takes code as an argument.

    `code` is the option before the code and `valued` those that have a value after them; `instead`
    is how its code gets at the first argument. All but the last are patterns.
    """

    name: str
    code: str
    valued: str
    instead: str


_INTERPRETERS = (
    _Interpreter("(?:a|ba|c|da|fi|k|mk|tc|z)?sh", "-[A-Za-z]*c", "[-+][A-Za-z]*[oO]", '"$1"'),
    _Interpreter("python[0-9.]*", "-[A-Za-z]*c", "-[WX]", "sys.argv[1]"),
    _Interpreter("perl[0-9.]*", "-[A-Za-z]*[eE]", "-I", "$ARGV[0]"),
    _Interpreter("ruby[0-9.]*", "-[A-Za-z]*e", "-[rI]", "ARGV[0]"),
    _Interpreter("node|nodejs", "-e|-p|-pe|--eval|--print", "-r|--require", "process.argv[1]"),
    _Interpreter("php[0-9.]*", "-r", "-[cd]", "$argv[1]"),
    _Interpreter("lua[0-9.]*", "-e", "-l", "arg[1]"),
)


def check_code(subject: Subject) -> None:
    """Report placeholders in what is run: the command's first word, and code for an interpreter."""
    for name, program in subject.programs.items():
        node = subject.root.get("programs", name, "command")
        if node is None or not isinstance(program, CommandProgram):
            continue
        _check_first_word(node, program, subject)
        for index, interpreter in _code_words(program.command):
            _check_code_word(node, program, index, interpreter, subject)


def _check_first_word(command: Node, program: CommandProgram, subject: Subject) -> None:
    for node, param, offset in _placeholders_of(command, program, 0):
        message = f"{{{param}}} makes the sender choose which program is run"
        suggestion = "name the program, or write a rule for each one that may be chosen"
        place = place_inside(subject.context.text, node, offset, len(param) + 2)
        subject.context.findings.add(Code.CHOSEN_PROGRAM, place, message, suggestion)


def _check_code_word(
    command: Node, program: CommandProgram, index: int, interpreter: _Interpreter, subject: Subject
) -> None:
    for node, param, offset in _placeholders_of(command, program, index):
        message = f"{{{param}}} becomes part of the code, so the sender can have anything run"
        suggestion = f"write {interpreter.instead} there and put '{{{param}}}' after the code"
        place = place_inside(subject.context.text, node, offset, len(param) + 2)
        subject.context.findings.add(Code.CODE_INJECTION, place, message, suggestion)


def _placeholders_of(
    command: Node, program: CommandProgram, index: int
) -> Iterator[tuple[Node, str, int]]:
    """The placeholders of one word of a command as they stand in the file."""
    for owner, written in zip(_owners(program), _written(command), strict=False):
        if owner == index:
            yield written


def _owners(program: CommandProgram) -> Iterator[int]:
    """For each placeholder of a command, which word it is in."""
    for index, word in enumerate(program.command):
        yield from (index for part in word if isinstance(part, Placeholder))


def _written(command: Node) -> Iterator[tuple[Node, str, int]]:
    """Each placeholder of a command as it stands in the file."""
    for node in command.items():
        yield from ((node, param, offset) for param, offset in placeholders(node.string))


def _code_words(command: Sequence[Template]) -> Iterator[tuple[int, _Interpreter]]:
    """The words that are code, each with what interprets it."""
    words = [_fixed(word) for word in command]
    for index, word in enumerate(words):
        for interpreter in _INTERPRETERS:
            if re.fullmatch(interpreter.name, PurePosixPath(word).name):
                found = _code_word(words, index + 1, interpreter)
                if found is not None:
                    yield found, interpreter


def _code_word(words: Sequence[str], start: int, interpreter: _Interpreter) -> int | None:
    """Where the code is that an interpreter is given by its options, which begin at `start`."""
    skips = False
    for index, (word, _) in enumerate(pairwise(words[start:]), start):
        if re.fullmatch(interpreter.code, word):
            return index + 1
        if not skips and not word.startswith(("-", "+")):
            return None
        skips = re.fullmatch(interpreter.valued, word) is not None
    return None


def _fixed(word: Template) -> str:
    """The text of a word; empty where it is another one each time."""
    fixed = [part.text for part in word if isinstance(part, Fixed)]
    return "".join(fixed) if len(fixed) == len(word) else ""
