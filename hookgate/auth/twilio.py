"""``type: twilio``: the URL and the fields of the form, or the hash of any other body.

Twilio signs the URL that it calls, followed by the name and value of each field of the form without
anything between them. Of a body that is no form it puts the SHA-256 into the query of that URL, as
``bodySHA256``. Sources: "Secure webhooks" and "Sign webhooks with shared keys" in Twilio's
documentation; `RequestValidator` of twilio-python 9.13 for the ports and the settings header.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal, TypeAlias

from hookgate.auth.encodings import text_bytes
from hookgate.auth.forms import is_form, sorted_fields
from hookgate.auth.keys import HmacKeys
from hookgate.auth.presented import SignatureHeader
from hookgate.auth.urls import query_text, with_and_without_port, with_query
from hookgate.model import AuthStep, Delivery

HEADER = "X-Twilio-Signature"
SETTINGS_HEADER = "X-Twilio-Webhooks-Signature-Settings"
"""Where Twilio says what it signed with, as ``key=ID,algorithm=HMAC_SHA256``; not signed."""

BODY_HASH = "bodySHA256"
"""The parameter of the URL with the SHA-256 of a body that is no form, in hex."""

TwilioAlgorithm: TypeAlias = Literal["sha1", "sha256"]


@dataclass(frozen=True, slots=True)
class TwilioAuth:
    """Passes a delivery that was signed with one of `secrets`.

    They are auth tokens of an account, or with `algorithm` sha256 shared keys. `url` is the URL
    that Twilio was given; its query is taken as it arrives, for it is signed. Whether Twilio signed
    the URL with its port is not known, so both ways are tried.
    """

    secrets: tuple[bytes, ...] = field(repr=False)
    url: str | None
    algorithm: TwilioAlgorithm = "sha1"

    _keys: HmacKeys = field(init=False, repr=False, compare=False)
    _header: SignatureHeader = field(init=False, repr=False, compare=False)

    scheme: ClassVar[str] = "twilio"
    needs_body: ClassVar[bool] = True
    credential_headers: ClassVar[frozenset[str]] = frozenset({HEADER.lower()})
    credential_query: ClassVar[frozenset[str]] = frozenset()

    def __post_init__(self) -> None:
        keys = HmacKeys(self.secrets, self.algorithm)
        header = SignatureHeader(
            names=(HEADER,),
            encoding="base64",
            prefix="",
            item_separator=None,
            signature_field=None,
            sizes=keys.sizes,
        )
        object.__setattr__(self, "_keys", keys)
        object.__setattr__(self, "_header", header)

    @property
    def secret_count(self) -> int:
        """One for each secret."""
        return len(self.secrets)

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Check the signature against either form of the URL; see `Verifier.verify`."""
        presented = self._header.read(delivery.headers)
        if isinstance(presented, str):
            return self._failed(presented)
        # What the rules file expects counts. That the header says otherwise tells of a mistake.
        if not _algorithms(delivery.headers) <= {f"HMAC_{self.algorithm.upper()}"}:
            return self._failed(f"{SETTINGS_HEADER} does not name {self.algorithm}")
        signed = self.signed_texts(delivery)
        if isinstance(signed, str):
            return self._failed(signed)
        matches = [self._keys.matching(presented.signatures, text) for text in signed]
        index = next((match for match in matches if match is not None), None)
        if index is None:
            return self._failed(f"{HEADER} does not match")
        return AuthStep(self.scheme, True, f"{HEADER} matches", index)

    def signed_texts(self, delivery: Delivery) -> tuple[bytes, ...] | str:
        """What the signature may cover, or, as text, why that cannot be told."""
        if not self.url:
            return "the source has no URL to check with"
        fields = _signed_fields(delivery)
        if isinstance(fields, str):
            return fields
        urls = with_and_without_port(with_query(self.url, query_text(delivery.query)))
        return tuple(text_bytes(url) + fields for url in urls)

    def _failed(self, reason: str) -> AuthStep:
        return AuthStep(self.scheme, passed=False, reason=reason)


def _algorithms(headers: Mapping[str, str]) -> set[str]:
    """What the settings header says that was signed with; nothing where it says nothing."""
    settings = headers.get(SETTINGS_HEADER.lower(), "")
    pairs = [setting.partition("=") for setting in settings.split(",")]
    return {value.strip().upper() for name, _, value in pairs if name.strip() == "algorithm"}


def _signed_fields(delivery: Delivery) -> bytes | str:
    """What is signed behind the URL, or, as text, why the body is not covered by it."""
    form = is_form(delivery)
    stated = delivery.query.get(BODY_HASH)
    # A signed hash always counts. Otherwise a delivery could be repeated with another body, as
    # long as that is a form without fields, or none at all.
    if stated is not None or (delivery.body and not form):
        digest = hashlib.sha256(delivery.body).hexdigest()
        if not hmac.compare_digest(text_bytes(stated or ""), text_bytes(digest)):
            return f"{BODY_HASH} in the URL is not the hash of the body"
    return sorted_fields(delivery) if form else b""
