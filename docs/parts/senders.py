"""Every preset of a provider, with what it stands for and what it leaves open."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from docs.parts.markdown import marked_up, table
from hookgate.cli.providers import CONFIDENCE
from hookgate.loading.preset_facts import Preset, flow, handshakes, needs, not_covered
from hookgate.loading.presets import names, preset
from hookgate.model import JSON

_OWN_FORMS = {
    "twilio": (
        "the URL with its query, and the fields of a form or the SHA-256 of another body,"
        " with HMAC-SHA1 (or HMAC-SHA256), in base64",
        "`X-Twilio-Signature`",
    ),
    "mailgun": (
        "a time and a token with HMAC-SHA256, in hex",
        "`signature` of the JSON, or fields of the form",
    ),
    "adyen": (
        "eight fields of each item, with colons between them, with HMAC-SHA256, in base64",
        "`additionalData.hmacSignature` of each item",
    ),
    "sns": (
        "the parts of a message that its type has, with RSA-SHA1 or RSA-SHA256, in base64",
        "`Signature` of the body",
    ),
    "paypal": (
        "the transmission's id and time, the webhook's id and the CRC-32 of the body,"
        " with RSA-SHA256, in base64",
        "`PayPal-Transmission-Sig`",
    ),
    "client_state": ("nothing; it repeats the secret", "`clientState` of each item of `value`"),
}
"""For auth of each type that serves one sender: what it signs, and where that is found."""


def senders() -> str:
    """A section for each preset."""
    return "\n".join(_section(preset(name)) for name in names())


def _section(found: Preset) -> str:
    facts = [(what, value) for what, value in _facts(found) if value]
    return (
        f"### {found['name']}\n\n"
        f"**{found['title']}.** {marked_up(str(found['notes']))}\n\n"
        f"{table(('', ''), facts)}\n"
        f"Source of truth: <{found['documentation']}>\n"
    )


def _facts(found: Preset) -> Iterator[tuple[str, str]]:
    auth = found.get("auth")
    yield "you give", ", ".join(f"`{key}`" for key in needs(found))
    if isinstance(auth, dict):
        yield from _facts_of_auth(auth)
    yield "event type", f"`{flow(found['event_type'])}`"
    yield "event id", f"`{flow(found['event_id'])}`" if "event_id" in found else "none"
    yield "handshake", "<br>".join(f"`{flow(dict(each))}`" for each in handshakes(found))
    yield "not covered", "; ".join(not_covered(found))
    yield "deadline", f"{found['deadline']} s" if "deadline" in found else ""
    yield "rests on", CONFIDENCE[str(found["confidence"])]


def _facts_of_auth(auth: Mapping[str, JSON]) -> Iterator[tuple[str, str]]:
    if auth["type"] in _OWN_FORMS:
        yield from zip(("signs", "in"), _OWN_FORMS[str(auth["type"])], strict=True)
        return
    if auth["type"] != "signature":
        yield "presents", f"`{flow(dict(auth))}`"
        return
    yield "signs", f"`{auth.get('template', '{body}')}` with {_scheme(auth)}"
    places = ("header", "prefix", "item_separator", "signature_field", "id")
    yield "in", _settings(auth, places)
    yield "secret as", _settings(auth, ("secret_encoding", "strip_prefix"))
    timestamp = auth.get("timestamp")
    yield "time", f"`{flow(timestamp)}`" if timestamp else "not signed"


def _scheme(auth: Mapping[str, JSON]) -> str:
    algorithm = str(auth.get("algorithm", "sha256")).upper()
    schemes = {
        "hash": f"plain {algorithm}, the secret before it",
        "ed25519": "Ed25519",
        "ecdsa-p256": "ECDSA (P-256, SHA-256)",
    }
    scheme = schemes.get(str(auth.get("scheme")), f"HMAC-{algorithm}")
    return f"{scheme}, in {auth.get('encoding', 'hex')}"


def _settings(auth: Mapping[str, JSON], keys: tuple[str, ...]) -> str:
    return ", ".join(f"`{key}: {flow(auth[key])}`" for key in keys if key in auth)
