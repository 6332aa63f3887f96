"""The rules file as it may be kept: its text with the credentials blanked out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from hookgate.loading.context import auth_entries
from hookgate.loading.nodes import Node

BLANK = '"${REDACTED}"'
"""Stands for a credential. Loaded again it is a variable that is not set, which passes nobody."""

_CREDENTIALS = ("token", "secret", "username", "password")
_REFERENCE = re.compile(r"\$\{(?:[A-Za-z_][A-Za-z0-9_]*|file:[^}]*)\}")
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


def redact(text: str, root: Node) -> str:
    """The text with every credential of the tree replaced by `BLANK`, line by line as it was.

    What is no more than a reference such as ``${NAME}`` stays. A default in it would not.
    """
    parts = []
    end = len(text)
    spans = {node.span for node in _credentials(root)}
    for span in sorted(spans, key=lambda span: span.start, reverse=True):
        written = text[span.start : span.end]
        if not _REFERENCE.fullmatch(written.strip().strip("'\"")):
            parts += [text[span.end : end], BLANK + "".join(_LINE_BREAK.findall(written))]
            end = span.start
    return "".join([text[:end], *reversed(parts)])


def _credentials(root: Node) -> Iterator[Node]:
    admin_token = root.get("server", "admin_token")
    if admin_token is not None and admin_token.text is not None:
        yield admin_token
    for source in root.entries("sources").values():
        for entry in auth_entries(source):
            for key in _CREDENTIALS:
                yield from entry.items(key)
