"""hookgate send: the request that a sender would make, signed with its own secret."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import typer
from msgspec import Struct

from hookgate.cli.exits import FINDINGS, OK, USAGE
from hookgate.cli.json_output import show_json
from hookgate.cli.request_parts import named_values, read_payload_file
from hookgate.cli.rules_file import fail, print_problems, read_environment, read_rules
from hookgate.cli.sending.calling import Unreachable, call, header_fault
from hookgate.cli.sending.curl import curl_command
from hookgate.cli.sending.report import Sent, document, report
from hookgate.cli.sending.target import Target, target_of
from hookgate.cli.terminal import show
from hookgate.core.config import Config, Source
from hookgate.engine.captured import read_capture
from hookgate.engine.ids import Ids
from hookgate.engine.outgoing import Given, Outgoing, Unsendable, outgoing
from hookgate.engine.signing import Unsignable, signed
from hookgate.loading.findings import did_you_mean
from hookgate.loading.load import Loaded
from hookgate.loading.nodes import Node
from hookgate.loading.problems import Severity
from hookgate.model import Delivery

_ITS_AUTH = ("auth", "public_url", "methods", "event_type", "event_id")
"""The keys of a source that a request for it follows from."""

_OF_THE_SERVER = ("host", "port", "public_url")


class Request(Struct, frozen=True):
    """What the command line says of the request; `payload` is a path, or "-" for stdin."""

    source: str
    payload: str
    to: str | None
    event_type: str | None
    event_id: str | None
    headers: tuple[str, ...]
    query: tuple[str, ...]


def send(
    request: Request, rules: Path, env_file: Path | None, seconds: float, *, as_json: bool
) -> int:
    """Send a request and show the answer, for which to wait `seconds`; the exit code."""
    loaded = _load(rules, env_file, request.source)
    source, target = _source_and_target(request, loaded)
    made = _outgoing(request, source, target)
    delivery = signed(made.delivery, source)
    if isinstance(delivery, Unsignable):
        _give_up(delivery.reason)
    _check_headers(delivery)
    answer = call(target, delivery, seconds)
    if isinstance(answer, Unreachable):
        fail(f"{target.origin} cannot be reached: {answer.reason} (is 'hookgate serve' running?)")
    signature = ("the signature",) if delivery.body != made.delivery.body else ()
    sent = Sent(delivery, source, target, (*made.put, *signature), request.payload, rules)
    if as_json:
        show_json(document(sent, answer))
    else:
        show(report(sent, answer))
    return OK if answer.good else FINDINGS


def print_curl(request: Request, rules: Path, env_file: Path | None) -> int:
    """Print a command that sends the request, and send nothing; the exit code."""
    loaded = _load(rules, env_file, request.source)
    source, target = _source_and_target(request, loaded)
    made = _outgoing(request, source, target)
    entries = [] if loaded.tree is None else loaded.tree.items("sources", source.name, "auth")
    command = curl_command(made, source, entries, target, request.payload)
    if isinstance(command, Unsendable | Unsignable):
        _give_up(command.reason)
    if command.variables:
        names = " and ".join(f"${name}" for name in command.variables)
        typer.echo(f"hookgate send: the shell has to know {names}", err=True)
    show(command.text)
    return OK


# --- the rules file -------------------------------------------------------------------------


def _load(rules: Path, env_file: Path | None, source: str) -> Loaded:
    """The rules file with what is set; ends the command where the source's part of it is not well.

    A machine that sends need not have the programs, nor the secrets of other sources.
    """
    environ = read_environment(env_file)
    whole = read_rules(rules, environ)
    if whole.config is not None:
        return whole
    loaded = read_rules(rules, environ, environment=False)
    if loaded.tree is None:
        print_problems(whole)
        raise typer.Exit(FINDINGS)
    places = set(_places(loaded.tree, source))
    errors = (found for found in whole.problems if found.severity is Severity.ERROR)
    ours = tuple(found for found in errors if (found.line, found.column) in places)
    if ours:
        print_problems(dataclasses.replace(whole, problems=ours))
        raise typer.Exit(FINDINGS)
    return loaded


def _places(tree: Node, source: str) -> Iterator[tuple[int, int]]:
    """Where the values stand that a request for a source follows from."""
    for key in _ITS_AUTH:
        yield from _places_in(tree.get("sources", source, key))
    for key in _OF_THE_SERVER:
        yield from _places_in(tree.get("server", key))


def _places_in(node: Node | None) -> Iterator[tuple[int, int]]:
    if node is None:
        return
    yield node.span.line, node.span.column
    children = node.value if isinstance(node.value, list) else node.entries().values()
    for child in children:
        yield from _places_in(child)


# --- the request ----------------------------------------------------------------------------


def _source_and_target(request: Request, loaded: Loaded) -> tuple[Source, Target]:
    config = loaded.config
    assert config is not None  # noqa: S101 - _load ends the command without one
    source = _source(request.source, config)
    target = target_of(request.to, source.name, config.server)
    return (source, _misuse(target)) if isinstance(target, str) else (source, target)


def _source(name: str, config: Config) -> Source:
    if name in config.sources:
        return config.sources[name]
    known = f"SOURCE is one of: {', '.join(config.sources)}"
    return _misuse(f"there is no source {name!r}; {did_you_mean(name, config.sources) or known}")


def _outgoing(request: Request, source: Source, target: Target) -> Outgoing:
    headers = _pairs(request.headers, ":", "--header 'Name: value'")
    given = Given(
        headers={name.lower(): value for name, value in headers.items()},
        query={**target.query, **_pairs(request.query, "=", "--query 'name=value'")},
        event_type=request.event_type,
        event_id=request.event_id,
    )
    capture = read_capture(read_payload_file(request.payload))
    made = outgoing(capture, given, source, Ids(time.time).next(), time.time())
    if isinstance(made, Unsendable):
        _give_up(made.reason)
    _check_headers(made.delivery)
    return made


def _check_headers(delivery: Delivery) -> None:
    fault = header_fault(delivery.headers)
    if fault is not None:
        _give_up(fault)


def _pairs(texts: tuple[str, ...], separator: str, form: str) -> dict[str, str]:
    pairs = named_values(texts, separator)
    return _misuse(f"{pairs!r} should be {form}") if isinstance(pairs, str) else pairs


def _give_up(reason: str) -> NoReturn:
    """End the command because there is no such request."""
    typer.echo(f"hookgate send: nothing was sent: {reason}", err=True)
    raise typer.Exit(FINDINGS)


def _misuse(reason: str) -> NoReturn:
    typer.echo(f"hookgate send: {reason}", err=True)
    raise typer.Exit(USAGE)
