"""Certificates: what they signed, when they hold, and whom they lead to."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from hookgate.auth.certificates import Roots, is_valid, read_certificates, signed_by
from tests.certificates import NOW, Issued, intermediate, root, self_signed, server

HOST = "signer.sender.example"
ROOT = root()
BELOW = intermediate(ROOT)
ROOTS = Roots((ROOT.certificate,))
DAY = timedelta(days=1)


def vouched_for(issued: Issued, roots: Roots = ROOTS, domain: str = "sender.example") -> bool:
    return roots.vouch_for((issued.certificate, *issued.above), domain, NOW)


def test_certificates_are_read_in_the_order_of_the_file() -> None:
    chain = server(BELOW, HOST, with_above=True)
    assert read_certificates(chain.pem) == (chain.certificate, BELOW.certificate)


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"-----BEGIN CERTIFICATE-----\nAAAA\n", ROOT.key_pem]
)
def test_what_holds_no_certificate_is_none(content: bytes) -> None:
    assert read_certificates(content) is None


def test_a_signature_is_by_the_key_the_hash_and_the_text_that_it_was_made_with() -> None:
    signer, other = server(ROOT, HOST), server(ROOT, "other.sender.example")
    signature = signer.sign(b"text", "sha256")
    assert signed_by(signer.certificate, signature, b"text", "sha256")
    assert not signed_by(other.certificate, signature, b"text", "sha256")
    assert not signed_by(signer.certificate, signature, b"text", "sha1")
    assert not signed_by(signer.certificate, signature, b"Text", "sha256")
    assert not signed_by(signer.certificate, b"", b"text", "sha256")


def test_a_short_rsa_key_is_not_believed() -> None:
    weak = server(ROOT, "weak.sender.example", bits=1024)
    assert not signed_by(weak.certificate, weak.sign(b"text"), b"text", "sha256")


def test_a_key_of_another_kind_signs_nothing() -> None:
    key = generate_private_key(SECP256R1())
    template = server(ROOT, HOST).certificate
    builder = x509.CertificateBuilder(
        template.issuer,
        template.subject,
        key.public_key(),
        1,
        template.not_valid_before_utc,
        template.not_valid_after_utc,
    )
    certificate = builder.sign(ROOT.key, SHA256())
    assert not signed_by(certificate, b"x" * 64, b"text", "sha256")


def test_a_certificate_holds_from_its_first_second_to_its_last() -> None:
    certificate = server(ROOT, HOST, age=DAY, lifetime=2 * DAY).certificate
    day = DAY.total_seconds()
    assert is_valid(certificate, NOW - day)
    assert is_valid(certificate, NOW + day)
    assert not is_valid(certificate, NOW - day - 1)
    assert not is_valid(certificate, NOW + day + 1)


def test_roots_vouch_for_what_leads_to_them() -> None:
    assert vouched_for(server(ROOT, HOST))
    assert vouched_for(server(BELOW, HOST, with_above=True))
    assert vouched_for(server(BELOW, HOST), Roots((BELOW.certificate,)))


@pytest.mark.parametrize(
    "issued",
    [
        pytest.param(self_signed(HOST), id="self-signed"),
        pytest.param(server(root("Another Root"), HOST), id="another root"),
        pytest.param(server(BELOW, HOST), id="nothing between it and the root"),
        pytest.param(server(ROOT, HOST, age=2 * DAY, lifetime=DAY), id="expired"),
        pytest.param(server(ROOT, HOST, age=-DAY), id="not valid yet"),
        pytest.param(server(ROOT, "sender.example"), id="the domain itself"),
        pytest.param(server(ROOT, "evilsender.example"), id="a domain that ends alike"),
        pytest.param(server(ROOT, "signer.sender.example.org"), id="a domain that begins alike"),
        pytest.param(server(ROOT, "192.0.2.7"), id="an address"),
        pytest.param(ROOT, id="no host at all"),
        pytest.param(
            server(server(ROOT, HOST), "x.sender.example", with_above=True), id="no authority"
        ),
    ],
)
def test_roots_do_not_vouch_for_others(issued: Issued) -> None:
    assert not vouched_for(issued)


def test_no_roots_vouch_for_nobody() -> None:
    assert not vouched_for(server(ROOT, HOST), Roots(()))
