"""`auth` of the types that serve one sender, whose proof has a form of its own."""

from __future__ import annotations

from msgspec import Struct

from hookgate.auth.adyen import AdyenAuth
from hookgate.auth.client_state import ClientStateAuth
from hookgate.auth.mailgun import MailgunAuth
from hookgate.auth.payloads import PayloadReader
from hookgate.auth.twilio import TwilioAlgorithm, TwilioAuth
from hookgate.auth.verifier import Verifier
from hookgate.core.bodies import Body, read_body
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, choice_at, tolerance_at
from hookgate.loading.key_auth import compile_jwt, compile_paypal, compile_sns
from hookgate.loading.nodes import Node
from hookgate.loading.secrets import secrets_at
from hookgate.model import JSON, Delivery


class Arriving(Struct, frozen=True):
    """How the deliveries of a source arrive.

    `url` is what its sender was told, and `content_type` what its bodies are read as, whatever it
    says itself.
    """

    url: str | None
    content_type: str | None


def compile_sender_auth(
    name: str, entry: Node, arriving: Arriving, context: Context
) -> Verifier | None:
    """The verifier of one of these types, None for any other."""
    reader = ReadPayload(arriving.content_type)
    match name:
        case "twilio":
            return _twilio(entry, arriving.url, context)
        case "mailgun":
            return _mailgun(entry, reader, context)
        case "adyen":
            return _adyen(entry, reader, context)
        case "client_state":
            return ClientStateAuth(secrets_at(entry.items("secret"), context), reader)
        case "jwt":
            return compile_jwt(entry, context)
        case "sns":
            return compile_sns(entry, reader, context)
        case "paypal":
            return compile_paypal(entry, context)
    return None


class ReadPayload(Struct, frozen=True):
    """Gives the payload as the decision reads it; None where it cannot be read."""

    content_type: str | None = None

    def __call__(self, delivery: Delivery) -> JSON:
        body = read_body(delivery.headers, delivery.body, self.content_type)
        return body.payload if isinstance(body, Body) else None


read_payload = ReadPayload()
"""Reads bodies as their sender says."""


def _twilio(entry: Node, url: str | None, context: Context) -> Verifier:
    if url is None:
        message = "Twilio signs the URL, but neither the source nor the server has a 'public_url'"
        context.report(Code.PUBLIC_URL, entry.get("type") or entry, message)
    algorithm: TwilioAlgorithm = choice_at(entry, "algorithm", default="sha1")
    return TwilioAuth(secrets_at(entry.items("secret"), context), url, algorithm)


def _mailgun(entry: Node, reader: PayloadReader, context: Context) -> Verifier:
    secrets = secrets_at(entry.items("secret"), context)
    return MailgunAuth(secrets, reader, tolerance_at(entry))


def _adyen(entry: Node, reader: PayloadReader, context: Context) -> Verifier:
    return AdyenAuth(secrets_at(entry.items("secret"), context, encoding="hex"), reader)
