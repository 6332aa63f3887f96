"""hookgate serve: the gateway as a process."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import signal
import socket
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import typer
from msgspec.structs import replace

from hookgate import __version__
from hookgate.cli.exits import ENVIRONMENT, FINDINGS, OK
from hookgate.cli.findings.as_text import contents
from hookgate.cli.logs import start_logging
from hookgate.cli.reload_candidate import RulesFile
from hookgate.cli.reloading import reloading
from hookgate.cli.rules_file import fail, print_problems
from hookgate.cli.stamps import Stamp
from hookgate.core.config import Config, Source
from hookgate.engine.fetching import Fetcher
from hookgate.engine.gateway import Gateway
from hookgate.errors import StoreError
from hookgate.model import TaskStatus
from hookgate.runners.programs import ProgramRunner
from hookgate.server.app import build_app
from hookgate.server.beginning import Beginning
from hookgate.server.descriptors import (
    connections_granted,
    connections_possible,
    for_programs,
)
from hookgate.server.process import Server, loop_factory
from hookgate.server.shutdown import StopSignals, serve_until_stopped
from hookgate.server.workers import Workers
from hookgate.stores.sqlite.store import SqliteStore

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
    workers: int,
) -> int:
    """Run the gateway until it is told to stop; the exit code.

    More than one of `workers` are processes of their own (see `server.workers`).
    """

    def adjust(config: Config) -> Config:
        _check_room(config, workers)
        return _with_address(config, host, port)

    rules = RulesFile(path, env_file, adjust)
    before = rules.stamps()
    loaded = rules.load()
    print_problems(loaded)
    if loaded.config is None:
        return FINDINGS
    gc.enable()
    start_logging(as_json=json_log)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # inherited as ignored, exit codes would be lost
    config = loaded.config
    serving = Serving(path, rules, as_json=json_log, work=work, workers=workers)
    listeners = listen(config.server.host, config.server.port, workers)
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as loop:
            known = rules.known_after(before) if watch else None
            loop.run(serving.serve(config, listeners, known))
    except StoreError as error:
        typer.echo(f"hookgate: {error}", err=True)
        return ENVIRONMENT
    return OK


def _check_room(config: Config, workers: int) -> None:
    """A body that is allowed must fit into a worker's share of `max_bodies`.

    Of one worker that is all of it, and the rules file was checked for that.
    """
    largest = max((source.max_body for source in config.sources.values()), default=0)
    if config.server.max_bodies // workers < largest:
        fail(
            f"server.max_bodies is shared by {workers} workers, and a body may have {largest:,} "
            f"bytes: let it be at least {workers * largest:,}"
        )


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


def listen(host: str, port: int, workers: int) -> list[socket.socket]:
    """A listening socket for each worker, all at one address.

    The kernel spreads connections among them. They would share the address with any gateway of
    this user, so it is taken alone at first.
    """
    with _listener(host, port, shared=False) as alone:
        if workers == 1:
            return [alone.dup()]
        port = alone.getsockname()[1]
    return [_listener(host, port, shared=True) for _ in range(workers)]


def _listener(host: str, port: int, *, shared: bool) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server(
            (host, port), family=family, backlog=_BACKLOG, reuse_port=shared
        )
    except OSError as error:
        fail(f"cannot listen on {host} port {port}: {os.strerror(error.errno or 0)}")


class Serving:
    """How a gateway serves a rules file, by itself or through workers."""

    def __init__(
        self, path: Path, rules: RulesFile, *, as_json: bool, work: bool, workers: int
    ) -> None:
        self._path = path
        self._rules = rules
        self._as_json = as_json
        self._work = work
        self._workers = workers
        self._own_token = secrets.token_urlsafe(24)

    async def serve(
        self, config: Config, listeners: list[socket.socket], known: Mapping[Path, Stamp] | None
    ) -> None:
        """Serve; with `known`, the files as they were read, put them to use when they change."""
        signals = StopSignals()
        store = SqliteStore(config.store.path)
        runner = ProgramRunner(os.environ) if self._work else None
        alone = self._workers == 1
        gateway = Gateway(config, store, runner, fetcher=Fetcher() if alone else None)
        url = _url(listeners[0])
        on_listening = partial(typer.echo, f"listening on {url}")
        if not alone:
            workers = Workers(gateway, store, self._beginning, signals, on_listening)
            self._connections(config)

        async def use(config: Config) -> None:
            connections_possible(self._wanted(config), for_programs(config))
            if alone:
                gateway.use(config)
            else:
                await workers.use(config)

        async with gateway, reloading(gateway, self._rules, known, use):
            pending = await store.count(TaskStatus.PENDING)
            _print_banner(self._path, gateway.config, pending, self._own_token)
            serves = self._server(gateway, on_listening) if alone else workers
            await serve_until_stopped(serves, gateway, listeners, signals)

    def _server(self, gateway: Gateway, on_listening: Callable[[], None]) -> Server:
        app = build_app(gateway, self._own_token)
        return Server(app, self._connections(gateway.config), on_listening)

    def _connections(self, config: Config) -> int:
        return connections_granted(self._wanted(config), for_programs(config))

    def _wanted(self, config: Config) -> int:
        """Connections of the main process: with workers it has one to each of them."""
        return config.server.max_connections if self._workers == 1 else self._workers

    def _beginning(self, config: bytes) -> Beginning:
        return Beginning(config, self._own_token, self._as_json, self._work, self._workers)


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
