"""`auth` of the types that check with public keys, which a file gives or the gateway fetches."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from hookgate.auth.material import Fetched, Given, Material
from hookgate.auth.payloads import PayloadReader
from hookgate.auth.verifier import Verifier
from hookgate.loading.codes import Code
from hookgate.loading.context import (
    Context,
    flag_at,
    seconds_at,
    shown_at,
    text_at,
    texts_at,
    tolerance_at,
)
from hookgate.loading.interpolation import complete
from hookgate.loading.nodes import Node

if TYPE_CHECKING:
    from hookgate.auth.certificates import Certificates, Roots
    from hookgate.auth.jwt import Claim
    from hookgate.auth.key_sets import KeySet

_Kind = TypeVar("_Kind")


def compile_sns(entry: Node, payload: PayloadReader, context: Context) -> Verifier | None:
    """`type: sns`; None where it passes nobody. `payload` reads bodies as the decision does."""
    try:
        from hookgate.auth.sns import SnsAuth, parse_topic
    except ImportError as error:
        _report_missing(error, entry, context)
        return None
    topics = map(parse_topic, texts_at(entry, "topic_arn"))
    return SnsAuth(
        topics=tuple(topic for topic in topics if topic is not None),
        certificates=_certificates(entry, context),
        payload=payload,
        confirm=flag_at(entry, "confirm_subscriptions", default=False),
    )


def compile_paypal(entry: Node, context: Context) -> Verifier | None:
    """`type: paypal`; None where it passes nobody."""
    try:
        from hookgate.auth.paypal import PayPalAuth
    except ImportError as error:
        _report_missing(error, entry, context)
        return None
    return PayPalAuth(
        webhook_ids=texts_at(entry, "webhook_id"),
        certificates=_certificates(entry, context),
        roots=_roots(entry, context),
        tolerance=tolerance_at(entry),
    )


def compile_jwt(entry: Node, context: Context) -> Verifier | None:
    """`type: jwt`; None where it passes nobody."""
    try:
        from hookgate.auth.jwt import JwtAuth
    except ImportError as error:
        _report_missing(error, entry, context)
        return None
    claims = _claims(entry)
    if claims is None:
        return None
    return JwtAuth(
        issuers=texts_at(entry, "issuer"),
        audiences=texts_at(entry, "audience"),
        claims=claims,
        keys=_key_set(entry, context),
        url=text_at(entry, "jwks_url") or "",
        algorithms=texts_at(entry, "algorithms") or ("RS256",),
        leeway=seconds_at(entry, "leeway", default=30.0),
    )


def _claims(entry: Node) -> tuple[tuple[str, Claim], ...] | None:
    """What a token must claim; None where that is not known."""
    claims: list[tuple[str, Claim]] = []
    for name, node in entry.entries("claims").items():
        if isinstance(node.value, str):
            if not complete(node.value):
                return None
            claims.append((name, str(node.value)))
        elif isinstance(node.value, bool | int):
            claims.append((name, node.value))
    return tuple(claims) or None


# --- where the keys are -----------------------------------------------------------------------


def _certificates(entry: Node, context: Context) -> Material[Certificates]:
    from hookgate.auth.certificates import MAX_AGE, MAX_BYTES, read_certificates

    file = entry.get("certificate_file")
    if file is None:
        return Fetched(read_certificates, MAX_BYTES, MAX_AGE)
    return Given(_read(file, read_certificates, "a certificate in PEM", context) or ())


def _key_set(entry: Node, context: Context) -> Material[KeySet]:
    from hookgate.auth.key_sets import MAX_AGE, MAX_BYTES, KeySet, parse_key_set

    file = entry.get("jwks_file")
    if file is None:
        return Fetched(parse_key_set, MAX_BYTES, MAX_AGE)
    return Given(_read(file, parse_key_set, "a JWK Set with a public key", context) or KeySet(()))


def _roots(entry: Node, context: Context) -> Roots | None:
    """What fetched certificates must lead to; None where they are given, and trusted as such."""
    from hookgate.auth.certificates import Roots, read_certificates
    from hookgate.loading.trust import system_certificates

    if entry.get("certificate_file") is not None:
        return None
    file = entry.get("ca_file")
    if file is not None:
        return Roots(_read(file, read_certificates, "a certificate in PEM", context) or ())
    roots = Roots(system_certificates())
    if not roots.trusted:
        message = "there are no certificates of the system that PayPal's could lead to"
        context.report(Code.UNREADABLE_FILE, entry, message, "give them with ca_file")
    return roots


def _read(
    file: Node, parse: Callable[[bytes], _Kind | None], what: str, context: Context
) -> _Kind | None:
    """What a file beside the rules file holds; None where it does not, which is then a finding."""
    if not complete(file.string):
        return None
    try:
        content = Path(context.directory, str(file.string)).read_bytes()
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
        context.report(Code.UNREADABLE_FILE, file, f"{shown_at(file)} cannot be read: {reason}")
        return None
    found = parse(content)
    if found is None:
        context.report(Code.PUBLIC_KEY, file, f"{shown_at(file)} does not hold {what}")
    return found


def _report_missing(error: ImportError, entry: Node, context: Context) -> None:
    place = entry.get("type") or entry
    library = "PyJWT" if error.name == "jwt" else "cryptography"
    message = f"{place.string} needs the library '{library}', which is not installed"
    context.report(Code.NO_LIBRARY, place, message, "pip install 'hookgate[crypto]'")
