"""Keys and certificates for tests, made with `cryptography` alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import ip_address

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA1, SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

NOW = 1_700_000_000.0
"""When certificates are valid unless a test says otherwise."""

_YEAR = timedelta(days=365)


@cache
def rsa_key(name: str, bits: int = 2048) -> RSAPrivateKey:
    """The key of that name, made once: it takes a while."""
    return generate_private_key(65537, bits)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key, and those above it up to the root, which is left out."""

    certificate: x509.Certificate
    key: RSAPrivateKey
    above: Sequence[x509.Certificate] = ()

    @property
    def pem(self) -> bytes:
        """The certificate and those above it."""
        return b"".join(one.public_bytes(Encoding.PEM) for one in (self.certificate, *self.above))

    @property
    def key_pem(self) -> bytes:
        """The private key."""
        return self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, text: bytes, name: str = "sha256") -> bytes:
        """An RSA signature with PKCS #1 v1.5."""
        hashes = {"sha1": SHA1(), "sha256": SHA256()}  # noqa: S303 - as SNS signs by default
        return self.key.sign(text, PKCS1v15(), hashes[name])


def root(name: str = "Test Root") -> Issued:
    """An authority that nobody vouches for."""
    key = rsa_key(name)
    return Issued(_certificate(name, key, name, key, authority=True), key)


def intermediate(above: Issued, name: str = "Test Intermediate") -> Issued:
    """An authority below another."""
    key = rsa_key(name)
    return Issued(_certificate(name, key, _name_of(above), above.key, authority=True), key)


def server(
    above: Issued,
    *hosts: str,
    now: float = NOW,
    age: timedelta = _YEAR / 2,
    lifetime: timedelta = _YEAR,
    bits: int = 2048,
    with_above: bool = False,
) -> Issued:
    """A certificate for hosts, valid since `age` before `now`."""
    key = rsa_key(hosts[0], bits)
    begin = datetime.fromtimestamp(now, UTC) - age
    made = _certificate(
        hosts[0], key, _name_of(above), above.key, hosts=hosts, begin=begin, lifetime=lifetime
    )
    return Issued(made, key, (above.certificate,) if with_above else ())


def self_signed(*hosts: str, now: float = NOW) -> Issued:
    """A certificate that only its own key vouches for."""
    key = rsa_key(hosts[0])
    begin = datetime.fromtimestamp(now, UTC) - _YEAR / 2
    return Issued(_certificate(hosts[0], key, hosts[0], key, hosts=hosts, begin=begin), key)


def _name_of(issued: Issued) -> str:
    (found,) = issued.certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return str(found.value)


def _certificate(
    name: str,
    key: RSAPrivateKey,
    issuer: str,
    issuer_key: RSAPrivateKey,
    *,
    hosts: Sequence[str] = (),
    authority: bool = False,
    begin: datetime = datetime(2020, 1, 1, tzinfo=UTC),
    lifetime: timedelta = 30 * _YEAR,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + lifetime)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
            critical=False,
        )
    )
    if hosts:
        builder = builder.add_extension(
            x509.SubjectAlternativeName([_host(host) for host in hosts]), critical=False
        ).add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, SHA256())


def _name(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _host(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
