"""The store: from its URL to the file that it is, and whether that can be written."""

from __future__ import annotations

import os
from pathlib import Path

from hookgate.core.backlog import DEFAULT_MOST, Backlog
from hookgate.core.config import StoreSettings
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, bytes_at, integer_at, text_at
from hookgate.loading.interpolation import complete, derived, shown
from hookgate.loading.machine import is_directory, is_file, may_write
from hookgate.loading.nodes import Node
from hookgate.loading.units import seconds

_DEFAULT = "sqlite:hookgate.db"


def compile_store(root: Node, context: Context) -> StoreSettings:
    """Where deliveries and tasks are kept; the default where nothing is said."""
    url = text_at(root, "store") or text_at(root, "store", "url") or _DEFAULT
    path = os.path.normpath(Path(context.directory, url.removeprefix("sqlite:")))
    node = root.get("store", "url") or root.get("store")
    if context.environment and (node is None or complete(node.string)):
        _check_place(Path(path), shown(url), node or root, context)
    return StoreSettings(
        path=derived(path, url),
        shown=shown(url),
        retention=seconds(text_at(root, "store", "retention") or ""),
        max_size=bytes_at(root, "store", "max_size", default=0) or None,
        max_pending=_max_pending(root),
    )


def _max_pending(root: Node) -> Backlog:
    path = ("store", "max_pending")
    return Backlog(
        tasks=integer_at(root, *path, "tasks", default=DEFAULT_MOST.tasks),
        bytes=bytes_at(root, *path, "bytes", default=DEFAULT_MOST.bytes),
    )


def _check_place(path: Path, url: str, node: Node, context: Context) -> None:
    """Whether the file can be there; SQLite makes others beside it."""
    if not is_directory(path.parent):
        context.report(Code.NO_DIRECTORY, node, f"the directory of the store {url} does not exist")
    elif is_directory(path):
        message = f"the store {url} is a directory"
        context.report(Code.STORE_PLACE, node, message, "name a file in it")
    elif not may_write(path.parent):
        message = f"no file can be made in the directory of the store {url}"
        context.report(Code.STORE_PLACE, node, message)
    elif is_file(path) and not may_write(path):
        context.report(Code.STORE_PLACE, node, f"the store {url} cannot be written")
