"""From text to bytes: hex and base64 read strictly, and text from outside that never fails."""

from __future__ import annotations

import binascii


def from_hex(text: str) -> bytes | None:
    """The bytes of a text that is hex digits of either case and nothing else, or None."""
    try:
        return binascii.unhexlify(text)
    except ValueError:
        return None


def from_base64(text: str) -> bytes | None:
    """The bytes of standard base64 (RFC 4648, 4), with its padding or with none, or None.

    White space, the URL-safe alphabet and half the padding are refused.
    """
    padding = "" if "=" in text else "=" * (-len(text) % 4)
    try:
        return binascii.a2b_base64(text + padding, strict_mode=True)
    except ValueError:
        return None


def header_bytes(text: str) -> bytes:
    """The bytes a header had on the wire, which servers read as latin-1.

    Text that no wire can have carried (a replayed delivery is written by hand) becomes UTF-8.
    """
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text_bytes(text)


def text_bytes(text: str) -> bytes:
    """The UTF-8 of any text at all, lone surrogates included."""
    return text.encode("utf-8", "surrogatepass")
