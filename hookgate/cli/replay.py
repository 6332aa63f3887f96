"""hookgate replay: what would happen to a payload, step by step."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NoReturn

import typer
from msgspec import Struct

from hookgate.cli.exits import FINDINGS, OK, USAGE
from hookgate.cli.json_output import show_json
from hookgate.cli.replay_report import Run, document, report
from hookgate.cli.request_parts import named_values, read_payload_file
from hookgate.cli.rules_file import print_problems, read_environment, read_rules
from hookgate.cli.terminal import show
from hookgate.core.config import Config
from hookgate.engine.captured import Capture, read_capture
from hookgate.engine.ids import Ids
from hookgate.engine.replay import Replay, run_replayed, with_event_type
from hookgate.engine.replay import replay as decide_replay
from hookgate.model import Delivery, Rejected


class Request(Struct, frozen=True):
    """What the command line says of the request; `payload` is a path, or "-" for stdin."""

    payload: str
    source: str | None
    event_type: str | None
    method: str | None
    headers: tuple[str, ...]
    query: tuple[str, ...]
    verify: bool | None


def replay(
    request: Request, rules: Path, env_file: Path | None, *, run: bool, as_json: bool
) -> int:
    """Explain what would happen to a payload, and with `run` make it happen; the exit code."""
    environment = run or bool(request.verify)  # a laptop need not know the secrets to explain
    loaded = read_rules(rules, read_environment(env_file), environment=environment)
    if loaded.config is None:
        print_problems(loaded)
        return FINDINGS
    capture = read_capture(read_payload_file(request.payload))
    delivery = _delivery(request, capture, loaded.config)
    config = loaded.config
    if request.event_type is not None:
        config = with_event_type(config, delivery.source, request.event_type)
    replayed = decide_replay(config, delivery, skip_auth=_why_not_verified(request, capture))
    runs = _run(config, replayed) if run else None
    if as_json:
        show_json(document(replayed, runs))
    else:
        show(report(replayed, str(rules), runs))
    return _exit_code(replayed, runs)


def _delivery(request: Request, capture: Capture, config: Config) -> Delivery:
    source = _source(request.source or capture.source, config)
    headers = {**capture.headers, **_pairs(request.headers, ":", "--header 'Name: value'")}
    return Delivery(
        id=Ids(time.time).next(),
        source=source,
        received_at=capture.received_at or time.time(),
        method=(request.method or capture.method).upper(),
        path=f"/{source}",
        query={**capture.query, **_pairs(request.query, "=", "--query 'name=value'")},
        headers={name.lower(): value for name, value in headers.items()},
        body=capture.body,
        peer=capture.peer,
    )


def _source(named: str | None, config: Config) -> str:
    if named is None and len(config.sources) == 1:
        return next(iter(config.sources))
    if named in config.sources:
        return str(named)
    asked = "which source is it for?" if named is None else f"there is no source {named!r};"
    return _misuse(f"{asked} --source is one of: {', '.join(config.sources)}")


def _pairs(texts: tuple[str, ...], separator: str, form: str) -> dict[str, str]:
    pairs = named_values(texts, separator)
    return _misuse(f"{pairs!r} should be {form}") if isinstance(pairs, str) else pairs


def _why_not_verified(request: Request, capture: Capture) -> str | None:
    """Why credentials are not checked, or None where they are."""
    if request.verify is False:
        return "not asked for"
    if request.verify:
        return None
    if capture.bare:
        return "a bare payload carries no credentials; --verify checks them"
    if capture.redacted:
        return "the credentials were redacted when the delivery was stored"
    if not capture.exact:
        return "the capture holds JSON, not the bytes that were sent"
    return None


def _run(config: Config, replayed: Replay) -> list[Run]:
    import asyncio

    from hookgate.runners.programs import ProgramRunner

    async def run() -> list[Run]:
        async with ProgramRunner(os.environ) as runner:
            ran = await run_replayed(config, replayed, runner, time.time)
        return [Run(task.program, result) for task, result in ran]

    return asyncio.run(run())


def _exit_code(replayed: Replay, runs: list[Run] | None) -> int:
    failed = any(run.result.error is not None for run in runs or ())
    return FINDINGS if failed or isinstance(replayed.decision, Rejected) else OK


def _misuse(reason: str) -> NoReturn:
    typer.echo(f"hookgate replay: {reason}", err=True)
    raise typer.Exit(USAGE)
