"""Presenting the credentials of a source, as its sender would: the inverse of its verifiers."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import hmac
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from msgspec import Struct
from msgspec.structs import replace

from hookgate.auth.basic import BasicAuth
from hookgate.auth.ip import IpAuth
from hookgate.auth.none import NoneAuth
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.timestamps import Unit
from hookgate.auth.token import TokenAuth
from hookgate.auth.twilio import TwilioAuth
from hookgate.auth.verifier import Verifier
from hookgate.core.config import Source
from hookgate.engine.sender_signing import SenderAuth, sender_signed
from hookgate.model import Delivery


class Unsignable(Struct, frozen=True):
    """Why a delivery cannot be signed."""

    reason: str


_UNKNOWN_SECRET = Unsignable("its secret is not known")


def signable(source: Source) -> Source:
    """The source with a random secret where it has none to sign with.

    That is where a secret is not set, so that tests need no secrets, and where only the sender has
    the private key. What is signed with such a secret is also verified with it.
    """
    handshakes = (
        replace(each, auth=None if each.auth is None else tuple(map(_signable, each.auth)))
        for each in source.handshakes
    )
    auth = tuple(map(_signable, source.auth))
    return dataclasses.replace(source, auth=auth, handshakes=tuple(handshakes))


def _signable(verifier: Verifier) -> Verifier:
    stand_in = (secrets.token_hex().encode(),)
    match verifier:
        case TokenAuth(tokens=()):
            return dataclasses.replace(verifier, tokens=stand_in)
        case BasicAuth(passwords=()):
            return dataclasses.replace(verifier, passwords=stand_in)
        case SignatureAuth(secrets=()):  # as it is also where there are public keys
            return dataclasses.replace(verifier, secrets=stand_in, public_keys=None)
    if isinstance(verifier, SenderAuth) and not verifier.secrets:
        return dataclasses.replace(verifier, secrets=stand_in)
    return verifier


def signed(delivery: Delivery, source: Source) -> Delivery | Unsignable:
    """The delivery with what each verifier of the source looks for, made with its first secret.

    A timestamp or an id that it has already is kept, and signed as it is. Nothing is presented for
    the caller's address, which is not the delivery's to choose. What can be nothing but a handshake
    presents what that asks for as well.
    """
    verifiers = [*source.auth, *_of_handshakes(source, delivery.method)]
    # What covers other parts of the request comes last, when they are as they will be.
    for verifier in sorted(verifiers, key=_covers_others):
        found = _presented(delivery, verifier)
        if isinstance(found, Unsignable):
            return found
        delivery = found
    return delivery


def _of_handshakes(source: Source, method: str) -> Iterator[Verifier]:
    if method not in source.methods:
        for handshake in source.handshakes:
            yield from handshake.auth or () if handshake.method == method else ()


def _covers_others(verifier: Verifier) -> bool:
    return isinstance(verifier, SignatureAuth | TwilioAuth)


def _presented(delivery: Delivery, verifier: Verifier) -> Delivery | Unsignable:
    match verifier:
        case NoneAuth() | IpAuth():
            return delivery
        case SignatureAuth(public_keys=keys) if keys is not None:
            return Unsignable("it is signed with a private key, which only the sender has")
        case TokenAuth(tokens=(token, *_)):
            return _with_token(delivery, verifier, token)
        case BasicAuth(passwords=(password, *_)):
            pair = base64.b64encode(verifier.username + b":" + password)
            return _with_headers(delivery, {"authorization": f"Basic {pair.decode('ascii')}"})
        case SignatureAuth(secrets=(secret, *_)):
            return _with_signature(delivery, verifier, secret)
        case TokenAuth() | BasicAuth() | SignatureAuth():
            return _UNKNOWN_SECRET
    if isinstance(verifier, SenderAuth):
        found = sender_signed(delivery, verifier) if verifier.secrets else _UNKNOWN_SECRET
        return Unsignable(f"it cannot be signed: {found}") if isinstance(found, str) else found
    return Unsignable(f"only the sender itself can prove what auth of type {verifier.scheme} asks")


# --- tokens ---------------------------------------------------------------------------------


class TokenPlace(Struct, frozen=True):
    """Where a sender puts its token: in a header behind a `prefix`, or in the query."""

    name: str
    prefix: str = ""
    query: bool = False


def token_place(auth: TokenAuth) -> TokenPlace:
    """The place where a sender of ours presents the token."""
    if auth.query is not None:
        return TokenPlace(auth.query, query=True)
    name = auth.header or "X-Webhook-Token"
    return TokenPlace(name, "Bearer " if name.lower() == "authorization" else "")


def _with_token(delivery: Delivery, auth: TokenAuth, token: bytes) -> Delivery:
    place = token_place(auth)
    if place.query:
        text = token.decode("utf-8", "surrogateescape")
        return replace(delivery, query={**delivery.query, place.name: text})
    return _with_headers(delivery, {place.name.lower(): place.prefix + token.decode("latin-1")})


# --- signatures -----------------------------------------------------------------------------


def signing_time(seconds: float, unit: Unit) -> int | str:
    """A time as it is signed; `seconds` are since the epoch."""
    match unit:
        case "s":
            return int(seconds)
        case "ms":
            return int(seconds * 1000)
        case "iso8601":
            return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _with_signature(
    delivery: Delivery, auth: SignatureAuth, secret: bytes
) -> Delivery | Unsignable:
    delivery = _with_signed_headers(delivery, auth)
    items = _timestamp_items(delivery, auth)
    covered = auth.signed_bytes(delivery, items)
    if isinstance(covered, str):
        return Unsignable(f"it cannot be signed: {covered}")
    value = (auth.item_separator or ",").join([*items, _item(_digest(secret, covered, auth), auth)])
    return _with_headers(delivery, {auth.headers[0].replace("{n}", "1").lower(): value})


def _digest(secret: bytes, covered: bytes, auth: SignatureAuth) -> bytes:
    if auth.keyed:
        return hmac.digest(secret, covered, auth.algorithm)
    return hashlib.new(auth.algorithm, secret + covered).digest()


def _with_signed_headers(delivery: Delivery, auth: SignatureAuth) -> Delivery:
    """The delivery with the timestamp and the id that are signed, where headers carry them."""
    headers = {}
    if auth.timestamp is not None and auth.timestamp.header is not None:
        time = signing_time(delivery.received_at, auth.timestamp.unit)
        headers[auth.timestamp.header.lower()] = str(time)
    if auth.id_header is not None:
        headers[auth.id_header.lower()] = delivery.id
    return replace(delivery, headers={**headers, **delivery.headers})


def _timestamp_items(delivery: Delivery, auth: SignatureAuth) -> list[str]:
    """The timestamp as an item of the signature header, where it belongs there."""
    if auth.timestamp is None or auth.timestamp.field is None:
        return []
    return [f"{auth.timestamp.field}={signing_time(delivery.received_at, auth.timestamp.unit)}"]


def _item(digest: bytes, auth: SignatureAuth) -> str:
    encoded = digest.hex() if auth.encoding == "hex" else base64.b64encode(digest).decode("ascii")
    label = "" if auth.signature_field is None else f"{auth.signature_field}="
    return f"{label}{auth.prefix}{encoded}"


def _with_headers(delivery: Delivery, headers: Mapping[str, str]) -> Delivery:
    return replace(delivery, headers={**delivery.headers, **headers})
