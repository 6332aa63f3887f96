"""Header values as a server hands them on, and the Authorization header among them."""

from __future__ import annotations

from collections.abc import Mapping


def stripped(value: str) -> str:
    """The value without the optional white space around it (RFC 9110, 5.5).

    Not `str.strip()`: read as latin-1, the last byte of a UTF-8 "à" is a no-break space.
    """
    return value.strip(" \t")


def after_scheme(headers: Mapping[str, str], scheme: str) -> str | None:
    """What follows the scheme word of the Authorization header (RFC 9110, 11.6.2).

    `scheme` is in lower case, the word may be in any. None without the header or with another word.
    """
    word, _, rest = stripped(headers.get("authorization", "")).partition(" ")
    return stripped(rest) if word.lower() == scheme else None
