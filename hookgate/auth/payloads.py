"""Proofs that senders put into the payload itself, instead of into a header.

Such a verifier is given the reader that the decision uses, so that what is verified is what is
decided on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from hookgate.model import JSON, AuthStep, Delivery

PayloadReader: TypeAlias = Callable[[Delivery], JSON]
"""Gives the payload of a delivery, None where it cannot be read; it must not raise."""


def inside(value: JSON, *keys: str) -> JSON:
    """What is inside nested objects under these keys; None where it is not there."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def list_inside(value: JSON, key: str) -> list[JSON]:
    """The list inside an object; an empty one where there is none."""
    found = inside(value, key)
    return found if isinstance(found, list) else []


def text_inside(value: JSON, *keys: str) -> str:
    """The text inside nested objects; empty where there is none, or something else."""
    found = inside(value, *keys)
    return found if isinstance(found, str) else ""


def digits_or_text(value: JSON) -> str | None:
    """A text as it is and a whole number in digits, which senders sign alike; None for the rest."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else None


def every_item(
    scheme: str, proof: str, items: Iterable[JSON], matching: Callable[[JSON], int | None]
) -> AuthStep:
    """The step of a payload whose every item has a proof of its own; `proof` says which in a word.

    `matching` gives the index of the secret that an item matches. That of the first item is told.
    What follows an item that does not match is not looked at: a stranger may send a great many.
    """
    indexes: list[int] = []
    for item in items:
        index = matching(item)
        if index is None:
            reason = f"{proof} of item {len(indexes)} is missing or does not match"
            return AuthStep(scheme, passed=False, reason=reason)
        indexes.append(index)
    if not indexes:
        return AuthStep(scheme, passed=False, reason="the body holds no items")
    return AuthStep(scheme, True, f"{proof} of every item matches", indexes[0])
