"""Asking the verifiers who sent a delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from hookgate.auth.verifier import Verifier
from hookgate.model import Authentication, AuthResult, Delivery, Rejected, Rejection

Ask: TypeAlias = Callable[[tuple[Verifier, ...]], Authentication]
"""Judges the credentials of a delivery by some verifiers."""


def authenticate(verifiers: tuple[Verifier, ...], delivery: Delivery, now: float) -> Authentication:
    """Ask each verifier in turn, up to the first that does not pass."""
    steps = []
    for verifier in verifiers:
        step = verifier.verify(delivery, now)
        steps.append(step)
        if not step.passed:
            return Authentication(AuthResult.FAILED, tuple(steps))
    return Authentication(AuthResult.PASSED, tuple(steps))


def unauthentic(auth: Authentication) -> Rejected:
    """The caller is told nothing that would help to forge; the detail is for the operator."""
    if auth.steps[-1].scheme == "ip":
        message = "this address may not call this source"
        return Rejected(auth, Rejection.FORBIDDEN, message, auth.reason)
    message = "missing or wrong credentials"
    return Rejected(auth, Rejection.UNAUTHENTICATED, message, auth.reason)
