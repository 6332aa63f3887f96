"""PayPal: the transmission, the checksum of the body, and the certificate."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hookgate.auth.certificates import Roots, read_certificates
from hookgate.auth.material import Fetched, Given
from hookgate.auth.paypal import HOSTS, PayPalAuth
from hookgate.model import AuthStep
from tests.certificates import Issued, intermediate, root, self_signed, server
from tests.unit.auth.deliveries import NOW, delivery

WEBHOOK_ID = "1JE4291016473214C"
CERTIFICATE = "https://api.paypal.com/v1/notifications/certs/CERT-360caa42-fca2a594-a5cafa77"
BODY = b'{"id":"WH-2WR32451HC0233532-67976317FL4543714","event_type":"PAYMENT.SALE.COMPLETED"}'
ID, TIME = "b2384410-f8d2-11ee-8ad9-5b1f5b1c5a43", "2023-11-14T22:13:20Z"
NAME = "messageverificationcerts.paypal.com"
ROOT = root()
BELOW = intermediate(ROOT)
PAYPAL = server(BELOW, NAME, with_above=True)
DAY = timedelta(days=1)


def headers(
    by: Issued = PAYPAL,
    changes: Mapping[str, str] | None = None,
    body: bytes = BODY,
    webhook_id: str = WEBHOOK_ID,
) -> dict[str, str]:
    """The headers of a transmission, some of them changed after it was signed."""
    text = f"{ID}|{TIME}|{webhook_id}|{zlib.crc32(body)}".encode()
    made = {
        "PAYPAL-TRANSMISSION-ID": ID,
        "PAYPAL-TRANSMISSION-TIME": TIME,
        "PAYPAL-TRANSMISSION-SIG": base64.b64encode(by.sign(text)).decode(),
        "PAYPAL-CERT-URL": CERTIFICATE,
        "PAYPAL-AUTH-ALGO": "SHA256withRSA",
    }
    return {**made, **{f"PAYPAL-{name}": value for name, value in (changes or {}).items()}}


def auth(chain: Issued = PAYPAL, *, trusted: Issued | None = ROOT) -> PayPalAuth:
    """A verifier that has fetched a chain already, or without trust one that it was given."""
    if trusted is None:
        return PayPalAuth((WEBHOOK_ID,), Given((chain.certificate,)))
    keys = Fetched(read_certificates, 10_000, 3600.0)
    assert keys.wanted(CERTIFICATE).learn(chain.pem, NOW)
    return PayPalAuth((WEBHOOK_ID,), keys, Roots((trusted.certificate,)))


def verified(
    sent: Mapping[str, str], verifier: PayPalAuth | None = None, body: bytes = BODY
) -> AuthStep:
    return (verifier or auth()).verify(delivery(sent, body), NOW)


def test_a_transmission_passes() -> None:
    assert verified(headers()) == AuthStep("paypal", True, "PayPal-Transmission-Sig matches")


def test_any_of_several_webhook_ids_will_do() -> None:
    assert verified(headers(), replace(auth(), webhook_ids=("other", WEBHOOK_ID))).passed


def test_a_transmission_for_somebody_elses_webhook_is_rejected() -> None:
    assert not verified(headers(webhook_id="8PT597110X687430LKGECATA")).passed
    assert not verified(headers(), replace(auth(), webhook_ids=())).passed


def test_another_body_is_rejected() -> None:
    assert not verified(headers(), body=BODY + b" ").passed
    assert not verified(headers(), body=b"").passed


@pytest.mark.parametrize(
    "changes",
    [
        {"TRANSMISSION-ID": ""},
        {"TRANSMISSION-ID": "another"},
        {"TRANSMISSION-ID": f"{ID}|{TIME}"},
        {"TRANSMISSION-ID": f"{ID}, {ID}"},
        {"TRANSMISSION-TIME": ""},
        {"TRANSMISSION-TIME": "2023-11-14T22:13:21Z"},
        {"TRANSMISSION-SIG": ""},
        {"TRANSMISSION-SIG": "AAAA"},
        {"TRANSMISSION-SIG": "é"},
        {"AUTH-ALGO": ""},
        {"AUTH-ALGO": "SHA1withRSA"},
        {"AUTH-ALGO": "none"},
        {"AUTH-ALGO": "sha256WITHrsa"},
    ],
    ids=str,
)
def test_what_is_missing_or_changed_is_rejected(changes: dict[str, str]) -> None:
    assert not verified(headers(changes=changes)).passed


def test_a_separator_inside_a_part_is_rejected_though_the_signed_text_is_the_same() -> None:
    sent = {**headers(), "PAYPAL-TRANSMISSION-ID": "a|b", "PAYPAL-TRANSMISSION-TIME": "c"}
    text = f"a|b|c|{WEBHOOK_ID}|{zlib.crc32(BODY)}".encode()
    sent["PAYPAL-TRANSMISSION-SIG"] = base64.b64encode(PAYPAL.sign(text)).decode()
    assert "malformed" in verified(sent).reason


def test_the_time_is_looked_at_where_there_is_a_tolerance() -> None:
    def passes(later: float, tolerance: float | None) -> bool:
        verifier = replace(auth(), tolerance=tolerance)
        return verifier.verify(delivery(headers(), BODY), NOW + later).passed

    assert passes(3600, None)
    assert passes(300, 300.0)
    assert not passes(301, 300.0)
    without = replace(auth(), tolerance=300.0)
    assert not verified(headers(changes={"TRANSMISSION-TIME": "now"}), without).passed


# --- where certificates may come from -----------------------------------------------------------

FETCHING = PayPalAuth((WEBHOOK_ID,), Fetched(read_certificates, 1, 1.0), Roots((ROOT.certificate,)))


@pytest.mark.parametrize("host", HOSTS)
def test_a_certificate_of_paypals_is_wanted(host: str) -> None:
    url = CERTIFICATE.replace("api.paypal.com", host)
    step = verified(headers(changes={"CERT-URL": url}), FETCHING)
    assert not step.passed
    assert step.wants is not None
    assert step.wants.url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        CERTIFICATE.replace("https", "http"),
        CERTIFICATE.replace("api.paypal.com", "evil.example"),
        CERTIFICATE.replace("api.paypal.com", "api.paypal.com.evil.example"),
        CERTIFICATE.replace("api.paypal.com", "evil.example/api.paypal.com"),
        CERTIFICATE.replace("api.paypal.com", "evil-paypal.com"),
        CERTIFICATE.replace("api.paypal.com", "www.paypal.com"),
        CERTIFICATE.replace("api.paypal.com", "api.paypal.com:444"),
        CERTIFICATE.replace("api.paypal.com", "api.paypal.com@evil.example"),
        CERTIFICATE.replace("api.paypal.com", "user@api.paypal.com"),
        CERTIFICATE.replace("/certs/", "/certs/../"),
        CERTIFICATE.replace("/certs/", "/certs/a/"),
        CERTIFICATE.replace("/certs/", "/"),
        CERTIFICATE.replace("/certs/", "/certs/%2e%2e/"),
        f"{CERTIFICATE}?a",
        f"{CERTIFICATE}#a",
        f"{CERTIFICATE}\u0661",
        f"{CERTIFICATE}{'a' * 200}",
        f"{CERTIFICATE}, {CERTIFICATE}",
    ],
)
def test_a_certificate_from_anywhere_else_is_rejected_without_being_fetched(url: str) -> None:
    step = verified(headers(changes={"CERT-URL": url}), FETCHING)
    assert (step.passed, step.wants) == (False, None)


@pytest.mark.parametrize(
    "changes", [{"AUTH-ALGO": "x"}, {"TRANSMISSION-SIG": "!"}, {"TRANSMISSION-ID": "|"}]
)
def test_what_can_be_refused_without_a_certificate_asks_for_none(changes: dict[str, str]) -> None:
    assert verified(headers(changes=changes), FETCHING).wants is None


# --- which certificates are believed ------------------------------------------------------------


@pytest.mark.parametrize(
    "signer",
    [
        pytest.param(self_signed(NAME), id="self-signed"),
        pytest.param(server(root("Another Root"), NAME), id="another root"),
        pytest.param(server(BELOW, NAME), id="nothing between it and the root"),
        pytest.param(server(ROOT, "www.evil.example"), id="another name"),
        pytest.param(server(ROOT, "evilpaypal.com"), id="a name that ends alike"),
    ],
)
def test_a_certificate_that_does_not_lead_to_a_root_for_paypal_is_rejected(signer: Issued) -> None:
    step = verified(headers(signer), auth(signer))
    assert step.reason == "the certificate that it was signed with is not trusted"


@pytest.mark.parametrize("trusted", [ROOT, None], ids=["fetched", "given"])
@pytest.mark.parametrize("age", [2 * DAY, -DAY], ids=["expired", "not valid yet"])
def test_a_certificate_that_is_not_valid_now_is_rejected(
    age: timedelta, trusted: Issued | None
) -> None:
    signer = server(ROOT, NAME, age=age, lifetime=DAY)
    step = verified(headers(signer), auth(signer, trusted=trusted))
    assert step.reason == "the certificate that it was signed with is not valid now"


def test_what_an_authority_above_has_signed_is_not_signed_by_paypal() -> None:
    assert not verified(headers(BELOW), auth()).passed


def test_a_certificate_that_is_given_is_trusted_as_it_is() -> None:
    signer = self_signed("anything.example")
    assert verified(headers(signer), auth(signer, trusted=None)).passed
    assert not verified(headers(PAYPAL), auth(signer, trusted=None)).passed


TEXT = st.text(st.characters(), max_size=40)
NAMES = ["PAYPAL-TRANSMISSION-ID", "PAYPAL-TRANSMISSION-TIME", "PAYPAL-AUTH-ALGO"]


@given(st.fixed_dictionaries(dict.fromkeys(NAMES, TEXT)), st.binary())
def test_whatever_arrives_it_is_rejected_and_never_raises(
    changes: dict[str, str], body: bytes
) -> None:
    assert not verified({**headers(), **changes}, body=body).passed
