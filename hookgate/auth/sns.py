"""``type: sns``: what AWS signs for the subscribers of its topics, in the body.

Anybody with an AWS account has a topic whose notifications AWS signs as well, so only those of the
topics that are named pass. Source: "Verifying the signatures of Amazon SNS messages" in the SNS
developer guide; notifications that AWS really signed are in the tests of its PHP library.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar
from urllib.parse import parse_qsl

from msgspec import Struct

from hookgate.auth.certificates import Certificates, RsaHash, is_valid, signed_by
from hookgate.auth.encodings import from_base64, text_bytes
from hookgate.auth.headers import stripped
from hookgate.auth.material import Material
from hookgate.auth.payloads import PayloadReader, inside, text_inside
from hookgate.model import JSON, AuthStep, Delivery

TYPE_HEADER = "X-Amz-Sns-Message-Type"

_CONFIRMATION = "SubscriptionConfirmation"
_OF_A_NOTIFICATION = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_OF_A_CONFIRMATION = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
_SIGNED: Mapping[str, tuple[str, ...]] = {
    "Notification": _OF_A_NOTIFICATION,
    _CONFIRMATION: _OF_A_CONFIRMATION,
    "UnsubscribeConfirmation": _OF_A_CONFIRMATION,
}
_OPTIONAL = frozenset({"Subject"})
_OF_MANY_LINES = "Message"
_HASHES: Mapping[str, RsaHash] = {"1": "sha1", "2": "sha256"}

_ARN = re.compile(
    r"arn:(?P<partition>aws|aws-cn|aws-us-gov):sns:(?P<region>[a-z0-9-]{3,40})"
    r":[0-9]{12}:[A-Za-z0-9_.-]{1,256}"
)
_CERTIFICATE_PATH = re.compile(r"[A-Za-z0-9_-]{1,128}\.pem")
_QUERY = re.compile(r"[!\"$-~]{1,2000}")  # what is printed, but no space and no fragment


class Topic(Struct, frozen=True):
    """A topic, and the host of its region: the only one that its certificates may come from."""

    arn: str
    host: str


def parse_topic(arn: str) -> Topic | None:
    """The topic of an ARN; None for anything else."""
    found = _ARN.fullmatch(arn)
    if found is None:
        return None
    china = ".cn" if found["partition"] == "aws-cn" else ""
    return Topic(arn, f"sns.{found['region']}.amazonaws.com{china}")


class SnsAuth(Struct, frozen=True):
    """Passes what AWS signed for one of `topics`.

    `payload` reads the body. With `confirm`, the address that confirms a subscription is to be
    called.
    """

    topics: tuple[Topic, ...]
    certificates: Material[Certificates]
    payload: PayloadReader
    confirm: bool = False

    scheme: ClassVar[str] = "sns"
    needs_body: ClassVar[bool] = True
    secret_count: ClassVar[int] = 0
    credential_headers: ClassVar[frozenset[str]] = frozenset()
    credential_query: ClassVar[frozenset[str]] = frozenset()

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Check all that needs no certificate first; see `Verifier.verify`."""
        kind = stripped(delivery.headers.get(TYPE_HEADER.lower(), ""))
        if kind not in _SIGNED:
            return self._failed(f"{TYPE_HEADER} names no notification or confirmation")
        payload = self.payload(delivery)
        if text_inside(payload, "Type") != kind:
            return self._failed(f"{TYPE_HEADER} is not the Type in the body")
        signed = _signed_text(payload, kind)
        if signed is None:
            return self._failed("the body lacks a part that is signed")
        arn = text_inside(payload, "TopicArn")
        topic = next((topic for topic in self.topics if topic.arn == arn), None)
        if topic is None:
            return self._failed("TopicArn is not one of the topics of the source")
        version = text_inside(payload, "SignatureVersion")
        signature = from_base64(text_inside(payload, "Signature"))
        if version not in _HASHES or not signature:
            return self._failed("Signature or SignatureVersion is missing or malformed")
        url = text_inside(payload, "SigningCertURL")
        if not _is_certificate_of(topic, url):
            return self._failed(f"SigningCertURL is not a certificate at {topic.host}")
        certificates = self.certificates.at(url, now)
        if certificates is None:
            wanted = self.certificates.wanted(url)
            return AuthStep(self.scheme, False, f"the certificate {url} is not known", wants=wanted)
        fault = _fault(certificates, signature, signed, _HASHES[version], now)
        if fault is not None:
            return self._failed(fault)
        return self._passed(payload, kind, topic)

    def _failed(self, reason: str) -> AuthStep:
        return AuthStep(self.scheme, passed=False, reason=reason)

    def _passed(self, payload: JSON, kind: str, topic: Topic) -> AuthStep:
        url = text_inside(payload, "SubscribeURL")
        confirms = self.confirm and kind == _CONFIRMATION and _confirms(topic, url)
        reason = f"Signature matches, of a {kind}"
        return AuthStep(self.scheme, True, reason, confirm_at=url if confirms else None)


def _signed_text(payload: JSON, kind: str) -> bytes | None:
    """What the signature covers; None where a part of it is missing.

    Parts are lines one below the other, so only the first may be of several: otherwise the lines of
    one part could be shown as those of others.
    """
    parts = []
    for key in _SIGNED[kind]:
        value = inside(payload, key)
        if isinstance(value, str) and (key == _OF_MANY_LINES or "\n" not in value):
            parts.append(f"{key}\n{value}\n")
        elif value is not None or key not in _OPTIONAL:
            return None
    return text_bytes("".join(parts))


def _is_certificate_of(topic: Topic, url: str) -> bool:
    root = f"https://{topic.host}/"
    return url.startswith(root) and bool(_CERTIFICATE_PATH.fullmatch(url[len(root) :]))


def _confirms(topic: Topic, url: str) -> bool:
    """Whether an address does no more than to confirm the subscription to this topic."""
    root = f"https://{topic.host}/?"
    query = url[len(root) :]
    if not url.startswith(root) or not _QUERY.fullmatch(query):
        return False
    fields = dict(parse_qsl(query))
    return (fields.get("Action"), fields.get("TopicArn")) == ("ConfirmSubscription", topic.arn)


def _fault(
    certificates: Certificates, signature: bytes, signed: bytes, name: RsaHash, now: float
) -> str | None:
    """Why none of the certificates stands for the signature."""
    signers = [one for one in certificates if signed_by(one, signature, signed, name)]
    if not signers:
        return "Signature does not match"
    if not any(is_valid(signer, now) for signer in signers):
        return "the certificate that it was signed with is not valid now"
    return None
