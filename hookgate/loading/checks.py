"""What can only be told by looking at several parts of the file together."""

from __future__ import annotations

import keyword
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from hookgate.core.config import ServerSettings
from hookgate.expr.conditions import BUILT_IN_NAMES, FUNCTIONS
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, bytes_at, flag_at, integer_at, place_inside
from hookgate.loading.findings import did_you_mean, quoted
from hookgate.loading.functions import check_signature, read_signature
from hookgate.loading.interpolation import complete, shown
from hookgate.loading.nodes import Node
from hookgate.loading.templates import placeholders

_PASSED_ANYWAY = ("raw_payload", "raw_payload_file")
"""Options that a program is given besides its params."""

_FRAMING_HEADERS = frozenset(
    {"connection", "content-length", "date", "keep-alive", "trailer", "transfer-encoding"}
    | {"upgrade"}
)
_WITHOUT_CONTENT = (204, 205, 304)
_BODIES = ("body", "text", "json")
_DESCRIBING_HEADERS = frozenset({"content-type", "content-encoding", "x-content-type-options"})


class _Use(NamedTuple):
    """A source with a rule that starts a program."""

    source: str
    params: tuple[str, ...]


def check_references(root: Node, context: Context) -> None:
    """Report names that lead nowhere and settings that contradict each other."""
    programs = root.entries("programs")
    uses: dict[str, list[_Use]] = {}
    for name, source in root.entries("sources").items():
        use = _Use(name, tuple(context.written.entries("sources", name, "params")))
        _check_param_names(source, context)
        _check_respond(source, use, programs, context)
        for handshake in source.items("handshake"):
            _check_handshake(handshake, context)
        for program in _programs_of(source):
            _check_program_exists(program, context)
            uses.setdefault(program.string, []).append(use)
    for name, program in programs.items():
        _check_exit_status(program, context)
        signature = read_signature(program, context)
        for use in dict.fromkeys(uses.get(name, ())):
            _check_params(program, use, context)
            if signature is not None:
                check_signature(signature, program, use.source, use.params, context)
            for node in _program_texts(program):
                _check_placeholders(node, use, context)


def check_limits(root: Node, server: ServerSettings, context: Context) -> None:
    """Report bodies that `max_body` allows and `max_bodies` has no room for."""
    own = root.get("server", "max_body") or root.get("server", "max_bodies")
    sizes = [(own, server.max_body)]
    for source in root.entries("sources").values():
        node = source.get("max_body")
        sizes.append((node, 0 if node is None else bytes_at(node, default=0)))
    for node, size in sizes:
        if node is not None and size > server.max_bodies:
            message = f"a body of {size:,} bytes is more than server.max_bodies allows all together"
            context.report(Code.NO_ROOM, node, message, f"{server.max_bodies:,} bytes are allowed")


def _programs_of(source: Node) -> Iterator[Node]:
    """The `program` of every rule of a source, where it is known."""
    for rule_list in source.entries("rules").values():
        for rule in rule_list.items():
            program = rule.get("program")
            if program is not None and complete(program.string):
                yield program


def _check_program_exists(node: Node, context: Context) -> None:
    known = context.written.entries("programs")
    if node.text not in known:
        name = shown(node.string)
        message = f"the program {quoted(name)} does not exist"
        context.report(Code.UNKNOWN_PROGRAM, node, message, did_you_mean(name, known))


def _check_param_names(source: Node, context: Context) -> None:
    for name, node in source.entries("params").items():
        fault = _name_fault(name)
        if fault is not None:
            message = f"{quoted(name)} cannot be the name of a param: {fault}"
            context.findings.add(Code.PARAM_NAME, node.place, message)


def _name_fault(name: str) -> str | None:
    if not (name.isascii() and name.isidentifier()):
        return "it must be letters, digits and '_', not beginning with a digit"
    if keyword.iskeyword(name) or name.startswith("_"):
        return "conditions could not use it"
    if name in BUILT_IN_NAMES:
        return "conditions have that name already"
    if name in FUNCTIONS:
        return "conditions have a function of that name"
    return "programs are passed that already" if name in _PASSED_ANYWAY else None


def _check_params(program: Node, use: _Use, context: Context) -> None:
    """Whether a source has every param that a program of its wants to be passed."""
    for node in program.items("params"):
        if node.text is None or not complete(node.text) or node.text in use.params:
            continue
        name = shown(node.text)
        message = f"source '{use.source}' starts this program and has no param {quoted(name)}"
        context.report(Code.MISSING_PARAM, node, message, did_you_mean(name, use.params))


def _program_texts(program: Node) -> Iterator[Node]:
    """The texts of a program that can hold placeholders."""
    yield from program.items("command")
    yield from program.entries("env").values()


def _check_placeholders(node: Node, use: _Use, context: Context) -> None:
    for param, offset in placeholders(node.string):
        if param not in use.params:
            place = place_inside(context.text, node, offset, len(param) + 2)
            message = f"source '{use.source}' has no param {quoted(param)}"
            suggestion = did_you_mean(param, use.params)
            context.findings.add(Code.UNKNOWN_PLACEHOLDER, place, message, suggestion)


def _check_exit_status(program: Node, context: Context) -> None:
    exit_status = program.get("exit_status")
    if exit_status is not None and flag_at(program, "run_async", default=True):
        message = "exit_status answers the sender, so it needs run_async: false"
        context.findings.add(Code.EXIT_STATUS, exit_status.place, message)


def _check_respond(source: Node, use: _Use, programs: Mapping[str, Node], context: Context) -> None:
    respond = source.get("respond")
    if respond is None:
        return
    if respond.text is not None:
        _check_waits(source, respond, programs, context)
        return
    for node in [*respond.entries("headers").values(), *respond.items("body")]:
        _check_placeholders(node, use, context)
    _check_framing(respond, context)


def _check_framing(answer: Node, context: Context) -> None:
    """Whether an answer leaves it to the server where it ends."""
    for name, node in answer.entries("headers").items():
        if name.lower() in _FRAMING_HEADERS:
            message = f"{quoted(name)} is the server's to send, or answers could run together"
            context.findings.add(Code.FRAMING, node.place, message)
    status = integer_at(answer, "status", default=200)
    for key in _BODIES if status in _WITHOUT_CONTENT else ():
        if (body := answer.get(key)) is not None:
            message = f"an answer of status {status} has no body"
            suggestion = f"leave out {key}, or answer 200"
            context.findings.add(Code.FRAMING, body.place, message, suggestion)


def _check_handshake(handshake: Node, context: Context) -> None:
    answer = handshake.get("answer")
    if answer is None:
        return
    _check_framing(answer, context)
    for name, node in answer.entries("headers").items():
        if name.lower() in _DESCRIBING_HEADERS:
            message = (
                f"{quoted(name)} is the gateway's to send: what a caller sent is in the answer"
            )
            context.findings.add(Code.HANDSHAKE_HEADER, node.place, message)


def _check_waits(
    source: Node, respond: Node, programs: Mapping[str, Node], context: Context
) -> None:
    """`respond: output` needs a program whose output is waited for."""
    for node in _programs_of(source):
        program = programs.get(node.string)
        if program is not None and flag_at(program, "run_async", default=True):
            message = f"the output of {quoted(shown(node.string))} is not waited for"
            suggestion = "set its run_async to false"
            context.report(Code.RESPOND_OUTPUT, respond, message, suggestion)
