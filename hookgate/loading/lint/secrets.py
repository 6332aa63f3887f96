"""Credentials that stand in the file, or twice in a list, or are half empty."""

from __future__ import annotations

import re

from hookgate.loading.codes import Code
from hookgate.loading.context import auth_entries
from hookgate.loading.interpolation import pieces, shown
from hookgate.loading.lint.subject import Subject
from hookgate.loading.nodes import Node

_SECRETS = ("token", "secret", "password")
_DEFAULT = re.compile(r"\$\{[^}:]*:-[^}]+\}")


def check_secrets(subject: Subject) -> None:
    """Report secrets that whoever reads the file can read, and slips in lists of them."""
    admin_token = subject.root.get("server", "admin_token")
    if admin_token is not None:
        _check_clear(admin_token, "HOOKGATE_ADMIN_TOKEN", subject)
    for name, source in subject.root.entries("sources").items():
        for entry in auth_entries(source):
            _check_username(entry.get("username"), subject)
            for key in _SECRETS:
                variable = f"{name}_{key}".replace("-", "_").upper()
                for item in entry.items(key):
                    _check_clear(item, variable, subject)
                _check_repeated(entry.items(key), subject)


def _check_clear(item: Node, variable: str, subject: Subject) -> None:
    if not item.string.strip():
        return
    suggestion = f"take it from the environment: ${{{variable}}}"
    if not any(piece.filled for piece in pieces(item.string)):
        message = "this secret can be read by whoever can read the file"
        subject.context.report(Code.CLEAR_SECRET, item, message, suggestion)
    elif _DEFAULT.search(shown(item.string)):
        message = "this secret has a default that can be read by whoever can read the file"
        subject.context.report(Code.CLEAR_SECRET, item, message, "leave the default out")


def _check_repeated(items: list[Node], subject: Subject) -> None:
    seen = set()
    for item in items:
        written = shown(item.string)
        if written in seen:
            message = "this secret is in the list already"
            subject.context.report(Code.REPEATED_SECRET, item, message)
        seen.add(written)


def _check_username(node: Node | None, subject: Subject) -> None:
    if node is not None and node.value == "" and not pieces(node.string)[0].filled:
        message = "the user name is empty, so the password is all that is asked for"
        subject.context.report(Code.EMPTY_USERNAME, node, message)
