"""AWS SNS, with keys of our own; notifications that AWS signed are in tests/senders."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hookgate.auth.certificates import Certificates, read_certificates
from hookgate.auth.material import Fetched, Given
from hookgate.auth.sns import SnsAuth, Topic, parse_topic
from hookgate.loading.sender_auth import ReadPayload
from hookgate.model import AuthStep, Delivery
from tests.certificates import Issued, root, self_signed, server
from tests.unit.auth.deliveries import NOW, delivery

ARN = "arn:aws:sns:eu-west-1:123456789012:orders"
HOST = "sns.eu-west-1.amazonaws.com"
CERTIFICATE = f"https://{HOST}/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"
SUBSCRIBE = f"https://{HOST}/?Action=ConfirmSubscription&TopicArn={ARN}&Token=2336412f37"
AWS = server(root(), "sns.amazonaws.com")

NOTIFICATION = {
    "Type": "Notification",
    "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
    "TopicArn": ARN,
    "Subject": "My First Message",
    "Message": 'line one\nline two "é"',
    "Timestamp": "2023-11-14T22:13:20.000Z",
    "SigningCertURL": CERTIFICATE,
    "UnsubscribeURL": f"https://{HOST}/?Action=Unsubscribe&SubscriptionArn={ARN}:1",
}
CONFIRMATION = {
    "Type": "SubscriptionConfirmation",
    "MessageId": "165545c9-2a5c-472c-8df2-7ff2be2b3b1b",
    "Token": "2336412f37",
    "TopicArn": ARN,
    "Message": "You have chosen to subscribe",
    "SubscribeURL": SUBSCRIBE,
    "Timestamp": "2023-11-14T22:13:20.000Z",
    "SigningCertURL": CERTIFICATE,
}
READ = ReadPayload("application/json")
HASHES = {"1": "sha1", "2": "sha256"}


def text_of(message: Mapping[str, Any]) -> bytes:
    """What AWS documents that it signs, written out for each type."""
    if message["Type"] == "Notification":
        keys = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
    else:
        keys = ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    return "".join(f"{key}\n{message[key]}\n" for key in keys if key in message).encode()


def signed(
    message: Mapping[str, Any],
    changes: Mapping[str, Any] | None = None,
    version: str = "2",
    by: Issued = AWS,
) -> dict[str, Any]:
    """The message with a signature, and then with something changed."""
    signature = base64.b64encode(by.sign(text_of(message), HASHES[version])).decode()
    whole = {**message, "SignatureVersion": version, "Signature": signature, **(changes or {})}
    return {key: value for key, value in whole.items() if value is not ...}


def arrived(message: Mapping[str, Any], kind: str | None = None) -> Delivery:
    headers = {"Content-Type": "text/plain; charset=UTF-8"}
    if kind != "":
        headers["x-amz-sns-message-type"] = kind or str(message.get("Type"))
    return delivery(headers, json.dumps(message).encode())


def auth(
    certificates: Certificates = (AWS.certificate,), *, confirm: bool = True, arn: str = ARN
) -> SnsAuth:
    topic = parse_topic(arn)
    assert topic is not None
    return SnsAuth((topic,), Given(certificates), READ, confirm)


def verified(message: Mapping[str, Any], verifier: SnsAuth | None = None) -> AuthStep:
    return (verifier or auth()).verify(arrived(message), NOW)


# --- what passes ------------------------------------------------------------------------------


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize(
    "message",
    [
        NOTIFICATION,
        {key: value for key, value in NOTIFICATION.items() if key != "Subject"},
        CONFIRMATION,
        {**CONFIRMATION, "Type": "UnsubscribeConfirmation"},
    ],
    ids=["subject", "no subject", "subscription", "unsubscription"],
)
def test_each_type_passes_with_each_version(message: dict[str, Any], version: str) -> None:
    step = verified(signed(message, version=version))
    assert step == AuthStep("sns", True, f"Signature matches, of a {message['Type']}")


def test_a_subject_that_is_null_is_none() -> None:
    without = {key: value for key, value in NOTIFICATION.items() if key != "Subject"}
    assert verified(signed(without, {"Subject": None})).passed


def test_any_of_several_topics_and_certificates_will_do() -> None:
    others = [parse_topic(f"{ARN}-{number}") for number in range(2)]
    topics = tuple(topic for topic in (*others, parse_topic(ARN)) if topic)
    other = self_signed("other.example").certificate
    verifier = SnsAuth(topics, Given((other, AWS.certificate)), READ)
    assert verified(signed(NOTIFICATION), verifier).passed


# --- what does not ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["Message", "MessageId", "Subject", "Timestamp"])
def test_a_part_that_was_changed_is_rejected(key: str) -> None:
    assert not verified(signed(NOTIFICATION, {key: f"{NOTIFICATION[key]} "})).passed


@pytest.mark.parametrize("key", ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token"])
def test_a_part_of_a_confirmation_that_was_changed_or_left_out_is_rejected(key: str) -> None:
    assert not verified(signed(CONFIRMATION, {key: f"{CONFIRMATION[key]}x"})).passed
    assert not verified(signed(CONFIRMATION, {key: ...})).passed


@pytest.mark.parametrize(
    "changes",
    [
        {"Type": ...},
        {"Type": "Other"},
        {"Type": 1},
        {"Message": 1},
        {"Message": None},
        {"Subject": 1},
        {"Subject": ["a"]},
        {"TopicArn": ...},
        {"Signature": ...},
        {"Signature": ""},
        {"Signature": "é"},
        {"Signature": "AAAA"},
        {"Signature": 1},
        {"SignatureVersion": ...},
        {"SignatureVersion": "3"},
        {"SignatureVersion": 2},
        {"SignatureVersion": "1"},
        {"SigningCertURL": ...},
    ],
    ids=str,
)
def test_what_is_missing_or_malformed_is_rejected(changes: dict[str, Any]) -> None:
    assert not verified(signed(NOTIFICATION, changes)).passed


def test_the_type_in_the_header_must_be_that_in_the_body() -> None:
    message = signed(NOTIFICATION)
    assert not auth().verify(arrived(message, "SubscriptionConfirmation"), NOW).passed
    assert not auth().verify(arrived(message, ""), NOW).passed


@pytest.mark.parametrize(
    ("whole", "moved"),
    [
        (
            {"Message": "a\nMessageId\nb", "MessageId": "c", "Subject": "d"},
            {"Message": "a", "MessageId": "b\nMessageId\nc"},
        ),
        (
            {"Message": "a\nMessageId\nb\nSubject\nc", "MessageId": "d", "Subject": ...},
            {"Message": "a", "MessageId": "b", "Subject": "c\nMessageId\nd"},
        ),
        (
            {"Message": "a", "Subject": "b\nTimestamp\n2030-01-01T00:00:00.000Z"},
            {"Subject": "b", "Timestamp": "2030-01-01T00:00:00.000Z\nTimestamp\n2023"},
        ),
        ({"Message": "a", "Subject": "b"}, {"Subject": ..., "MessageId": "c\nSubject\nb"}),
    ],
    ids=["id", "subject", "time", "id for subject"],
)
def test_the_lines_of_one_part_cannot_be_those_of_others(
    whole: dict[str, Any], moved: dict[str, Any]
) -> None:
    def with_parts(changes: Mapping[str, Any]) -> dict[str, Any]:
        parts = {**NOTIFICATION, "MessageId": "c", "Timestamp": "2023", **whole, **changes}
        return {key: value for key, value in parts.items() if value is not ...}

    seen, forged = signed(with_parts({})), with_parts(moved)
    assert text_of(forged) == text_of(seen)  # so that the signature is one of both
    step = verified({**forged, "SignatureVersion": "2", "Signature": seen["Signature"]})
    assert step.reason == "the body lacks a part that is signed"


def test_a_notification_of_another_topic_is_rejected_though_aws_signed_it() -> None:
    message = signed({**NOTIFICATION, "TopicArn": f"{ARN}-of-somebody-else"})
    step = verified(message)
    assert step.reason == "TopicArn is not one of the topics of the source"


def test_another_signer_is_rejected() -> None:
    assert not verified(signed(NOTIFICATION, by=self_signed("sns.evil.example"))).passed


def test_a_certificate_that_is_not_valid_now_is_rejected() -> None:
    day = timedelta(days=1)
    for age in (2 * day, -day):
        signer = server(root(), "sns.amazonaws.com", age=age, lifetime=day)
        step = verified(signed(NOTIFICATION, by=signer), auth((signer.certificate,)))
        assert step.reason == "the certificate that it was signed with is not valid now"


def test_without_topics_or_certificates_nobody_passes() -> None:
    message = signed(NOTIFICATION)
    assert not verified(message, SnsAuth((), Given((AWS.certificate,)), READ)).passed
    assert not verified(message, auth(())).passed


# --- where certificates may come from -----------------------------------------------------------


def fetching() -> SnsAuth:
    topic = parse_topic(ARN)
    assert topic is not None
    return SnsAuth((topic,), Fetched(read_certificates, 1000, 60.0), READ)


FORGED_URLS = [
    "",
    CERTIFICATE.replace("https:", "http:"),
    CERTIFICATE.replace("https:", "HTTPS:"),
    CERTIFICATE.replace("https:", "file:"),
    CERTIFICATE.replace(HOST, "sns.us-east-1.amazonaws.com"),
    CERTIFICATE.replace(HOST, "evil.example"),
    CERTIFICATE.replace(HOST, f"{HOST}.evil.example"),
    CERTIFICATE.replace(HOST, f"evil.example/{HOST}"),
    CERTIFICATE.replace(HOST, f"evil.example#{HOST}"),
    CERTIFICATE.replace(HOST, f"evil.example?{HOST}"),
    CERTIFICATE.replace(HOST, f"{HOST}@evil.example"),
    CERTIFICATE.replace(HOST, f"evil.example@{HOST}"),
    CERTIFICATE.replace(HOST, f"user:pass@{HOST}"),
    CERTIFICATE.replace(HOST, f"{HOST}:443"),
    CERTIFICATE.replace(HOST, f"{HOST}:8443"),
    CERTIFICATE.replace(HOST, f"{HOST}."),
    CERTIFICATE.replace(HOST, HOST.upper()),
    CERTIFICATE.replace(HOST, "bucket.s3.amazonaws.com"),
    CERTIFICATE.replace(HOST, "sns.eu-west-1.amazonaws.com.cn"),
    CERTIFICATE.replace("/Simple", "/../Simple"),
    CERTIFICATE.replace("/Simple", "/..%2fSimple"),
    CERTIFICATE.replace("/Simple", "/a/Simple"),
    CERTIFICATE.replace("/Simple", "//Simple"),
    CERTIFICATE.replace("/Simple", "\\Simple"),
    CERTIFICATE.replace(".pem", ".crt"),
    f"https://{HOST}/.pem",
    f"https://{HOST}/{'a' * 200}.pem",
    f"{CERTIFICATE}?a=b",
    f"{CERTIFICATE}#a",
    f"{CERTIFICATE}\n",
    f"{CERTIFICATE} ",
    f" {CERTIFICATE}",
    f"{CERTIFICATE}\0",
    CERTIFICATE.replace("Simple", "Sim\r\nple"),
    CERTIFICATE.replace("Simple", "Símple"),
]


@pytest.mark.parametrize("url", FORGED_URLS)
def test_a_certificate_from_anywhere_else_is_rejected_without_being_fetched(url: str) -> None:
    step = verified(signed(NOTIFICATION, {"SigningCertURL": url}), fetching())
    assert (step.passed, step.wants) == (False, None)
    assert step.reason == f"SigningCertURL is not a certificate at {HOST}"


@pytest.mark.parametrize(
    "message",
    [
        signed(NOTIFICATION, {"TopicArn": f"{ARN}x"}),
        signed(NOTIFICATION, {"SignatureVersion": "3"}),
        signed(NOTIFICATION, {"Signature": "!"}),
        signed(NOTIFICATION, {"Message": ...}),
        signed(NOTIFICATION, {"Type": "SubscriptionConfirmation"}),
    ],
)
def test_what_can_be_refused_without_a_certificate_asks_for_none(message: dict[str, Any]) -> None:
    assert verified(message, fetching()).wants is None


def test_a_certificate_that_is_not_known_is_wanted_and_judged_once_it_is() -> None:
    verifier = fetching()
    step = verified(signed(NOTIFICATION), verifier)
    assert step.wants is not None
    assert step.wants.url == CERTIFICATE
    assert step.wants.learn(AWS.pem, NOW)
    assert verified(signed(NOTIFICATION), verifier).passed
    forged = verified(signed(NOTIFICATION, {"Message": "other"}), verifier)
    assert (forged.passed, forged.wants) == (False, None)


@pytest.mark.parametrize(
    ("arn", "host"),
    [
        (ARN, HOST),
        (
            "arn:aws-us-gov:sns:us-gov-west-1:123456789012:a",
            "sns.us-gov-west-1.amazonaws.com",
        ),
        ("arn:aws-cn:sns:cn-north-1:123456789012:a", "sns.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_host_is_that_of_the_region_of_the_topic(arn: str, host: str) -> None:
    assert parse_topic(arn) == Topic(arn, host)


@pytest.mark.parametrize(
    "arn",
    [
        "",
        f"{ARN}\n",
        f"{ARN}:1",
        ARN.replace("eu-west-1", "evil.example/"),
        ARN.replace("aws:", "evil:"),
        ARN.replace("123456789012", "1"),
        ARN.replace(":sns:", ":sqs:"),
    ],
)
def test_what_is_no_topic_is_none(arn: str) -> None:
    assert parse_topic(arn) is None


# --- confirmations ------------------------------------------------------------------------------


def test_a_confirmation_is_to_be_confirmed_where_the_source_says_so() -> None:
    message = signed(CONFIRMATION)
    assert verified(message).confirm_at == SUBSCRIBE
    assert verified(message, auth(confirm=False)).confirm_at is None


@pytest.mark.parametrize(
    "message",
    [
        signed(NOTIFICATION, {"SubscribeURL": SUBSCRIBE}),
        signed({**CONFIRMATION, "Type": "UnsubscribeConfirmation"}),
    ],
)
def test_nothing_else_is_confirmed(message: dict[str, Any]) -> None:
    step = verified(message)
    assert (step.passed, step.confirm_at) == (True, None)


def test_a_forged_confirmation_is_not_confirmed() -> None:
    assert verified(signed(CONFIRMATION, {"Message": "other"})).confirm_at is None


@pytest.mark.parametrize(
    "url",
    [
        SUBSCRIBE.replace("https", "http"),
        SUBSCRIBE.replace(HOST, "evil.example"),
        SUBSCRIBE.replace(HOST, f"{HOST}:8443"),
        SUBSCRIBE.replace(HOST, f"user@{HOST}"),
        SUBSCRIBE.replace("/?", "/a?"),
        SUBSCRIBE.replace("ConfirmSubscription", "Unsubscribe"),
        SUBSCRIBE.replace(ARN, f"{ARN}-other"),
        f"{SUBSCRIBE}&Action=Unsubscribe",
        f"{SUBSCRIBE}#a",
        f"{SUBSCRIBE} HTTP/1.1",
        f"{SUBSCRIBE}\rX: y",
        f"{SUBSCRIBE}é",
        f"{SUBSCRIBE}{'a' * 2000}",
    ],
)
def test_an_address_that_does_anything_else_is_not_called(url: str) -> None:
    step = verified(signed({**CONFIRMATION, "SubscribeURL": url}))
    assert (step.passed, step.confirm_at) == (True, None)


# --- whatever arrives ---------------------------------------------------------------------------

PLAIN = st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=20)
JSON = PLAIN | st.lists(PLAIN, max_size=2) | st.dictionaries(st.just("a"), PLAIN)


@given(st.dictionaries(st.sampled_from([*NOTIFICATION, *CONFIRMATION, "Signature"]), JSON))
def test_whatever_the_parts_hold_it_is_rejected_and_never_raises(changes: dict[str, Any]) -> None:
    changed = signed(NOTIFICATION, changes)
    genuine = text_of(signed(NOTIFICATION))
    step = verified(changed)
    if step.passed:
        assert text_of(changed) == genuine


@given(st.binary())
def test_whatever_the_body_holds_it_is_rejected_and_never_raises(body: bytes) -> None:
    assert not auth().verify(delivery({"x-amz-sns-message-type": ""}, body), NOW).passed
