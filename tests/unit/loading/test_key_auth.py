"""Auth with public keys: what comes of it, and where the keys come from."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from hookgate.auth.certificates import Roots
from hookgate.auth.jwt import JwtAuth
from hookgate.auth.material import Fetched, Given
from hookgate.auth.paypal import PayPalAuth
from hookgate.auth.sns import SnsAuth, Topic
from hookgate.auth.verifier import Verifier
from hookgate.core.decide import decide
from hookgate.loading.load import Loaded, load
from hookgate.loading.trust import system_certificates
from hookgate.model import Ignored, Rejected
from tests.certificates import NOW, root, server
from tests.rules import ROOT, delivery
from tests.unit.auth.test_sns import AWS, NOTIFICATION
from tests.unit.auth.test_sns import signed as sns_signed

ARN = "arn:aws:sns:eu-west-1:123456789012:orders"
SNS = {"type": "sns", "topic_arn": ARN, "fetch": True}
PAYPAL = {"type": "paypal", "webhook_id": "a", "fetch": True}
JWT = {
    "type": "jwt",
    "issuer": "https://issuer.example",
    "audience": "us",
    "claims": {"sub": "a"},
    "jwks_url": "https://issuer.example/keys",
    "fetch": True,
}
AUTHORITY = root()


def loaded(
    auth: dict[str, Any], directory: Path | str = "/", environment: bool = False, **source: Any
) -> Loaded:
    sources = {"s": {"auth": auth, "rules": {}, **source}}
    text = json.dumps({"version": 1, "sources": sources, "programs": {}})
    return load(text, "rules.yaml", str(directory), {"NAME": "value"}, environment=environment)


def verifier_of(auth: dict[str, Any], directory: Path | str = "/", **source: Any) -> Verifier:
    found = loaded(auth, directory, **source)
    assert found.config is not None, found.problems
    (verifier,) = found.config.sources["s"].auth
    return verifier


def codes(found: Loaded) -> list[str]:
    return [problem.code for problem in found.problems]


def test_every_key_gets_where_it_belongs() -> None:
    verifier = verifier_of({**SNS, "topic_arn": [ARN, f"{ARN}-2"], "confirm_subscriptions": True})
    assert isinstance(verifier, SnsAuth)
    host = "sns.eu-west-1.amazonaws.com"
    assert verifier.topics == (Topic(ARN, host), Topic(f"{ARN}-2", host))
    assert verifier.confirm
    assert isinstance(verifier.certificates, Fetched)

    verifier = verifier_of({**PAYPAL, "tolerance": "1h"})
    assert isinstance(verifier, PayPalAuth)
    assert (verifier.webhook_ids, verifier.tolerance) == (("a",), 3600.0)

    verifier = verifier_of({**JWT, "algorithms": ["ES256"], "leeway": "5s"})
    assert isinstance(verifier, JwtAuth)
    assert (verifier.issuers, verifier.audiences) == (("https://issuer.example",), ("us",))
    assert (verifier.url, verifier.algorithms) == ("https://issuer.example/keys", ("ES256",))
    assert (verifier.claims, verifier.leeway) == ((("sub", "a"),), 5.0)


def test_a_claim_that_is_filled_in_is_compared_as_plain_text() -> None:
    verifier = verifier_of({**JWT, "claims": {"sub": "a-${NAME}"}})
    assert isinstance(verifier, JwtAuth)
    assert [(name, type(value), value) for name, value in verifier.claims] == [
        ("sub", str, "a-value")
    ]


@pytest.mark.parametrize(
    "auth",
    [
        {**SNS, "topic_arn": "${NOT_SET}"},
        {**SNS, "topic_arn": f"{ARN}${{NOT_SET}}"},
        {**PAYPAL, "webhook_id": "${NOT_SET}"},
        {**JWT, "issuer": "${NOT_SET}"},
        {**JWT, "audience": "${NOT_SET}"},
        {**JWT, "claims": {"sub": "${NOT_SET}"}},
        {**JWT, "claims": {"sub": "a", "email": "${NOT_SET}"}},
    ],
    ids=str,
)
def test_what_is_not_set_is_met_by_nobody(auth: dict[str, Any]) -> None:
    verifier = verifier_of(auth)
    match verifier:
        case SnsAuth():
            assert verifier.topics == ()
        case PayPalAuth():
            assert verifier.webhook_ids == ()
        case JwtAuth():
            assert () in (verifier.issuers, verifier.audiences)
        case _:  # what stands for a verifier that cannot be made
            assert getattr(verifier, "tokens") == ()  # noqa: B009


def test_a_tolerance_that_is_not_known_allows_no_age() -> None:
    known: list[tuple[dict[str, Any], float | None]] = [
        ({}, None),
        ({"tolerance": None}, None),
        ({"tolerance": "${NOT_SET}"}, 0.0),
    ]
    for more, tolerance in known:
        verifier = verifier_of({**PAYPAL, **more})
        assert isinstance(verifier, PayPalAuth)
        assert verifier.tolerance == tolerance


def test_each_configuration_knows_for_itself() -> None:
    first, second = verifier_of(JWT), verifier_of(JWT)
    assert isinstance(first, JwtAuth)
    assert isinstance(second, JwtAuth)
    assert first == second
    assert first.keys is not second.keys


# --- files ------------------------------------------------------------------------------------


def test_keys_are_read_from_files_beside_the_rules_file(tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_bytes(server(AUTHORITY, "a.example", with_above=True).pem)
    auth = {"type": "sns", "topic_arn": ARN, "certificate_file": "chain.pem"}
    verifier = verifier_of(auth, tmp_path)
    assert isinstance(verifier, SnsAuth)
    assert isinstance(verifier.certificates, Given)
    assert len(verifier.certificates.keys) == 2


def test_a_certificate_that_is_given_needs_no_authority_and_a_fetched_one_does(
    tmp_path: Path,
) -> None:
    (tmp_path / "root.pem").write_bytes(AUTHORITY.pem)
    given = verifier_of(
        {"type": "paypal", "webhook_id": "a", "certificate_file": "root.pem"}, tmp_path
    )
    fetched = verifier_of({**PAYPAL, "ca_file": "root.pem"}, tmp_path)
    assert isinstance(given, PayPalAuth)
    assert isinstance(fetched, PayPalAuth)
    assert given.roots is None
    assert fetched.roots == Roots((AUTHORITY.certificate,))


@pytest.mark.parametrize("name", ["gone.pem", "."])
def test_a_file_that_cannot_be_read_lets_nobody_in_and_is_a_finding_of_the_environment(
    name: str, tmp_path: Path
) -> None:
    auth = {"type": "paypal", "webhook_id": "a", "certificate_file": name}
    assert codes(loaded(auth, tmp_path, environment=True)) == ["HG302"]
    verifier = verifier_of(auth, tmp_path)
    assert isinstance(verifier, PayPalAuth)
    assert verifier.certificates.at("", 0.0) == ()
    ca = verifier_of({**PAYPAL, "ca_file": name}, tmp_path)
    assert isinstance(ca, PayPalAuth)
    assert ca.roots == Roots(())
    keys = {key: value for key, value in JWT.items() if key != "fetch"} | {"jwks_file": name}
    token = verifier_of(keys, tmp_path)
    assert isinstance(token, JwtAuth)
    found = token.keys.at("", 0.0)
    assert found is not None
    assert found.keys == ()


# --- what is verified is what is decided on -----------------------------------------------------


@pytest.mark.parametrize(
    ("source", "said", "read"),
    [
        ({}, "text/plain; charset=UTF-8", True),
        ({}, "application/x-www-form-urlencoded", True),
        ({}, "application/json", True),
        ({"content_type": "application/json"}, "application/x-www-form-urlencoded", True),
        ({"content_type": "text/plain"}, "application/json", False),
        ({"content_type": "application/x-www-form-urlencoded"}, "text/plain", False),
    ],
    ids=str,
)
def test_a_notification_is_decided_on_as_it_was_verified_whatever_the_caller_says(
    source: dict[str, str], said: str, read: bool, tmp_path: Path
) -> None:
    """What is not signed in a genuine one could be read as a form with another payload in it."""
    (tmp_path / "aws.pem").write_bytes(AWS.pem)
    auth = {"type": "sns", "topic_arn": ARN, "certificate_file": "aws.pem"}
    config = loaded(auth, tmp_path, False, event_type="Type", **source).config
    assert config is not None
    forged = json.dumps({**NOTIFICATION, "Message": "forged"})
    message = sns_signed(NOTIFICATION, {"UnsubscribeURL": f"&{urlencode({'payload': forged})}&"})
    headers = {"content-type": said, "x-amz-sns-message-type": "Notification"}
    sent = delivery("s", json.dumps(message), headers)
    decision = decide(config, sent, NOW)
    assert isinstance(decision, Ignored if read else Rejected)
    if read:
        assert decision.event is not None
        assert decision.event.payload == message


# --- what the system trusts -------------------------------------------------------------------


def trusted(monkeypatch: pytest.MonkeyPatch, file: Path, folder: Path) -> int:
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    monkeypatch.setenv("SSL_CERT_DIR", str(folder))
    return len(system_certificates())


def test_the_certificates_of_the_system_are_those_of_its_file_or_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "certs"
    folder.mkdir()
    gone = tmp_path / "gone.pem"
    assert trusted(monkeypatch, gone, folder) == 0
    assert trusted(monkeypatch, gone, gone) == 0
    (folder / "0a1b2c3d.0").write_bytes(AUTHORITY.pem)
    (folder / "0a1b2c3d.1").write_bytes(root("Another Root").pem)
    (folder / "notes.txt").write_bytes(AUTHORITY.pem)
    assert trusted(monkeypatch, gone, folder) == 2
    file = tmp_path / "all.pem"
    file.write_bytes(b"# a name\n" + AUTHORITY.pem + b"# another\n" + AUTHORITY.pem + b"junk")
    assert trusted(monkeypatch, file, folder) == 2


def test_one_certificate_that_cannot_be_read_does_not_take_the_others_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
    file = tmp_path / "all.pem"
    file.write_bytes(AUTHORITY.pem + broken + root("Another Root").pem)
    assert trusted(monkeypatch, file, tmp_path) == 2


def test_a_system_that_trusts_nobody_is_a_finding_and_lets_nobody_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "gone.pem"))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))
    (problem,) = loaded(PAYPAL, tmp_path, environment=True).problems
    assert (problem.code, problem.suggestion) == ("HG302", "give them with ca_file")
    verifier = verifier_of(PAYPAL)
    assert isinstance(verifier, PayPalAuth)
    assert verifier.roots == Roots(())


# --- libraries --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "module", "library"),
    [
        (SNS, "cryptography.x509", "cryptography"),
        (PAYPAL, "cryptography.x509", "cryptography"),
        (JWT, "jwt", "PyJWT"),
    ],
    ids=["sns", "paypal", "jwt"],
)
def test_a_missing_library_is_a_finding_of_the_environment_and_lets_nobody_in(
    auth: dict[str, Any], module: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("certificates", "sns", "paypal", "key_sets", "jwt"):
        monkeypatch.delitem(sys.modules, f"hookgate.auth.{name}", raising=False)
    monkeypatch.setitem(sys.modules, module, None)
    (problem,) = loaded(auth, environment=True).problems
    name = auth["type"]
    assert problem.code == "HG307"
    assert problem.message == f"{name} needs the library '{library}', which is not installed"
    assert problem.suggestion == "pip install 'hookgate[crypto]'"
    assert getattr(verifier_of(auth), "tokens") == ()  # noqa: B009


def test_the_libraries_are_imported_only_for_a_source_that_needs_them(tmp_path: Path) -> None:
    auth = {"type": "token", "token": "a"}
    document = {"version": 1, "sources": {"s": {"auth": auth, "rules": {}}}, "programs": {}}
    (tmp_path / "rules.yaml").write_text(json.dumps(document))
    script = (
        "import sys; from pathlib import Path; from hookgate.loading.load import load;"
        "import hookgate.cli.main;"
        "load(Path('rules.yaml').read_text(), 'rules.yaml', '/', {});"
        "sys.exit(bool({'cryptography', 'jwt', 'http.client'} & set(sys.modules)))"
    )
    command = [sys.executable, "-c", script]
    environ = {"PYTHONPATH": str(ROOT)}
    assert subprocess.run(command, cwd=tmp_path, env=environ, check=False).returncode == 0
