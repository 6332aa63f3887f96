"""`auth`: from what stands in the rules file to verifiers.

Whatever is not known (a variable that is not set) becomes a verifier that passes nobody.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias

from msgspec import Struct

from hookgate.auth.addresses import Network, parse_network
from hookgate.auth.basic import BasicAuth
from hookgate.auth.ip import IpAuth
from hookgate.auth.keys import NO_KEYS, Keys
from hookgate.auth.none import NoneAuth
from hookgate.auth.secrets import SecretEncoding
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.templates import BODY, Template, parse_template
from hookgate.auth.timestamps import Timestamp
from hookgate.auth.token import TokenAuth
from hookgate.auth.verifier import Verifier
from hookgate.expr.paths import Found, Path
from hookgate.expr.values import MalformedJSON, parse_json, text_of
from hookgate.loading.codes import Code
from hookgate.loading.context import (
    Context,
    choice_at,
    flag_at,
    seconds_at,
    text_at,
    texts_at,
)
from hookgate.loading.interpolation import complete
from hookgate.loading.nodes import Node
from hookgate.loading.secrets import secrets_at
from hookgate.loading.selectors import compile_path
from hookgate.loading.sender_auth import Arriving, compile_sender_auth

Scheme: TypeAlias = Literal["hmac", "hash", "ed25519", "ecdsa-p256"]

_NOBODY = TokenAuth(tokens=())


def compile_auth(node: Node, arriving: Arriving, context: Context) -> tuple[Verifier, ...]:
    """The verifiers of a source, or of a handshake of it; never none."""
    verifiers = tuple(_compile_entry(entry, arriving, context) for entry in node.items("auth"))
    return verifiers or (_NOBODY,)


def compile_networks(items: list[Node], context: Context) -> tuple[Network, ...]:
    """The addresses and networks that can be read."""
    networks = []
    for item in items:
        network = parse_network(item.string)
        if isinstance(network, str):
            context.report_inside(Code.NETWORK, item, network)
        else:
            networks.append(network)
    return tuple(networks)


def _compile_entry(entry: Node, arriving: Arriving, context: Context) -> Verifier:
    match text_at(entry, "type"):
        case "none":
            return NoneAuth()
        case "token":
            return _token(entry, context)
        case "basic":
            return _basic(entry, context)
        case "ip":
            return IpAuth(compile_networks(entry.items("allowed_ips"), context))
        case "signature":
            return _signature(entry, arriving.url, context)
        case str(other):
            return compile_sender_auth(other, entry, arriving, context) or _NOBODY
    return _NOBODY


def _token(entry: Node, context: Context) -> TokenAuth:
    return TokenAuth(
        tokens=secrets_at(entry.items("token"), context),
        header=text_at(entry, "header"),
        query=text_at(entry, "query"),
    )


def _basic(entry: Node, context: Context) -> BasicAuth:
    username = text_at(entry, "username")
    passwords = secrets_at(entry.items("password"), context)
    if username is None:
        return BasicAuth(b"", ())
    return BasicAuth(username.encode("utf-8", "surrogateescape"), passwords)


# --- signatures -----------------------------------------------------------------------------


def _signature(entry: Node, url: str | None, context: Context) -> SignatureAuth:
    template = _template(entry, context)
    secrets, public_keys = _signing_secrets(entry, context), _public_keys(entry, context)
    _check_slots(template or BODY, entry, url, context)
    return SignatureAuth(
        secrets=secrets if template else (),
        headers=texts_at(entry, "header"),
        algorithm=choice_at(entry, "algorithm", default="sha256"),
        encoding=choice_at(entry, "encoding", default="hex"),
        prefix=text_at(entry, "prefix") or "",
        item_separator=text_at(entry, "item_separator"),
        signature_field=text_at(entry, "signature_field"),
        template=template or BODY,
        timestamp=_timestamp(entry.get("timestamp"), context),
        id_header=text_at(entry, "id", "header"),
        url=url,
        public_keys=public_keys if template else NO_KEYS,
        keyed=text_at(entry, "scheme") != "hash",
    )


def _signing_secrets(entry: Node, context: Context) -> tuple[bytes, ...]:
    encoding: SecretEncoding = choice_at(entry, "secret_encoding", default="utf8")
    strip_prefix = text_at(entry, "strip_prefix") or ""
    return secrets_at(entry.items("secret"), context, encoding, strip_prefix)


def _public_keys(entry: Node, context: Context) -> Keys | None:
    """The public keys where the scheme is one of those; what is not known matches nothing."""
    scheme: Scheme = choice_at(entry, "scheme", default="hmac")
    if scheme == "hmac" or scheme == "hash":  # noqa: PLR1714 - mypy narrows by this alone
        return None
    try:
        from hookgate.auth.public_keys import PublicKeys, parse_public_key
    except ImportError:
        message = f"{scheme} needs the library 'cryptography', which is not installed"
        place = entry.get("scheme") or entry
        context.report(Code.NO_LIBRARY, place, message, "pip install 'hookgate[crypto]'")
        return NO_KEYS
    strip_prefix = text_at(entry, "strip_prefix") or ""
    keys = []
    for item in entry.items("public_key"):
        key = parse_public_key(item.string, scheme, strip_prefix)
        if isinstance(key, str):
            context.report_inside(Code.PUBLIC_KEY, item, key)
            return NO_KEYS
        keys.append(key)
    return PublicKeys(scheme, tuple(keys))


def _template(entry: Node, context: Context) -> Template | None:
    """What is signed; None where that is not known."""
    node = entry.get("template")
    if node is None:
        return BODY
    if not complete(node.string):
        return None
    template = parse_template(node.string)
    if isinstance(template, Template):
        return template
    context.report_inside(Code.SIGNED_TEMPLATE, node, template)
    return None


def _check_slots(template: Template, entry: Node, url: str | None, context: Context) -> None:
    """Whether all that the template signs can be found."""
    place = entry.get("template") or entry
    if "ts" in template.slots and entry.get("timestamp") is None:
        message = "{ts} is signed, but there is no 'timestamp' to say where it is found"
        context.report(Code.SIGNED_PART, place, message)
    if "id" in template.slots and entry.get("id") is None:
        message = "{id} is signed, but there is no 'id' to say where it is found"
        context.report(Code.SIGNED_PART, place, message)
    signed_url = next((slot for slot in template.slots if slot in ("url", "url_decoded")), None)
    if signed_url is not None and url is None:
        message = (
            f"{{{signed_url}}} is signed, but neither the source nor the server has a 'public_url'"
        )
        context.report(Code.PUBLIC_URL, place, message)


def _timestamp(node: Node | None, context: Context) -> Timestamp | None:
    if node is None:
        return None
    path = node.get("path")
    tolerance = node.get("tolerance")
    unlimited = tolerance is not None and tolerance.value is None
    return Timestamp(
        header=text_at(node, "header"),
        field=text_at(node, "field"),
        path=None if path is None else _body_reader(path, context),
        unit=choice_at(node, "unit", default="s"),
        tolerance=None if unlimited else seconds_at(node, "tolerance", default=300.0),
        past_only=flag_at(node, "past_only", default=False),
    )


def _body_reader(node: Node, context: Context) -> Callable[[bytes], str | None] | None:
    path = compile_path(node, context)
    return None if path is None else BodyText(path)


class BodyText(Struct, frozen=True):
    """Reads the text at a path of a JSON body; None where there is none."""

    path: Path

    def __call__(self, body: bytes) -> str | None:
        try:
            found = self.path.find(parse_json(body))
        except MalformedJSON:
            return None
        return text_of(found.value) if isinstance(found, Found) else None
