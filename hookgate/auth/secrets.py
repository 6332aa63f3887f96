"""Secrets: how a configured text becomes bytes, and how presented bytes are compared with them."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from typing import Literal, TypeAlias

from hookgate.auth.encodings import from_base64, from_hex

SecretEncoding: TypeAlias = Literal["utf8", "base64", "hex"]


def decode_secret(text: str, encoding: SecretEncoding, strip_prefix: str = "") -> bytes | str:
    """The bytes of a secret as its sender gives it out, or, as text, what is wrong with it.

    `strip_prefix` is dropped where the secret begins with it: a Standard Webhooks secret is
    ``whsec_`` and base64. Padding of base64 is optional. The fault never holds the secret.
    """
    secret = _decoded(text.removeprefix(strip_prefix), encoding)
    if secret is None:
        return f"the secret is not {'UTF-8' if encoding == 'utf8' else encoding}"
    return secret or "the secret is empty"


def _decoded(text: str, encoding: SecretEncoding) -> bytes | None:
    match encoding:
        case "base64":
            return from_base64(text)
        case "hex":
            return from_hex(text)
        case "utf8":
            return _environment_bytes(text)


def _environment_bytes(text: str) -> bytes | None:
    """The UTF-8 of a text; bytes of the environment that are no UTF-8 come back as they were."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return None


def matching(candidates: Iterable[bytes], secret: bytes) -> bool:
    """Whether any candidate is the secret, in a time that tells nothing of where they differ.

    Every candidate is compared. Nothing matches an empty secret.
    """
    found = False
    for candidate in candidates:
        found |= hmac.compare_digest(candidate, secret)
    return found and bool(secret)


def matching_index(candidates: tuple[bytes, ...], secrets: Iterable[bytes]) -> int | None:
    """The index of the first secret that a candidate matches; every secret is compared."""
    first = None
    for index, secret in enumerate(secrets):
        if matching(candidates, secret) and first is None:
            first = index
    return first
