"""Secrets: from what stands in the rules file to bytes to compare with."""

from __future__ import annotations

from hookgate.auth.secrets import SecretEncoding, decode_secret
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, shown_at
from hookgate.loading.interpolation import Filled, complete
from hookgate.loading.nodes import Node


def secrets_at(
    items: list[Node], context: Context, encoding: SecretEncoding = "utf8", strip_prefix: str = ""
) -> tuple[bytes, ...]:
    """All secrets, or none where one of them is not known."""
    decoded = [_secret(item, context, encoding, strip_prefix) for item in items]
    known = tuple(secret for secret in decoded if secret is not None)
    return known if len(known) == len(decoded) else ()


def check_not_empty(item: Node, context: Context) -> bool:
    """Whether a secret holds anything; nothing, or only white space, is a finding."""
    if item.string.strip():
        return True
    if isinstance(item.value, Filled):
        if item.value.complete:
            message = f"the secret {shown_at(item)} is empty once it is filled in"
            context.report(Code.EMPTY_VARIABLE, item, message)
    else:
        context.report(Code.EMPTY_SECRET, item, "the secret is empty")
    return False


def _secret(
    item: Node, context: Context, encoding: SecretEncoding, strip_prefix: str
) -> bytes | None:
    if not complete(item.string) or not check_not_empty(item, context):
        return None
    secret = decode_secret(str(item.string), encoding, strip_prefix)
    if isinstance(secret, bytes):
        return secret
    filled = isinstance(item.value, Filled)
    context.report(Code.FILLED_VALUE if filled else Code.UNDECODABLE_SECRET, item, secret)
    return None
