"""Signing for the types of auth that serve one sender; see `hookgate.loading.sender_auth`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from typing import TypeAlias

from msgspec.structs import replace

from hookgate.auth.adyen import AdyenAuth, signed_text
from hookgate.auth.client_state import ClientStateAuth
from hookgate.auth.forms import is_form
from hookgate.auth.mailgun import MailgunAuth
from hookgate.auth.payloads import inside, list_inside
from hookgate.auth.twilio import BODY_HASH, HEADER, TwilioAuth
from hookgate.engine.rewriting import with_payload
from hookgate.loading.sender_auth import read_payload
from hookgate.model import JSON, Delivery

SenderAuth: TypeAlias = TwilioAuth | MailgunAuth | AdyenAuth | ClientStateAuth

_TOKEN_BYTES = 25  # Mailgun's tokens are 50 hex digits


def sender_signed(delivery: Delivery, auth: SenderAuth) -> Delivery | str:
    """The delivery with what the verifier looks for, made with its first secret.

    As text, why that cannot be. The verifier has a secret.
    """
    secret = auth.secrets[0]
    match auth:
        case TwilioAuth():
            return _twilio(delivery, auth, secret)
        case MailgunAuth():
            return _mailgun(delivery, secret)
        case AdyenAuth():
            return _adyen(delivery, secret)
        case ClientStateAuth():
            return _client_state(delivery, secret)


def _twilio(delivery: Delivery, auth: TwilioAuth, secret: bytes) -> Delivery | str:
    query = {name: value for name, value in delivery.query.items() if name != BODY_HASH}
    if not is_form(delivery):
        query[BODY_HASH] = hashlib.sha256(delivery.body).hexdigest()
    delivery = replace(delivery, query=query)
    covered = auth.signed_texts(delivery)
    if isinstance(covered, str):
        return covered
    signature = base64.b64encode(hmac.digest(secret, covered[0], auth.algorithm)).decode("ascii")
    return replace(delivery, headers={**delivery.headers, HEADER.lower(): signature})


def _mailgun(delivery: Delivery, secret: bytes) -> Delivery | str:
    # Always ten digits, without which the verifier could not tell the time from the token.
    timestamp, token = f"{int(delivery.received_at):010}", secrets.token_hex(_TOKEN_BYTES)
    signature = hmac.digest(secret, f"{timestamp}{token}".encode("ascii"), "sha256").hex()
    proof: dict[str, JSON] = {"timestamp": timestamp, "token": token, "signature": signature}
    payload = read_payload(delivery)
    if not isinstance(payload, dict):
        return "the payload is no object, which a signature could be put into"
    return _written(delivery, {**payload, **(proof if is_form(delivery) else {"signature": proof})})


def _adyen(delivery: Delivery, secret: bytes) -> Delivery | str:
    payload = read_payload(delivery)
    signed = [_adyen_signed(item, secret) for item in list_inside(payload, "notificationItems")]
    if not isinstance(payload, dict) or not signed or None in signed:
        return "the payload has no notificationItems, which a signature could be put into"
    return _written(delivery, {**payload, "notificationItems": signed})


def _adyen_signed(wrapped: JSON, secret: bytes) -> JSON:
    """An item of a notification with its signature; None for what cannot be one."""
    item = inside(wrapped, "NotificationRequestItem")
    if not isinstance(wrapped, dict) or not isinstance(item, dict):
        return None
    covered = signed_text(item)
    if covered is None:
        return None
    digest = hmac.digest(secret, covered, "sha256")
    more = item.get("additionalData")
    proof: dict[str, JSON] = {"hmacSignature": base64.b64encode(digest).decode("ascii")}
    data: JSON = {**more, **proof} if isinstance(more, dict) else proof
    return {**wrapped, "NotificationRequestItem": {**item, "additionalData": data}}


def _client_state(delivery: Delivery, secret: bytes) -> Delivery | str:
    payload = read_payload(delivery)
    items = list_inside(payload, "value")
    state = secret.decode("utf-8", "surrogateescape")
    stated: list[JSON] = [
        {**item, "clientState": state} for item in items if isinstance(item, dict)
    ]
    if not isinstance(payload, dict) or not items or len(stated) < len(items):
        return "the payload has no items in 'value', which clientState could be put into"
    return _written(delivery, {**payload, "value": stated})


def _written(delivery: Delivery, payload: JSON) -> Delivery | str:
    changed = with_payload(delivery, payload)
    return changed or "a signature cannot be put into a body of this media type"
