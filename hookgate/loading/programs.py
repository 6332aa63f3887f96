"""Programs: from what stands under `programs` to what a runner can run."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hookgate.core.interpreters import words_before_script
from hookgate.core.programs import CommandProgram, FunctionProgram, Program, Warm
from hookgate.core.retry import Retry
from hookgate.core.templates import Fixed, Template
from hookgate.loading.codes import Code
from hookgate.loading.context import (
    Context,
    bytes_at,
    choice_at,
    flag_at,
    integer_at,
    number_at,
    seconds_at,
    shown_at,
    text_at,
    texts_at,
)
from hookgate.loading.interpolation import Piece, complete, derived, pieces, shown
from hookgate.loading.machine import is_directory, is_file, is_on_path, may_execute, processors
from hookgate.loading.nodes import Node
from hookgate.loading.templates import compile_template

_DEFAULTS = Program(name="", working_dir="")
_RETRY_DEFAULTS = Retry(attempts=1)
_MARK = "\0"
"""Stands around the number of a ${...} while a command is split; no text holds it."""


def compile_programs(root: Node, context: Context) -> dict[str, Program]:
    """The programs whose command or function can be read, by name."""
    compiled = {}
    for name, node in root.entries("programs").items():
        program = _compile_program(name, node, context)
        if program is not None:
            compiled[name] = program
    return compiled


def _compile_program(name: str, node: Node, context: Context) -> Program | None:
    """One program; what is wrong with either kind of it is found also where it has no words."""
    shared = {"name": name, **_shared(node, context)}
    if (command := node.get("command")) is not None:
        return _compile_command(command, node, shared, context)
    if (function := node.get("python")) is not None and complete(function.string):
        return _compile_function(function, node, shared, context)
    return None


def _compile_command(
    written: Node, node: Node, shared: dict[str, Any], context: Context
) -> CommandProgram | None:
    command = _command(written, context)
    if command is None:
        return None
    flags = choice_at(node, "pass", default="flags") == "flags"
    warm = _warm(node, command, written, context)
    program = CommandProgram(command=command, flags=flags, warm=warm, **shared)
    _check_command_word(program, written, context)
    return program


def _compile_function(
    written: Node, node: Node, shared: dict[str, Any], context: Context
) -> FunctionProgram:
    file, _, function = written.string.rpartition(":")
    return FunctionProgram(
        file=path_of(file, context),
        function=function,
        shown=shown(written.string),
        max_tasks=integer_at(node, "max_tasks", default=0) or None,
        max_memory=bytes_at(node, "max_memory", default=0) or None,
        **{**shared, "concurrency": shared["concurrency"] or processors()},
    )


def path_of(file: str, context: Context) -> str:
    """The absolute path of a file that a rules file names."""
    return os.path.normpath(Path(context.directory, file))


def _shared(node: Node, context: Context) -> dict[str, Any]:
    """The fields that every kind of program has."""
    return {
        "working_dir": _working_dir(node, context),
        "params": texts_at(node, "params") if node.get("params") else None,
        "timeout": seconds_at(node, "timeout", default=_DEFAULTS.timeout),
        "run_async": flag_at(node, "run_async", default=_DEFAULTS.run_async),
        "exit_status": _exit_status(node),
        "env": _env(node),
        "max_output": bytes_at(node, "max_output", default=_DEFAULTS.max_output),
        "retry": _retry(node.get("retry")),
        "concurrency": integer_at(node, "concurrency", default=0) or None,
    }


# --- the command ----------------------------------------------------------------------------


def _command(node: Node, context: Context) -> tuple[Template, ...] | None:
    if isinstance(node.value, list):
        words = [list(pieces(_word(item))) for item in node.value]
    else:
        split = _split(pieces(node.string))
        if isinstance(split, str):
            context.report_inside(Code.COMMAND, node, f"the command cannot be split: {split}")
            return None
        words = split
    if not words or not any(piece.text or piece.filled for piece in words[0]):
        context.report_inside(Code.COMMAND, node, "the command has no first word")
        return None
    return tuple(map(compile_template, words))


def _word(item: Node) -> str:
    """An item of a list or a variable's value as text; a number is the text it was written as."""
    return item.text if item.text is not None else str(item.value)


def _split(parts: tuple[Piece, ...]) -> list[list[Piece]] | str:
    """The words that a shell would make, filled-in text never split; or the fault."""
    marked = "".join(
        piece.text if piece.text == piece.shown else f"{_MARK}{number}{_MARK}"
        for number, piece in enumerate(parts)
    )
    try:
        words = shlex.split(marked)
    except ValueError as error:
        return str(error)[:1].lower() + str(error)[1:]
    return [list(_unmarked(word, parts)) for word in words]


def _unmarked(word: str, parts: tuple[Piece, ...]) -> Iterator[Piece]:
    for index, text in enumerate(word.split(_MARK)):
        yield parts[int(text)] if index % 2 else Piece(text, text)


def _warm(node: Node, command: Sequence[Template], written: Node, context: Context) -> Warm | None:
    preload = node.get("preload")
    if not flag_at(node, "warm", default=False):
        if preload is not None:
            message = "preload does nothing where the command does not start warm"
            context.report(Code.NOT_WARM, preload, message, "set warm: true")
        return None
    words = words_before_script([_fixed_text(word) for word in command])
    if words is None:
        message = "only a command python FILE can start warm"
        hint = "without -c, -m or -i, and without a placeholder up to FILE"
        context.report(Code.NOT_WARM, written, message, hint)
        return None
    return Warm(words, texts_at(node, "preload") if preload else ())


# --- the other keys -------------------------------------------------------------------------


def _working_dir(node: Node, context: Context) -> str:
    child = node.get("working_dir")
    written = text_at(node, "working_dir") or "."
    path = derived(path_of(written, context), written)
    if child is None or not context.environment or not complete(child.string):
        return path
    if not is_directory(path):
        message = f"the directory {shown_at(child)} does not exist"
        context.report(Code.NO_DIRECTORY, child, message)
    return path


def _exit_status(node: Node) -> dict[int, int]:
    return {
        int(code): status.value
        for code, status in node.entries("exit_status").items()
        if code.isdecimal() and isinstance(status.value, int)
    }


def _retry(node: Node | None) -> Retry | None:
    if node is None:
        return None
    default = _RETRY_DEFAULTS
    codes = [item.value for item in node.items("on") if isinstance(item.value, int)]
    return Retry(
        attempts=integer_at(node, "attempts", default=default.attempts),
        backoff=choice_at(node, "backoff", default=default.backoff),
        initial=seconds_at(node, "initial", default=default.initial),
        longest=seconds_at(node, "max", default=default.longest),
        jitter=number_at(node, "jitter", default=default.jitter),
        on=frozenset(codes) if codes else None,
    )


def _env(node: Node) -> dict[str, Template]:
    entries = node.entries("env")
    return {name: compile_template(pieces(_word(value))) for name, value in entries.items()}


def _check_command_word(program: CommandProgram, node: Node, context: Context) -> None:
    """Whether the command can be run, where its first word is known before."""
    word = _fixed_text(program.command[0])
    if not context.environment or word is None:
        return
    fault = None if word == "python" else _fault(word, program, context)
    if fault is not None:
        shown = "".join(part.shown for part in program.command[0] if isinstance(part, Fixed))
        context.report(Code.NO_COMMAND, node.items()[0], f"the command '{shown}' {fault}")


def _fault(word: str, program: CommandProgram, context: Context) -> str | None:
    """Why a runner could not run it: relative to the working directory, or along the PATH."""
    if "/" in word:
        if not is_directory(program.working_dir):
            return None  # which is a finding of its own
        path = Path(program.working_dir, word)
        found = is_file(path)
        if found and not may_execute(path):
            return "is a file that may not be executed"
    else:
        own_path = program.env.get("PATH")
        inherited = context.environ.get("PATH", os.defpath)
        search_path = inherited if own_path is None else _fixed_text(own_path)
        found = search_path is None or is_on_path(word, search_path)
    return None if found else "is not a program that can be found"


def _fixed_text(template: Template) -> str | None:
    texts = [part.text for part in template if isinstance(part, Fixed)]
    return "".join(texts) if len(texts) == len(template) else None
