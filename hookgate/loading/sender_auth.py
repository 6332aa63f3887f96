"""`auth` of the types that serve one sender, whose proof has a form of its own."""

from __future__ import annotations

from collections.abc import Callable

from hookgate.auth.adyen import AdyenAuth
from hookgate.auth.client_state import ClientStateAuth
from hookgate.auth.mailgun import MailgunAuth
from hookgate.auth.twilio import TwilioAlgorithm, TwilioAuth
from hookgate.auth.verifier import Verifier
from hookgate.core.bodies import Body, read_body
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, choice_at, seconds_at
from hookgate.loading.key_auth import compile_jwt, compile_paypal, compile_sns
from hookgate.loading.nodes import Node
from hookgate.loading.secrets import secrets_at
from hookgate.model import JSON, Delivery


def compile_sender_auth(
    name: str, entry: Node, url: str | None, context: Context
) -> Verifier | None:
    """The verifier of one of these types, None for any other; `url` is what its sender was told."""
    compile_entry = _TYPES.get(name)
    return None if compile_entry is None else compile_entry(entry, url, context)


def read_payload(delivery: Delivery) -> JSON:
    """The payload as the decision reads it; None where it cannot be read."""
    body = read_body(delivery.headers, delivery.body)
    return body.payload if isinstance(body, Body) else None


def _twilio(entry: Node, url: str | None, context: Context) -> Verifier:
    if url is None:
        message = "Twilio signs the URL, but neither the source nor the server has a 'public_url'"
        context.report(Code.PUBLIC_URL, entry.get("type") or entry, message)
    algorithm: TwilioAlgorithm = choice_at(entry, "algorithm", default="sha1")
    return TwilioAuth(secrets_at(entry.items("secret"), context), url, algorithm)


def _mailgun(entry: Node, url: str | None, context: Context) -> Verifier:
    return MailgunAuth(
        secrets_at(entry.items("secret"), context), read_payload, _tolerance(entry.get("tolerance"))
    )


def _tolerance(node: Node | None) -> float | None:
    """How far off a time may be, in seconds; None for any. One that is not known allows nothing."""
    if node is None or node.value is None:
        return None
    return seconds_at(node, default=0.0)


def _adyen(entry: Node, url: str | None, context: Context) -> Verifier:
    secrets = secrets_at(entry.items("secret"), context, encoding="hex")
    return AdyenAuth(secrets, read_payload)


def _client_state(entry: Node, url: str | None, context: Context) -> Verifier:
    return ClientStateAuth(secrets_at(entry.items("secret"), context), read_payload)


_TYPES: dict[str, Callable[[Node, str | None, Context], Verifier | None]] = {
    "twilio": _twilio,
    "mailgun": _mailgun,
    "adyen": _adyen,
    "client_state": _client_state,
    "jwt": compile_jwt,
    "sns": compile_sns,
    "paypal": compile_paypal,
}
