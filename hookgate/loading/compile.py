"""From a tree of a checked shape to the compiled configuration."""

from __future__ import annotations

import hashlib

from hookgate.core.config import Config, ServerSettings
from hookgate.loading.auth import compile_networks
from hookgate.loading.checks import check_limits, check_references
from hookgate.loading.context import (
    Context,
    bytes_at,
    choice_at,
    integer_at,
    seconds_at,
    text_at,
    texts_at,
    written_at,
)
from hookgate.loading.ignores import apply_ignores
from hookgate.loading.interpolation import Filled, Piece
from hookgate.loading.lint.lint import lint
from hookgate.loading.lint.subject import Subject
from hookgate.loading.nodes import Node
from hookgate.loading.programs import compile_programs
from hookgate.loading.secrets import check_not_empty
from hookgate.loading.snapshot import redact
from hookgate.loading.sources import compile_sources
from hookgate.loading.store import compile_store
from hookgate.loading.waits import check_waits


def compile_config(root: Node, unset: set[str], context: Context) -> Config | None:
    """The configuration; None where a finding, now or before, is an error.

    `unset` names the variables that are not set.
    """
    check_references(root, context)
    check_waits(root, context)
    server = _server(root, context)
    programs = compile_programs(root, context)
    sources = compile_sources(root, server, context)
    check_limits(root, server, context)
    store = compile_store(root, context)
    lint(Subject(root, server, sources, programs, context))
    apply_ignores(context)
    if context.findings.fatal:
        return None
    snapshot = redact(context.text, context.written)
    return Config(
        server=server,
        store=store,
        sources=sources,
        programs=programs,
        directory=context.directory,
        snapshot=snapshot,
        digest=hashlib.sha256(snapshot.encode("utf-8")).hexdigest(),
        unset=tuple(sorted(unset)),
    )


def _server(root: Node, context: Context) -> ServerSettings:
    default = ServerSettings()
    node = root.get("server")
    if node is None:
        return default
    return ServerSettings(
        host=text_at(node, "host") or default.host,
        port=integer_at(node, "port", default=default.port),
        public_url=written_at(node, "public_url"),
        trusted_proxies=compile_networks(node.items("trusted_proxies"), context),
        max_body=bytes_at(node, "max_body", default=default.max_body),
        max_bodies=bytes_at(node, "max_bodies", default=default.max_bodies),
        body_timeout=seconds_at(node, "body_timeout", default=default.body_timeout),
        wait_timeout=seconds_at(node, "wait_timeout", default=default.wait_timeout),
        shutdown_delay=seconds_at(node, "shutdown_delay", default=default.shutdown_delay),
        shutdown_grace=seconds_at(node, "shutdown_grace", default=default.shutdown_grace),
        max_connections=integer_at(node, "max_connections", default=default.max_connections),
        concurrency=integer_at(node, "concurrency", default=default.concurrency),
        admin_token=_admin_token(node, context),
        metrics=choice_at(node, "metrics", default=default.metrics),
        allow_origins=texts_at(node, "cors", "allow_origins"),
    )


def _admin_token(server: Node, context: Context) -> str | None:
    node = server.get("admin_token")
    token = text_at(server, "admin_token")
    if node is None or token is None or not check_not_empty(node, context):
        return None
    # Also one that stands in the file must not be printed with the record it is in.
    return token if isinstance(token, Filled) else Filled([Piece(token, "redacted", filled=True)])
