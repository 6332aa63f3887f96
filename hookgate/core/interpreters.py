"""Command lines that have an interpreter of Python run a file."""

from __future__ import annotations

import re
from collections.abc import Sequence

_INTERPRETER = re.compile(r"(?:.*/)?python(?:3(?:\.\d+)?)?", re.DOTALL)
_FLAGS = re.compile(r"-[bBdEIOPqsSuv]+")
_VALUED = ("-W", "-X")


def words_before_script(words: Sequence[str | None]) -> int | None:
    """How many words come before the FILE of ``python [OPTION...] FILE``; None: it is none.

    A word that is not known before is None. An option that runs something else than a file (-c,
    -m, -) or that keeps the interpreter from ending (-i) is none that can stand there.
    """
    if not words or words[0] is None or not _INTERPRETER.fullmatch(words[0]):
        return None
    index = 1
    while index < len(words):
        word = words[index]
        if word is None or word == "":
            return None
        if word in _VALUED:
            index += 2
        elif word.startswith(_VALUED) or _FLAGS.fullmatch(word):
            index += 1
        else:
            return None if word.startswith("-") else index
    return None
