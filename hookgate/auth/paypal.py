"""``type: paypal``: a signature of the transmission and of a checksum of the body.

PayPal signs the transmission's id and time, the id of the webhook and the CRC-32 of the body. A
CRC-32 is no hash: whoever has seen a transmission can find another body with the same one. Source:
`WebhookEvent.verify` of its Python library, and "Self verification method" in its documentation.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from typing import ClassVar

from msgspec import Struct

from hookgate.auth.certificates import Certificates, Roots, is_valid, signed_by
from hookgate.auth.encodings import from_base64, header_bytes, text_bytes
from hookgate.auth.headers import stripped
from hookgate.auth.material import Material
from hookgate.auth.timestamps import Timestamp
from hookgate.model import AuthStep, Delivery

HOSTS = (
    "api.paypal.com",
    "api-m.paypal.com",
    "api.sandbox.paypal.com",
    "api-m.sandbox.paypal.com",
)
"""Where PayPal's certificates are."""

DOMAIN = "paypal.com"
"""What a certificate of PayPal's is for a host in."""

ID, TIME = "PayPal-Transmission-Id", "PayPal-Transmission-Time"
SIGNATURE, ALGORITHM = "PayPal-Transmission-Sig", "PayPal-Auth-Algo"
CERTIFICATE = "PayPal-Cert-Url"

_ALGORITHM = "SHA256withRSA"
_CERTIFICATE_PATH = re.compile(r"/v1/notifications/certs/[A-Za-z0-9_-]{1,128}")


class PayPalAuth(Struct, frozen=True):
    """Passes what PayPal signed for one of `webhook_ids`.

    A certificate must lead to one of `roots`; without `roots` it is trusted as it is. `tolerance`
    is how far the time of the transmission may be off, in seconds; None allows any.
    """

    webhook_ids: tuple[str, ...]
    certificates: Material[Certificates]
    roots: Roots | None = None
    tolerance: float | None = None
    hosts: tuple[str, ...] = HOSTS

    scheme: ClassVar[str] = "paypal"
    needs_body: ClassVar[bool] = True
    secret_count: ClassVar[int] = 0
    credential_headers: ClassVar[frozenset[str]] = frozenset({SIGNATURE.lower()})
    credential_query: ClassVar[frozenset[str]] = frozenset()

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Check all that needs no certificate first; see `Verifier.verify`."""
        headers = delivery.headers
        signature = from_base64(_header(headers, SIGNATURE))
        if not signature:
            return self._failed(f"{SIGNATURE} is missing or malformed")
        if _header(headers, ALGORITHM) != _ALGORITHM:
            return self._failed(f"{ALGORITHM} is not {_ALGORITHM}")
        parts = [header_bytes(_header(headers, name)) for name in (ID, TIME)]
        # The separator inside a part would let it stand for another.
        if not all(part and b"|" not in part for part in parts):
            return self._failed(f"{ID} or {TIME} is missing or malformed")
        untimely = Timestamp(TIME, unit="iso8601", tolerance=self.tolerance).untimely(parts[1], now)
        if untimely is not None:
            return self._failed(untimely)
        url = _header(headers, CERTIFICATE)
        if not self._is_certificate(url):
            return self._failed(f"{CERTIFICATE} is not a certificate of PayPal's")
        certificates = self.certificates.at(url, now)
        if certificates is None:
            wanted = self.certificates.wanted(url)
            return AuthStep(self.scheme, False, f"the certificate {url} is not known", wants=wanted)
        checksum = b"%d" % zlib.crc32(delivery.body)
        signed = [b"|".join([*parts, text_bytes(one), checksum]) for one in self.webhook_ids]
        return self._judged(certificates, signature, signed, now)

    def _failed(self, reason: str) -> AuthStep:
        return AuthStep(self.scheme, passed=False, reason=reason)

    def _is_certificate(self, url: str) -> bool:
        roots = (f"https://{host}" for host in self.hosts)
        root = next((root for root in roots if url.startswith(f"{root}/")), None)
        return root is not None and bool(_CERTIFICATE_PATH.fullmatch(url[len(root) :]))

    def _judged(
        self, certificates: Certificates, signature: bytes, signed: list[bytes], now: float
    ) -> AuthStep:
        # What was fetched is one chain, from the signer up; a file may hold several signers.
        signers = certificates if self.roots is None else certificates[:1]
        # The signature first: it costs less than the chain, and a stranger's ends here.
        matching = [
            signer
            for signer in signers
            if any(signed_by(signer, signature, text, "sha256") for text in signed)
        ]
        if not matching:
            return self._failed(f"{SIGNATURE} does not match")
        if not any(is_valid(signer, now) for signer in matching):
            return self._failed("the certificate that it was signed with is not valid now")
        if self.roots is not None and not self.roots.vouch_for(certificates, DOMAIN, now):
            return self._failed("the certificate that it was signed with is not trusted")
        return AuthStep(self.scheme, True, f"{SIGNATURE} matches")


def _header(headers: Mapping[str, str], name: str) -> str:
    return stripped(headers.get(name.lower(), ""))
