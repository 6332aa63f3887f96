"""What presets are, how a rules file lays its own over them, and what follows from each."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft7Validator

from hookgate.auth.mailgun import MailgunAuth
from hookgate.auth.signature import SignatureAuth
from hookgate.auth.timestamps import Timestamp
from hookgate.auth.token import TokenAuth
from hookgate.auth.twilio import TwilioAuth
from hookgate.core.config import Source
from hookgate.loading.codes import Code
from hookgate.loading.load import load
from hookgate.loading.preset_facts import example, flow, needs, not_covered
from hookgate.loading.presets import names, preset
from hookgate.loading.problems import Problem, Severity
from tests.rules import ROOT, compiled
from tests.senders.vectors import VECTORS

FOLDER = ROOT / "hookgate/loading/presets"
SCHEMA = json.loads((ROOT / "hookgate/loading/preset.schema.json").read_text("utf-8"))
ED25519 = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).public_key()

every = pytest.mark.parametrize("name", names())


def rules(provider: str, auth: str, more: str = "") -> str:
    return (
        f"version: 1\nsources:\n  s:\n    provider: {provider}\n    auth: {auth}\n    rules: {{}}\n"
        f"{indent(more, '    ')}\nprograms: {{}}\n"
    )


def source(provider: str, auth: str, more: str = "") -> Source:
    return compiled(rules(provider, auth, more)).sources["s"]


def signature_auth(provider: str, auth: str, more: str = "") -> SignatureAuth:
    (verifier,) = source(provider, auth, more).auth
    assert isinstance(verifier, SignatureAuth)
    return verifier


def errors(text: str, environment: bool = False) -> list[Problem]:
    problems = load(text, "rules.yaml", "/", {}, environment).problems
    return [problem for problem in problems if problem.severity is Severity.ERROR]


# --- the files --------------------------------------------------------------------------------


def test_the_schema_of_presets_is_valid() -> None:
    Draft7Validator.check_schema(SCHEMA)


@every
def test_a_preset_fits_the_schema_of_presets(name: str) -> None:
    assert list(Draft7Validator(SCHEMA).iter_errors(preset(name))) == []


@every
def test_a_preset_is_named_as_its_file_and_begins_with_its_name(name: str) -> None:
    assert next(iter(preset(name).items())) == ("name", name)


@pytest.mark.parametrize("key", ["secret", "token", "password", "public_key"])
def test_a_preset_with_a_credential_or_an_unknown_key_does_not_fit(key: str) -> None:
    whole: dict[str, Any] = dict(preset("stripe"))
    validator = Draft7Validator(SCHEMA)
    assert not validator.is_valid({**whole, "auth": {**whole["auth"], key: "x"}})
    assert not validator.is_valid({**whole, key: "x"})


@every
def test_every_preset_has_a_vector(name: str) -> None:
    assert [vector for vector in VECTORS if vector.provider == name]


@every
def test_what_is_said_to_rest_on_a_vector_does(name: str) -> None:
    sources = [vector.source.partition(":")[0] for vector in VECTORS if vector.provider == name]
    if preset(name)["confidence"] == "vector":
        assert {"published", "library"} & set(sources)


@every
def test_the_example_of_a_preset_is_a_valid_rules_file(name: str) -> None:
    assert errors(example(preset(name)), environment=False) == []
    unset = {problem.code for problem in errors(example(preset(name)), environment=True)}
    assert unset == {Code.UNSET_VARIABLE.number}


@every
def test_a_source_without_what_a_preset_needs_is_an_error(name: str) -> None:
    bare = f"version: 1\nsources:\n  s: {{provider: {name}, rules: {{}}}}\nprograms: {{}}\n"
    assert errors(bare)
    assert errors(rules(name, "{}"))


# --- laying a source over them ----------------------------------------------------------------


def test_a_preset_gives_auth_event_type_and_event_id() -> None:
    found = source("github", "{secret: key}")
    assert found.auth[0].credential_headers == {"x-hub-signature-256"}
    assert [getattr(choice, "name", None) for choice in found.event_type] == ["X-GitHub-Event"]
    assert [getattr(choice, "name", None) for choice in found.event_id] == ["X-GitHub-Delivery"]


def test_keys_of_a_source_go_before_those_of_its_preset_one_by_one() -> None:
    verifier = signature_auth("github", "{secret: key, header: X-Hub-Signature, algorithm: sha1}")
    assert (verifier.headers, verifier.algorithm) == (("X-Hub-Signature",), "sha1")
    assert verifier.prefix == "sha256="


def test_a_tolerance_alone_leaves_the_place_of_the_timestamp_as_it_is() -> None:
    verifier = signature_auth("stripe", "{secret: key, timestamp: {tolerance: 10m}}")
    assert verifier.timestamp == Timestamp(field="t", tolerance=600.0, past_only=True)


def test_another_place_of_the_timestamp_replaces_it_whole() -> None:
    verifier = signature_auth("stripe", "{secret: key, timestamp: {header: X-Time, unit: ms}}")
    assert verifier.timestamp == Timestamp(header="X-Time", unit="ms")


def test_a_timestamp_without_a_place_is_an_error_where_the_preset_has_none() -> None:
    (problem,) = errors(rules("github", "{secret: key, timestamp: {tolerance: 10m}}"))
    assert problem.code == Code.NOT_EXACTLY_ONE.number


def test_in_a_list_the_entry_without_a_type_is_that_of_the_preset() -> None:
    auth = "[{type: ip, allowed_ips: [192.0.2.0/24]}, {secret: key}]"
    found = source("github", auth)
    assert [verifier.scheme for verifier in found.auth] == ["ip", "signature"]
    assert found.auth[1] == signature_auth("github", "{secret: key}")
    typed = source("github", "[{type: signature, secret: key}]")
    assert typed.auth == (signature_auth("github", "{secret: key}"),)


def test_another_type_replaces_the_auth_of_a_preset_whole() -> None:
    assert source("github", "{type: token, token: t}").auth[0].scheme == "token"


def test_keys_of_a_source_go_before_those_of_a_type_for_one_sender() -> None:
    url = "public_url: https://h.example/x"
    assert source("twilio", "{secret: key, algorithm: sha256}", url).auth == (
        TwilioAuth((b"key",), "https://h.example/x", "sha256"),
    )
    (found,) = source("mailgun", "{secret: [new, old], tolerance: 12h}").auth
    assert isinstance(found, MailgunAuth)
    assert (found.secrets, found.tolerance) == ((b"new", b"old"), 43200.0)


def test_a_scheme_with_a_public_key_can_replace_one_with_a_secret() -> None:
    verifier = signature_auth(
        "standard-webhooks",
        f'{{scheme: ed25519, prefix: "v1a,", public_key: {ED25519.public_bytes_raw().hex()}}}',
    )
    assert verifier.public_keys is not None
    assert verifier.public_keys.sizes == range(64, 65)


@pytest.mark.parametrize("auth", ["{token: t}", "[{token: t}]", "{}", "[{type: none}, {token: t}]"])
def test_a_sender_that_proves_nothing_must_be_let_in_in_so_many_words(auth: str) -> None:
    (problem,) = errors(rules("docker-hub", auth))
    assert problem.as_line() == (
        f"rules.yaml:5:{problem.column}: HG112 error: the provider 'docker-hub' proves nothing: its"
        " auth needs a type (such as {type: token, query: token, token: ...})"
    )


def test_a_sender_that_proves_nothing_without_auth_is_an_error() -> None:
    bare = "version: 1\nsources:\n  s: {provider: docker-hub, rules: {}}\nprograms: {}\n"
    assert [problem.code for problem in errors(bare)] == [Code.NO_AUTH.number]


def test_the_url_must_be_told_where_it_is_signed() -> None:
    for name in ("square", "trello", "hubspot", "hubspot-v2", "twilio"):
        (problem,) = errors(rules(name, "{secret: key}"))
        assert problem.code == Code.PUBLIC_URL.number
        assert errors(rules(name, "{secret: key}", "public_url: https://h.example/x")) == []


# --- handshakes of presets --------------------------------------------------------------------


def shown(provider: str, handshake: str, auth: str = "{secret: key}") -> list[str]:
    """The handshakes of a source, in words."""
    found = source(provider, auth, f"handshake: {handshake}")
    return [handshake.shown for handshake in found.handshakes]


def test_a_preset_gives_its_handshakes_and_null_answers_none() -> None:
    assert [one.shown for one in source("slack", "{secret: key}").handshakes] == [
        "POST with type 'url_verification'"
    ]
    assert shown("slack", "null") == []


def test_a_handshake_without_an_answer_is_laid_over_that_of_the_preset() -> None:
    assert shown("slack", "{when: {path: kind}}") == ["POST with kind"]
    assert shown("slack", "{method: GET}") == ["GET with type 'url_verification'"]
    (handshake,) = source("meta", "{secret: key}", "handshake: {auth: {token: t}}").handshakes
    assert handshake.auth == (TokenAuth((b"t",), query="hub.verify_token"),)
    assert handshake.shown == "GET with query parameter hub.mode 'subscribe'"


def test_what_is_laid_over_several_handshakes_is_laid_over_each() -> None:
    key = ED25519.public_bytes_raw().hex()
    assert shown("discord", "{method: OPTIONS}", f"{{public_key: {key}}}") == [
        "OPTIONS with type 1, no event",
        "OPTIONS with type 0",
    ]


def test_a_handshake_with_an_answer_replaces_those_of_the_preset() -> None:
    own = "{method: HEAD, answer: {status: 204}}"
    assert shown("slack", own) == ["HEAD"]
    assert shown("slack", f"[{own}, {{}}]") == ["HEAD", "POST with type 'url_verification'"]
    assert shown("github", f"[{own}]") == ["HEAD"]


def test_another_auth_of_a_handshake_replaces_that_of_the_preset_whole() -> None:
    (handshake,) = source("meta", "{secret: k}", "handshake: {auth: {type: none}}").handshakes
    assert [verifier.scheme for verifier in handshake.auth or ()] == ["none"]


def test_the_token_of_a_handshake_must_be_given() -> None:
    (problem,) = errors(rules("meta", "{secret: key}"))
    assert problem.as_line() == (
        "rules.yaml:4:15: HG112 error: the handshake of the provider 'meta' needs its token"
        " (handshake: {auth: {token: ...}}; handshake: null answers none)"
    )
    assert errors(rules("meta", "{secret: key}", "handshake: null")) == []


def test_the_addresses_of_a_source_are_asked_for_its_handshakes_as_well() -> None:
    auth = "[{type: ip, allowed_ips: [192.0.2.0/24]}, {secret: key}]"
    (handshake,) = source("dropbox", auth).handshakes
    assert [verifier.scheme for verifier in handshake.auth or ()] == ["ip", "none"]


# --- public keys in a rules file --------------------------------------------------------------


@pytest.mark.parametrize(
    ("auth", "code", "words"),
    [
        ("{public_key: nonsense}", "HG226", "this is not an Ed25519 public key"),
        ("{public_key: ''}", "HG226", "this is not an Ed25519 public key"),
        ("{public_key: []}", "HG116", "the list is empty"),
        ("{secret: key}", "HG112", "needs the key 'public_key'"),
        ("{secret: key, scheme: hmac, public_key: abc}", "HG118", "only one of"),
        ("{scheme: hmac, public_key: abc}", "HG112", "needs the key 'secret'"),
    ],
)
def test_a_public_key_that_is_wrong_or_in_the_wrong_place_is_an_error(
    auth: str, code: str, words: str
) -> None:
    (problem,) = errors(rules("discord", auth))
    assert problem.code == code
    assert words in problem.message


@pytest.mark.parametrize("keys", ["${NOT_SET}", "nonsense${NOT_SET}"])
def test_a_public_key_that_is_not_known_lets_nobody_in(keys: str) -> None:
    known = ED25519.public_bytes_raw().hex()
    verifier = signature_auth("discord", f'{{public_key: [{known}, "{keys}"]}}')
    assert verifier.public_keys is not None
    signed = Ed25519PrivateKey.from_private_bytes(bytes(range(32))).sign(b"x")
    assert verifier.public_keys.matching([signed], b"x") is None


def test_a_missing_library_is_a_finding_of_the_environment_and_lets_nobody_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "hookgate.auth.public_keys", None)
    text = rules("discord", f"{{public_key: {ED25519.public_bytes_raw().hex()}}}")
    (problem,) = errors(text, environment=True)
    assert problem.as_line().startswith("rules.yaml:4:15: HG307 error: ed25519 needs the library")
    assert problem.suggestion == "pip install 'hookgate[crypto]'"
    verifier = compiled(text).sources["s"].auth[0]
    assert isinstance(verifier, SignatureAuth)
    assert verifier.public_keys is not None
    assert verifier.public_keys.matching([bytes(64)], b"") is None


def test_the_library_is_imported_only_for_a_source_that_needs_it(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(rules("github", "{secret: key}"))
    script = (
        "import sys; from pathlib import Path; from hookgate.loading.load import load;"
        "load(Path('rules.yaml').read_text(), 'rules.yaml', '/', {});"
        "sys.exit('cryptography' in sys.modules)"
    )
    environ = {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", script]
    assert subprocess.run(command, cwd=tmp_path, env=environ, check=False).returncode == 0


# --- what follows from them -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "needed"),
    [
        ("github", ("auth.secret",)),
        ("gitlab", ("auth.token",)),
        ("discord", ("auth.public_key",)),
        ("sendgrid", ("auth.public_key",)),
        ("square", ("auth.secret", "public_url")),
        ("hubspot", ("auth.secret", "public_url")),
        ("hubspot-v1", ("auth.secret",)),
        ("hubspot-v2", ("auth.secret", "public_url")),
        ("twilio", ("auth.secret", "public_url")),
        ("mailgun", ("auth.secret",)),
        ("docker-hub", ("auth",)),
        ("meta", ("auth.secret", "handshake.auth.token")),
        ("dropbox", ("auth.secret",)),
    ],
)
def test_it_is_told_what_a_receiver_has_to_give(name: str, needed: tuple[str, ...]) -> None:
    assert needs(preset(name)) == needed


@pytest.mark.parametrize(
    ("name", "uncovered"),
    [
        ("stripe", ()),
        ("standard-webhooks", ()),
        ("linear", ("the event id (Linear-Delivery)",)),
        ("gitlab-signing", ("the event type (X-Gitlab-Event)",)),
        ("zendesk", (
            "the event id (X-Zendesk-Webhook-Invocation-Id)",
            "the age: a captured delivery can be sent again",
        )),
        ("gitea", (
            "the event type (X-Gitea-Event)",
            "the event id (X-Gitea-Delivery)",
            "the age: a captured delivery can be sent again",
        )),
        ("okta", ("anything but the token: whoever knows it can send what they like",)),
        ("microsoft-graph", (
            "anything but the clientState: whoever knows it can send what they like",
        )),
        ("mailgun", (
            "anything but the time and the token: whoever has seen them can send any event with"
            " them",
        )),
        ("twilio", (
            "the event id (I-Twilio-Idempotency-Token)",
            "where the name of a field ends and its value begins",
            "repetitions of a field",
            "the age: a captured delivery can be sent again",
        )),
        ("adyen-payments", (
            "anything but pspReference, originalReference, merchantAccountCode, merchantReference,"
            " amount, eventCode and success of each item",
            "where these end, if there are colons in them",
            "the age: a captured delivery can be sent again",
        )),
        ("hubspot-v1", ("the age: a captured delivery can be sent again",)),
        ("docker-hub", ("anything: the provider proves nothing",)),
    ],
)  # fmt: skip
def test_it_is_told_what_a_signature_does_not_cover(name: str, uncovered: tuple[str, ...]) -> None:
    assert not_covered(preset(name)) == uncovered


def test_values_are_written_as_yaml_reads_them() -> None:
    values: dict[str, Any] = {
        "plain": "X-Hub-Signature-256",
        "duration": "300s",
        "quoted": [
            "sha256=",
            "{ts}.{body}",
            "",
            "yes",
            "NO",
            "12",
            "1e5",
            "[0].event",
            "a: b",
            "é",
        ],
        "others": [None, True, 3],
    }
    assert yaml.safe_load(flow(values)) == values
    assert flow(values).startswith(
        '{plain: X-Hub-Signature-256, duration: 300s, quoted: ["sha256="'
    )
