"""Text with ``{param}`` placeholders: in commands, in variables and in answers.

``{name}`` is the value of a param and ``{{name}}`` the literal ``{name}``. Any other brace stays as
it is, so that JSON and the templates of other tools need no care.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hookgate.core.templates import Fixed, Placeholder, Template
from hookgate.loading.interpolation import Filled, Piece, pieces

_BRACES = re.compile(r"\{\{([A-Za-z_][A-Za-z0-9_]*)\}\}|\{([A-Za-z_][A-Za-z0-9_]*)\}")


def compile_template(parts: Iterable[Piece]) -> Template:
    """The template that a text's pieces make; what was filled in holds no placeholders."""
    return tuple(_joined(_parts(parts)))


def placeholders(text: str) -> Iterator[tuple[str, int]]:
    """The params that a text has placeholders for, each with its offset in the text."""
    start = 0
    for piece in pieces(text):
        for match in () if piece.filled else _BRACES.finditer(piece.text):
            if match[2]:
                yield match[2], start + match.start()
        start += len(piece.text)


def _parts(parts: Iterable[Piece]) -> Iterator[Piece | Placeholder]:
    for piece in parts:
        if piece.filled or "{" not in piece.text:
            yield piece
        else:
            yield from _parts_of(piece)


def _parts_of(piece: Piece) -> Iterator[Piece | Placeholder]:
    end = 0
    for match in _BRACES.finditer(piece.text):
        yield _plain(piece.text[end : match.start()])
        literal, param = match.groups()
        yield Placeholder(param) if param else _plain(f"{{{literal}}}")
        end = match.end()
    yield _plain(piece.text[end:])


def _plain(text: str) -> Piece:
    return Piece(text, text)


def _joined(parts: Iterable[Piece | Placeholder]) -> Iterator[Fixed | Placeholder]:
    """The parts with neighbouring fixed texts made one."""
    run: list[Piece] = []
    for part in parts:
        if isinstance(part, Piece):
            run.append(part)
            continue
        yield from _fixed(run)
        run = []
        yield part
    yield from _fixed(run)


def _fixed(run: list[Piece]) -> Iterator[Fixed]:
    if any(piece.filled for piece in run):
        yield Fixed(Filled(run), "".join(p.shown if p.filled else p.text for p in run))
    elif text := "".join(piece.text for piece in run):
        yield Fixed(text, text)
