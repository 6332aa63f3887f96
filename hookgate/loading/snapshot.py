"""The rules file as it may be kept: its text without what may be secret, line by line as it was.

That is every credential; what is written out in the `env` of a program, which may be one; and every
remark, in which anything may stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from hookgate.loading.context import auth_entries
from hookgate.loading.nodes import Node, Span
from hookgate.loading.reader import Parser

BLANK = '"${REDACTED}"'
"""Stands for a credential. Loaded again it is a variable that is not set, which passes nobody."""

_CREDENTIALS = ("token", "secret", "username", "password")
_REFERENCE = r"\$\{(?:[A-Za-z_][A-Za-z0-9_]*|file:[^}]*)\}"
_CREDENTIAL_KEPT = re.compile(_REFERENCE)
_ENV_KEPT = re.compile(rf"(?:{_REFERENCE}|\{{[A-Za-z_][A-Za-z0-9_]*\}}|[^\w\s$])*")
"""Also placeholders for params, and the signs between them."""

_REMARK = re.compile(r"[ \t]*#[^\n\r\x85\u2028\u2029]*")
_BLOCK_HEAD = re.compile(r"([|>][^\s#]*)[ \t]+#[^\n\r\x85\u2028\u2029]*")
_LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


def redact(text: str, root: Node) -> str:
    """The text of a tree with `BLANK` for what may be secret, and without remarks.

    What is no more than a reference such as ``${NAME}`` stays. A default in it would not.
    """
    return _without_remarks(_blanked(text, root))


def _blanked(text: str, root: Node) -> str:
    parts = []
    end = len(text)
    for span in sorted(_secrets(text, root), key=lambda span: span.start, reverse=True):
        breaks = "".join(_LINE_BREAK.findall(text[span.start : span.end]))
        parts += [text[span.end : end], BLANK + breaks]
        end = span.start
    return "".join([text[:end], *reversed(parts)])


def _without_remarks(text: str) -> str:
    """Between two tokens of YAML there is nothing but blanks, line breaks and remarks."""
    parts, end = [], 0
    for token in yaml.scan(text, Loader=Parser):
        start, after = token.start_mark.index, token.end_mark.index
        if start >= end:
            parts += [_REMARK.sub("", text[end:start]), _token(text[start:after])]
            end = after
    return "".join([*parts, _REMARK.sub("", text[end:])])


def _token(written: str) -> str:
    """A token; the line that opens a block of text may end with a remark."""
    head = _BLOCK_HEAD.match(written)
    return written if head is None else head[1] + written[head.end() :]


def _secrets(text: str, root: Node) -> set[Span]:
    return {
        node.span
        for nodes, kept in ((_credentials(root), _CREDENTIAL_KEPT), (_env(root), _ENV_KEPT))
        for node in nodes
        if not kept.fullmatch(text[node.span.start : node.span.end].strip().strip("'\""))
    }


def _env(root: Node) -> Iterator[Node]:
    for program in root.entries("programs").values():
        yield from program.entries("env").values()


def _credentials(root: Node) -> Iterator[Node]:
    admin_token = root.get("server", "admin_token")
    if admin_token is not None and admin_token.text is not None:
        yield admin_token
    for source in root.entries("sources").values():
        for entry in auth_entries(source):
            for key in _CREDENTIALS:
                yield from entry.items(key)
