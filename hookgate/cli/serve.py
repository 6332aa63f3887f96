"""hookgate serve: the gateway as a process."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
import socket
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import typer

from hookgate import __version__
from hookgate.cli.exits import ENVIRONMENT, FINDINGS, OK
from hookgate.cli.findings.as_text import contents
from hookgate.cli.logs import start_logging
from hookgate.cli.reload_candidate import RulesFile
from hookgate.cli.reloading import reloading
from hookgate.cli.rules_file import fail, print_problems
from hookgate.cli.stamps import Stamp
from hookgate.core.config import Config, ServerSettings, Source
from hookgate.engine import journal
from hookgate.engine.fetching import Fetcher
from hookgate.engine.gateway import Gateway
from hookgate.errors import StoreError
from hookgate.model import TaskStatus
from hookgate.runners.command import CommandRunner
from hookgate.server.app import build_app
from hookgate.server.descriptors import connections_possible
from hookgate.server.process import Server, loop_factory
from hookgate.server.shutdown import StopSignals, serve_until_stopped
from hookgate.stores.sqlite import SqliteStore

_BACKLOG = 2048


def serve(
    path: Path,
    host: str | None,
    port: int | None,
    env_file: Path | None,
    *,
    json_log: bool,
    work: bool,
    watch: bool,
) -> int:
    """Run the gateway until it is told to stop; the exit code."""
    rules = RulesFile(path, env_file, lambda config: _with_address(config, host, port))
    before = rules.stamps()
    loaded = rules.load()
    print_problems(loaded)
    if loaded.config is None:
        return FINDINGS
    gc.enable()
    start_logging(as_json=json_log)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # inherited as ignored, exit codes would be lost
    config = loaded.config
    runner = CommandRunner(os.environ) if work else None
    gateway = Gateway(config, SqliteStore(config.store.path), runner, fetcher=Fetcher())
    with _listen(config.server.host, config.server.port) as listener:
        try:
            with asyncio.Runner(loop_factory=loop_factory()) as loop:
                known = rules.known_after(before) if watch else None
                loop.run(_serve(path, gateway, listener, rules, known))
        except StoreError as error:
            typer.echo(f"hookgate: {error}", err=True)
            return ENVIRONMENT
    return OK


def _with_address(config: Config, host: str | None, port: int | None) -> Config:
    server = config.server
    return replace(
        config,
        server=replace(
            server,
            host=server.host if host is None else host,
            port=server.port if port is None else port,
        ),
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        fail(f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}")


async def _serve(
    path: Path,
    gateway: Gateway,
    listener: socket.socket,
    rules: RulesFile,
    known: Mapping[Path, Stamp] | None,
) -> None:
    """Serve; with `known`, the files as they were read, put them to use again when they change."""
    own_token = secrets.token_urlsafe(24)
    signals = StopSignals()
    async with gateway, reloading(gateway, rules, known):
        pending = await gateway.store.count(TaskStatus.PENDING)
        _print_banner(path, gateway.config, pending, own_token)
        server = Server(
            build_app(gateway, own_token),
            _connections(gateway.config.server),
            on_listening=lambda: typer.echo(f"listening on {_url(listener)}"),
        )
        await serve_until_stopped(server, gateway, listener, signals)


def _connections(settings: ServerSettings) -> int:
    wanted = settings.max_connections
    possible = connections_possible(wanted, settings.concurrency)
    if possible < wanted:
        journal.fewer_connections(wanted, possible)
    return possible


def _print_banner(path: Path, config: Config, pending: int, own_token: str) -> None:
    typer.echo(
        f"hookgate {__version__}   {path} ({contents(config)})"
        f"   store {config.store.shown} ({pending} pending)"
    )
    for source in config.sources.values():
        typer.echo(_route_line(source))
    if config.server.admin_token is None:
        typer.echo(f"  admin token for this run: {own_token}  (set server.admin_token to keep one)")


def _route_line(source: Source) -> str:
    methods = ",".join(sorted(source.methods))
    auth = " + ".join(verifier.scheme for verifier in source.auth)
    event_types = ", ".join(source.rules) or "no rules"
    return f"  {methods} /{source.name}   /api/webhooks/{source.name}   {auth}   {event_types}"


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
