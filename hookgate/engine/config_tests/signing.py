"""Presenting the credentials of a source, as its sender would: the inverse of its verifiers."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from hookgate.auth.basic import BasicAuth
from hookgate.auth.ip import IpAuth
from hookgate.auth.none import NoneAuth
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.timestamps import Unit
from hookgate.auth.token import TokenAuth
from hookgate.auth.verifier import Verifier
from hookgate.core.config import Source
from hookgate.model import Delivery


@dataclass(frozen=True, slots=True)
class Unsignable:
    """Why a delivery cannot be signed."""

    reason: str


def signable(source: Source) -> Source:
    """The source with a random secret where it has none to sign with.

    That is where a secret is not set, so that tests need no secrets, and where only the sender has
    the private key. What is signed with such a secret is also verified with it.
    """
    return replace(source, auth=tuple(map(_signable, source.auth)))


def _signable(verifier: Verifier) -> Verifier:
    stand_in = (secrets.token_hex().encode(),)
    match verifier:
        case TokenAuth(tokens=()):
            return replace(verifier, tokens=stand_in)
        case BasicAuth(passwords=()):
            return replace(verifier, passwords=stand_in)
        case SignatureAuth(secrets=()):  # as it is also where there are public keys
            return replace(verifier, secrets=stand_in, public_keys=None)
    return verifier


def signed(delivery: Delivery, source: Source) -> Delivery | Unsignable:
    """The delivery with what each verifier of a signable source looks for.

    A timestamp or an id that it has already is kept, and signed as it is.
    """
    for verifier in source.auth:
        found = _presented(delivery, verifier)
        if isinstance(found, Unsignable):
            return found
        delivery = found
    return delivery


def _presented(delivery: Delivery, verifier: Verifier) -> Delivery | Unsignable:
    match verifier:
        case SignatureAuth():
            return _with_signature(delivery, verifier)
        case TokenAuth():
            return _with_token(delivery, verifier)
        case BasicAuth():
            pair = verifier.username + b":" + verifier.passwords[0]
            basic = base64.b64encode(pair).decode("ascii")
            return _with_headers(delivery, {"authorization": f"Basic {basic}"})
        case NoneAuth() | IpAuth():
            return delivery
    return Unsignable(f"auth of type {verifier.scheme} cannot be signed for")


def _with_token(delivery: Delivery, auth: TokenAuth) -> Delivery:
    token = auth.tokens[0]
    if auth.query is not None:
        text = token.decode("utf-8", "surrogateescape")
        return replace(delivery, query={**delivery.query, auth.query: text})
    name = (auth.header or "X-Webhook-Token").lower()
    scheme = "Bearer " if name == "authorization" else ""
    return _with_headers(delivery, {name: scheme + token.decode("latin-1")})


# --- signatures -----------------------------------------------------------------------------


def _with_signature(delivery: Delivery, auth: SignatureAuth) -> Delivery | Unsignable:
    delivery = _with_signed_headers(delivery, auth)
    items = _timestamp_items(delivery, auth)
    covered = auth.signed_bytes(delivery, items)
    if isinstance(covered, str):
        return Unsignable(f"it cannot be signed: {covered}")
    digest = hmac.digest(auth.secrets[0], covered, auth.algorithm)
    value = (auth.item_separator or ",").join([*items, _item(digest, auth)])
    return _with_headers(delivery, {auth.headers[0].replace("{n}", "1").lower(): value})


def _with_signed_headers(delivery: Delivery, auth: SignatureAuth) -> Delivery:
    """The delivery with the timestamp and the id that are signed, where headers carry them."""
    headers = {}
    if auth.timestamp is not None and auth.timestamp.header is not None:
        headers[auth.timestamp.header.lower()] = _time(delivery.received_at, auth.timestamp.unit)
    if auth.id_header is not None:
        headers[auth.id_header.lower()] = delivery.id
    return replace(delivery, headers={**headers, **delivery.headers})


def _timestamp_items(delivery: Delivery, auth: SignatureAuth) -> list[str]:
    """The timestamp as an item of the signature header, where it belongs there."""
    if auth.timestamp is None or auth.timestamp.field is None:
        return []
    return [f"{auth.timestamp.field}={_time(delivery.received_at, auth.timestamp.unit)}"]


def _item(digest: bytes, auth: SignatureAuth) -> str:
    encoded = digest.hex() if auth.encoding == "hex" else base64.b64encode(digest).decode("ascii")
    label = "" if auth.signature_field is None else f"{auth.signature_field}="
    return f"{label}{auth.prefix}{encoded}"


def _time(seconds: float, unit: Unit) -> str:
    match unit:
        case "s":
            return str(int(seconds))
        case "ms":
            return str(int(seconds * 1000))
        case "iso8601":
            return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _with_headers(delivery: Delivery, headers: Mapping[str, str]) -> Delivery:
    return replace(delivery, headers={**delivery.headers, **headers})
