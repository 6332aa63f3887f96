"""Every key of the schema means something in the compiled configuration, and the other way round.

`CHANGES` changes one key of a rules file at a time. The key means something where another
configuration comes out of it; and each field of the configuration must come out of some key.
"""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Iterator, Mapping
from functools import cache
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import pytest
from msgspec import Struct

from hookgate.core import config as records
from hookgate.loading.load import Loaded, load
from hookgate.loading.presets import names, preset
from hookgate.loading.schema import SCHEMA_FILE
from tests.rules import ROOT

SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text())

SIGNED = {"type": "signature", "secret": "c2VjcmV0", "header": "X-Signature"}
TIMED = {**SIGNED, "template": "{ts}.{body}", "timestamp": {"header": "X-Time"}}
LABELLED = {**SIGNED, "item_separator": ",", "signature_field": "v1", "template": "{ts}.{body}"}
PUBLIC_KEY = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"  # RFC 8032, 7.1
ED25519 = {
    "type": "signature",
    "scheme": "ed25519",
    "public_key": PUBLIC_KEY,
    "header": "X-Signature",
}
JWT = {
    "type": "jwt",
    "issuer": "a",
    "audience": "a",
    "claims": {"email": "a"},
    "jwks_url": "https://issuer.example.com/keys",
    "fetch": True,
}
ARN = "arn:aws:sns:eu-west-1:123456789012:orders"
CERTIFICATE = "tests/senders/keys/sns.pem"
KEY_SET = "tests/senders/keys/pubsub.json"


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


BASE: dict[str, Any] = {
    "version": 1,
    "server": {"cors": {}},
    "store": {"url": "sqlite:hookgate.db"},
    "sources": {
        "token": {
            "auth": {"type": "token", "token": "a"},
            "params": {"plain": "a", "full": {"path": "a"}},
            "rules": {"push": [{"program": "show"}]},
            "respond": {"status": 200},
        },
        "basic": {"auth": {"type": "basic", "username": "u", "password": "p"}, "rules": {}},
        "ip": {"auth": {"type": "ip", "allowed_ips": ["192.0.2.7"]}, "rules": {}},
        "signed": {"auth": SIGNED, "rules": {}},
        "timed": {"auth": TIMED, "rules": {}},
        "identified": {
            "auth": {**SIGNED, "template": "{id}.{body}", "id": {"header": "X-Id"}},
            "rules": {},
        },
        "twilio": {
            "auth": {"type": "twilio", "secret": "s"},
            "public_url": "https://hooks.example.com/twilio",
            "rules": {},
        },
        "mailgun": {"auth": {"type": "mailgun", "secret": "s"}, "rules": {}},
        "adyen": {"auth": {"type": "adyen", "secret": "a0"}, "rules": {}},
        "graph": {"auth": {"type": "client_state", "secret": "s"}, "rules": {}},
        "jwt": {"auth": JWT, "rules": {}},
        "sns": {"auth": {"type": "sns", "topic_arn": ARN, "fetch": True}, "rules": {}},
        "paypal": {"auth": {"type": "paypal", "webhook_id": "a", "fetch": True}, "rules": {}},
        "github": {"provider": "github", "auth": {"secret": "s"}, "rules": {}},
        "greeted": {
            "auth": SIGNED,
            "handshake": {
                "when": {"query": "q"},
                "auth": {"type": "none"},
                "answer": {"json": {"a": {"query": "a", "hmac": {}}, "b": "b"}},
            },
            "rules": {},
        },
        "slack": {"provider": "slack", "auth": {"secret": "s"}, "handshake": {}, "rules": {}},
    },
    "programs": {
        "show": {"command": ["cat"]},
        "wait": {"command": ["cat"], "run_async": False},
        "called": {"python": "tests/config/files/handlers.py:whole"},
        "tried": {"command": ["cat"], "retry": {"attempts": 2}},
        "script": {"command": ["python", "a.py"]},
        "heated": {"command": ["python", "a.py"], "warm": True},
    },
    "tests": [{"name": "n", "source": "token", "expect": {"status": 202}}],
}

AUTH = ("sources", "token", "auth")
BASIC = ("sources", "basic", "auth")
SIGNATURE = ("sources", "signed", "auth")
TIMESTAMP = ("sources", "timed", "auth", "timestamp")
TWILIO = ("sources", "twilio", "auth")
MAILGUN = ("sources", "mailgun", "auth")
ADYEN = ("sources", "adyen", "auth")
GRAPH = ("sources", "graph", "auth")
TOKEN = ("sources", "jwt", "auth")
SNS = ("sources", "sns", "auth")
PAYPAL = ("sources", "paypal", "auth")
SOURCE = ("sources", "token")
PLAIN = (*SOURCE, "params", "plain")
FULL = (*SOURCE, "params", "full")
GITHUB = ("sources", "github")
HANDSHAKE = ("sources", "greeted", "handshake")
ANSWER = (*HANDSHAKE, "answer")
HMAC = (*ANSWER, "json", "a", "hmac")
VALUE = (*ANSWER, "json", "b")
SLACK = ("sources", "slack", "handshake")
RULE = (*SOURCE, "rules", "push", 0)
RESPOND = (*SOURCE, "respond")
SHOW = ("programs", "show")
CALLED = ("programs", "called")
RETRY = ("programs", "tried", "retry")
TEST = ("tests", 0)
EXPECT = (*TEST, "expect")

CHANGES: dict[str, tuple[tuple[str | int, ...], Any]] = {
    "file.server": (("server",), {"port": 1}),
    "file.store": (("store",), "sqlite:other.db"),
    "file.sources": (("sources", "other"), {"auth": {"type": "none"}, "rules": {}}),
    "file.programs": (("programs", "other"), {"command": "true"}),
    "file.tests": (("tests",), []),
    "server.host": (("server", "host"), "::1"),
    "server.port": (("server", "port"), 0),
    "server.public_url": (("server", "public_url"), "https://hooks.example.com"),
    "server.trusted_proxies": (("server", "trusted_proxies"), ["10.0.0.0/8"]),
    "server.max_body": (("server", "max_body"), "1KiB"),
    "server.max_bodies": (("server", "max_bodies"), "32MiB"),
    "server.body_timeout": (("server", "body_timeout"), "1s"),
    "server.wait_timeout": (("server", "wait_timeout"), "1s"),
    "server.shutdown_delay": (("server", "shutdown_delay"), "1s"),
    "server.shutdown_grace": (("server", "shutdown_grace"), "1s"),
    "server.max_connections": (("server", "max_connections"), 1),
    "server.concurrency": (("server", "concurrency"), 1),
    "server.admin_token": (("server", "admin_token"), "a"),
    "server.metrics": (("server", "metrics"), "public"),
    "server.cors": (("server", "cors"), {"allow_origins": ["*"]}),
    "server.cors.allow_origins": (("server", "cors", "allow_origins"), ["*"]),
    "store.url": (("store", "url"), "sqlite:other.db"),
    "store.retention": (("store", "retention"), "30d"),
    "store.max_size": (("store", "max_size"), "1GiB"),
    "store.max_pending": (("store", "max_pending"), {"tasks": 7}),
    "store.max_pending.tasks": (("store", "max_pending"), {"tasks": 8}),
    "store.max_pending.bytes": (("store", "max_pending"), {"bytes": "7KB"}),
    "source.provider": ((*SOURCE, "provider"), "github"),
    "source.auth": (AUTH, {"type": "none"}),
    "source.public_url": (
        ("sources", "signed"),
        {
            "auth": {**SIGNED, "template": "{url}{body}"},
            "rules": {},
            "public_url": "https://hooks.example.com/signed",
        },
    ),
    "source.event_type": ((*SOURCE, "event_type"), "type"),
    "source.event_id": ((*SOURCE, "event_id"), "id"),
    "source.params": ((*SOURCE, "params"), {}),
    "source.rules": ((*SOURCE, "rules"), {}),
    "source.match": ((*SOURCE, "match"), "all"),
    "source.methods": ((*SOURCE, "methods"), ["PUT"]),
    "source.max_body": ((*SOURCE, "max_body"), "1KiB"),
    "source.respond": (RESPOND, {"status": 204}),
    "source.handshake": (HANDSHAKE, None),
    "source.payload_schema": ((*SOURCE, "payload_schema"), "tests/config/files/issue.json"),
    "source.content_type": ((*SOURCE, "content_type"), "text/plain"),
    "auth_entry.type": (BASIC, {"type": "none"}),
    "none_auth.type": (AUTH, {"type": "none"}),
    "token_auth.type": (AUTH, {"type": "none"}),
    "token_auth.token": ((*AUTH, "token"), "b"),
    "token_auth.header": ((*AUTH, "header"), "X-Token"),
    "token_auth.query": ((*AUTH, "query"), "token"),
    "basic_auth.type": (BASIC, {"type": "none"}),
    "basic_auth.username": ((*BASIC, "username"), "other"),
    "basic_auth.password": ((*BASIC, "password"), "other"),
    "ip_auth.type": (("sources", "ip", "auth"), {"type": "none"}),
    "ip_auth.allowed_ips": (("sources", "ip", "auth", "allowed_ips"), ["::1"]),
    "signature_auth.type": (SIGNATURE, {"type": "none"}),
    "signature_auth.secret": ((*SIGNATURE, "secret"), "other"),
    "signature_auth.public_key": (SIGNATURE, ED25519),
    "signature_auth.scheme": (SIGNATURE, ED25519),
    "signature_auth.header": ((*SIGNATURE, "header"), "X-Other"),
    "signature_auth.algorithm": ((*SIGNATURE, "algorithm"), "sha512"),
    "signature_auth.encoding": ((*SIGNATURE, "encoding"), "base64"),
    "signature_auth.prefix": ((*SIGNATURE, "prefix"), "sha256="),
    "signature_auth.item_separator": ((*SIGNATURE, "item_separator"), ","),
    "signature_auth.signature_field": ((*SIGNATURE, "signature_field"), "v1"),
    "signature_auth.template": ((*SIGNATURE, "template"), "{method}.{body}"),
    "signature_auth.timestamp": (SIGNATURE, TIMED),
    "signature_auth.id": (SIGNATURE, {**SIGNED, "id": {"header": "X-Id"}}),
    "signature_auth.secret_encoding": ((*SIGNATURE, "secret_encoding"), "base64"),
    "signature_auth.strip_prefix": ((*SIGNATURE, "strip_prefix"), "c2"),
    "twilio_auth.type": (TWILIO, {"type": "none"}),
    "twilio_auth.secret": ((*TWILIO, "secret"), "other"),
    "twilio_auth.algorithm": ((*TWILIO, "algorithm"), "sha256"),
    "mailgun_auth.type": (MAILGUN, {"type": "none"}),
    "mailgun_auth.secret": ((*MAILGUN, "secret"), "other"),
    "mailgun_auth.tolerance": ((*MAILGUN, "tolerance"), "12h"),
    "adyen_auth.type": (ADYEN, {"type": "none"}),
    "adyen_auth.secret": ((*ADYEN, "secret"), "a1"),
    "client_state_auth.type": (GRAPH, {"type": "none"}),
    "client_state_auth.secret": ((*GRAPH, "secret"), "other"),
    "jwt_auth.type": (TOKEN, {"type": "none"}),
    "jwt_auth.issuer": ((*TOKEN, "issuer"), ["a", "b"]),
    "jwt_auth.audience": ((*TOKEN, "audience"), ["a", "b"]),
    "jwt_auth.claims": ((*TOKEN, "claims"), {"email": "a", "email_verified": True}),
    "jwt_auth.algorithms": ((*TOKEN, "algorithms"), ["ES256"]),
    "jwt_auth.jwks_url": ((*TOKEN, "jwks_url"), "https://issuer.example.com/others"),
    "jwt_auth.fetch": (TOKEN, _without(JWT, "fetch") | {"jwks_file": KEY_SET}),
    "jwt_auth.jwks_file": (TOKEN, _without(JWT, "fetch") | {"jwks_file": KEY_SET}),
    "jwt_auth.leeway": ((*TOKEN, "leeway"), "1s"),
    "sns_auth.type": (SNS, {"type": "none"}),
    "sns_auth.topic_arn": ((*SNS, "topic_arn"), [ARN, f"{ARN}-2"]),
    "sns_auth.certificate_file": (
        SNS,
        {"type": "sns", "topic_arn": ARN, "certificate_file": CERTIFICATE},
    ),
    "sns_auth.fetch": (SNS, {"type": "sns", "topic_arn": ARN, "certificate_file": CERTIFICATE}),
    "sns_auth.confirm_subscriptions": ((*SNS, "confirm_subscriptions"), True),
    "paypal_auth.type": (PAYPAL, {"type": "none"}),
    "paypal_auth.webhook_id": ((*PAYPAL, "webhook_id"), ["a", "b"]),
    "paypal_auth.certificate_file": (
        PAYPAL,
        {"type": "paypal", "webhook_id": "a", "certificate_file": CERTIFICATE},
    ),
    "paypal_auth.fetch": (
        PAYPAL,
        {"type": "paypal", "webhook_id": "a", "certificate_file": CERTIFICATE},
    ),
    "paypal_auth.ca_file": ((*PAYPAL, "ca_file"), CERTIFICATE),
    "paypal_auth.tolerance": ((*PAYPAL, "tolerance"), "12h"),
    "preset_timestamp.header": ((*TIMESTAMP, "header"), "X-Other"),
    "preset_timestamp.field": (
        ("sources", "timed", "auth"),
        {**LABELLED, "timestamp": {"field": "t"}},
    ),
    "preset_timestamp.path": (TIMESTAMP, {"path": "time"}),
    "preset_timestamp.unit": ((*TIMESTAMP, "unit"), "ms"),
    "preset_timestamp.tolerance": ((*TIMESTAMP, "tolerance"), "1s"),
    "preset_timestamp.past_only": ((*TIMESTAMP, "past_only"), True),
    "id.header": (("sources", "identified", "auth", "id", "header"), "X-Other"),
    "choice.path": (PLAIN, [{"path": "b"}]),
    "choice.header": (PLAIN, [{"header": "X-A"}]),
    "choice.query": (PLAIN, [{"query": "a"}]),
    "choice.value": (PLAIN, [{"value": 1}]),
    "param.path": (FULL, {"path": "b"}),
    "param.header": (FULL, {"header": "X-A"}),
    "param.query": (FULL, {"query": "a"}),
    "param.value": (FULL, {"value": 1}),
    "param.default": ((*FULL, "default"), 1),
    "param.required": ((*FULL, "required"), True),
    "param.type": ((*FULL, "type"), "int"),
    "rule.name": ((*RULE, "name"), "a name"),
    "rule.condition": ((*RULE, "condition"), "plain == 1"),
    "rule.program": ((*RULE, "program"), "wait"),
    "rule.key": ((*RULE, "key"), "plain"),
    "rule.priority": ((*RULE, "priority"), 1),
    "rule.debounce": ((*RULE, "debounce"), {"wait": "1s"}),
    "debounce.key": ((*RULE, "debounce"), {"wait": "1s", "key": "plain"}),
    "debounce.wait": ((*RULE, "debounce"), {"wait": "1s"}),
    "debounce.max_wait": ((*RULE, "debounce"), {"wait": "1s", "max_wait": "2s"}),
    "source.rate_limit": ((*SOURCE, "rate_limit"), {"requests": 1, "per": "1m"}),
    "rate_limit.requests": ((*SOURCE, "rate_limit"), {"requests": 2, "per": "1m"}),
    "rate_limit.per": ((*SOURCE, "rate_limit"), {"requests": 1, "per": "1h"}),
    "rate_limit.burst": ((*SOURCE, "rate_limit"), {"requests": 1, "per": "1m", "burst": 5}),
    "rate_limit.key": ((*SOURCE, "rate_limit"), {"requests": 1, "per": "1m", "key": "plain"}),
    "respond.status": ((*RESPOND, "status"), 204),
    "respond.headers": ((*RESPOND, "headers"), {"X-A": "{plain}"}),
    "respond.body": ((*RESPOND, "body"), "fine"),
    "preset_handshake.method": ((*SLACK, "method"), "GET"),
    "preset_handshake.when": ((*SLACK, "when"), {"path": "other"}),
    "preset_handshake.auth": ((*SLACK, "auth"), {"type": "none"}),
    "handshake.method": ((*HANDSHAKE, "method"), "HEAD"),
    "handshake.when": ((*HANDSHAKE, "when"), [{"query": "q"}, {"query": "r"}]),
    "handshake.auth": ((*HANDSHAKE, "auth"), {"type": "token", "token": "a"}),
    "handshake.answer": (ANSWER, {}),
    "requirement.path": ((*HANDSHAKE, "when"), {"path": "q"}),
    "requirement.header": ((*HANDSHAKE, "when"), {"header": "Q"}),
    "requirement.query": ((*HANDSHAKE, "when", "query"), "r"),
    "requirement.equals": ((*HANDSHAKE, "when", "equals"), "1"),
    "handshake_answer.status": ((*ANSWER, "status"), 202),
    "handshake_answer.text": (ANSWER, {"text": "a"}),
    "handshake_answer.json": ((*ANSWER, "json"), {}),
    "handshake_answer.headers": ((*ANSWER, "headers"), {"X-A": "a"}),
    "answer_value.path": (VALUE, {"path": "c"}),
    "answer_value.header": (VALUE, {"header": "B"}),
    "answer_value.query": (VALUE, {"query": "b"}),
    "answer_value.value": (VALUE, {"value": 1}),
    "answer_value.hmac": (VALUE, {"path": "b", "hmac": {}}),
    "answer_value.hmac.algorithm": ((*HMAC, "algorithm"), "sha1"),
    "answer_value.hmac.encoding": ((*HMAC, "encoding"), "base64"),
    "answer_value.hmac.prefix": ((*HMAC, "prefix"), "sha256="),
    "program.command": ((*SHOW, "command"), ["cat", "{plain}"]),
    "program.python": ((*CALLED, "python"), "other.py:whole"),
    "program.params": ((*SHOW, "params"), ["plain"]),
    "program.pass": ((*SHOW, "pass"), "none"),
    "program.working_dir": ((*SHOW, "working_dir"), "tests"),
    "program.timeout": ((*SHOW, "timeout"), "1s"),
    "program.run_async": ((*SHOW, "run_async"), False),
    "program.exit_status": (("programs", "wait", "exit_status"), {"3": 422}),
    "program.env": ((*SHOW, "env"), {"A": "1"}),
    "program.max_output": ((*SHOW, "max_output"), "1KiB"),
    "program.retry": ((*SHOW, "retry"), {"attempts": 2}),
    "program.concurrency": ((*SHOW, "concurrency"), 1),
    "program.warm": (("programs", "script", "warm"), True),
    "program.preload": (("programs", "heated", "preload"), ["json"]),
    "program.max_tasks": ((*CALLED, "max_tasks"), 1000),
    "program.max_memory": ((*CALLED, "max_memory"), "256MiB"),
    "retry.attempts": ((*RETRY, "attempts"), 3),
    "retry.backoff": ((*RETRY, "backoff"), "fixed"),
    "retry.initial": ((*RETRY, "initial"), "1s"),
    "retry.max": ((*RETRY, "max"), "2h"),
    "retry.jitter": ((*RETRY, "jitter"), 0),
    "retry.on": ((*RETRY, "on"), [1]),
    "test.name": ((*TEST, "name"), "other"),
    "test.source": ((*TEST, "source"), "basic"),
    "test.method": ((*TEST, "method"), "PUT"),
    "test.headers": ((*TEST, "headers"), {"X-A": "1"}),
    "test.query": ((*TEST, "query"), {"a": "1"}),
    "test.body": ((*TEST, "body"), {"a": 1}),
    "test.body_file": ((*TEST, "body_file"), "tests/config/files/list.json"),
    "test.delivery": ((*TEST, "delivery"), "tests/deliveries/github_push.json"),
    "test.event_type": ((*TEST, "event_type"), "push"),
    "test.remote_address": ((*TEST, "remote_address"), "192.0.2.7"),
    "test.received_at": ((*TEST, "received_at"), "2026-01-31T12:00:00Z"),
    "test.sign": ((*TEST, "sign"), True),
    "test.expect": (EXPECT, {"status": 401}),
    "expect.status": ((*EXPECT, "status"), 401),
    "expect.outcome": ((*EXPECT, "outcome"), "accepted"),
    "expect.event_type": ((*EXPECT, "event_type"), "push"),
    "expect.event_id": ((*EXPECT, "event_id"), None),
    "expect.params": ((*EXPECT, "params"), {"plain": 1}),
    "expect.rules": ((*EXPECT, "rules"), ["push[0]"]),
    "expect.programs": ((*EXPECT, "programs"), ["show"]),
    "expect.argv": ((*EXPECT, "argv"), ["cat"]),
    "expect.env": ((*EXPECT, "env"), {"A": "1"}),
    "expect.reason": ((*EXPECT, "reason"), "1 task"),
}

MORE_CHANGES: tuple[tuple[tuple[str | int, ...], Any], ...] = (
    (RESPOND, {"status": 200, "body": "{plain} ${NAME}"}),
    (("sources", "waits"), {**BASE["sources"]["basic"], "respond": "output"}),
)
"""Values that a key can have besides, for what no other key leads to."""

ALONE = {
    "file.version": "1 is the only version",
    "test_file.rules": "names the rules file of a file of tests, for hookgate test",
    "test_file.tests": "the tests of a file of tests, for hookgate test",
}
"""Keys that lead to nothing in the configuration, each with the reason."""

DERIVED = {
    "Config.directory": "given by whoever loads the file",
    "Config.snapshot": "the text of the file",
    "Config.digest": "the hash of the snapshot",
    "Config.unset": "the variables that the file names and the environment lacks",
    "Rule.id": "the event type and the place in the list of its rules",
    "Rule.line": "the place in the file",
    "Warm.words": "the words before the script in the command",
    "FromValue.place": "told from where the constant stands",
}
"""Fields of the configuration that no key gives its value, each with the reason."""


def loaded(document: object) -> Loaded:
    """A document, compiled; fails the test with its findings."""
    found = load(json.dumps(document), "rules.yaml", str(ROOT), {"NAME": "x"}, environment=False)
    assert found.config is not None, found.problems
    return found


def changed(place: tuple[str | int, ...], value: object) -> object:
    """The base with one value put in."""
    document: Any = copy.deepcopy(BASE)
    container = document
    for step in place[:-1]:
        container = container[step]
    container[place[-1]] = value
    return document


BEFORE = loaded(BASE)


def keys_of(schema: Mapping[str, Any], name: str) -> Iterator[str]:
    """Every key of a mapping in the schema, as ``definition.key``."""
    branch = schema.get("then", {})
    for key, child in [
        *schema.get("properties", {}).items(),
        *branch.get("properties", {}).items(),
    ]:
        yield f"{name}.{key}"
        yield from keys_of({"properties": child.get("properties", {})}, f"{name}.{key}")


KEYS = dict.fromkeys(
    key
    for name, schema in [("file", SCHEMA), *SCHEMA["definitions"].items()]
    for key in keys_of(schema, name)
)


# --- what differs ---------------------------------------------------------------------------

_PLAIN = (str, bytes, int, float, frozenset, IPv4Network, IPv6Network, type(None))


def fields_of(record: type) -> tuple[str, ...]:
    """The fields of a record; none where it is something else."""
    if dataclasses.is_dataclass(record):
        return tuple(field.name for field in dataclasses.fields(record))
    return record.__struct_fields__ if issubclass(record, Struct) else ()


def leaves(value: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every plain value with the fields, as ``Record.field``, that lead to it."""
    if fields := fields_of(type(value)):
        for field in fields:
            step = f"{type(value).__name__}.{field}"
            if step not in DERIVED:
                yield from leaves(getattr(value, field), (*path, step))
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from leaves(item, (*path, str(key)))
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from leaves(item, (*path, str(index)))
    else:
        # A compiled condition or a function is never equal to another; its text tells it.
        yield path, value if isinstance(value, _PLAIN) else type(value).__name__


def difference(after: Loaded) -> set[tuple[str, ...]]:
    """The fields that lead to what differs from the base."""
    old = dict(leaves((BEFORE.config, BEFORE.cases)))
    new = dict(leaves((after.config, after.cases)))
    return {path for path in {*old, *new} if old.get(path, ...) != new.get(path, ...)}


# --- both ways ------------------------------------------------------------------------------


def test_the_same_file_means_the_same() -> None:
    assert difference(loaded(BASE)) == set()


@pytest.mark.parametrize("key", [key for key in KEYS if not key.startswith("preset_auth.")])
def test_every_key_means_something(key: str) -> None:
    assert (key in CHANGES) != (key in ALONE), f"say here what {key} changes"
    if key in CHANGES:
        assert difference(loaded(changed(*CHANGES[key]))) != set()


def test_every_key_that_goes_before_a_preset_is_a_key_of_auth() -> None:
    of_presets = {key.partition(".")[2] for key in KEYS if key.startswith("preset_auth.")}
    auths: list[Any] = [preset(name).get("auth") for name in names()]
    of_types = {f"{auth['type']}_auth" for auth in auths if auth}
    of_auth = {key.partition(".")[2] for key in KEYS if key.partition(".")[0] in of_types}
    assert of_presets == of_auth
    own = loaded(changed((*GITHUB, "auth", "header"), "X-Own"))
    assert difference(own) != set()


def test_the_table_has_no_key_that_is_gone() -> None:
    assert {*CHANGES, *ALONE} <= set(KEYS)


FIELDS = sorted(
    f"{record.__name__}.{field}"
    for record in {found for found in vars(records).values() if isinstance(found, type)}
    if record.__module__ == records.__name__
    for field in fields_of(record)
)


@cache
def reached() -> set[str]:
    """The fields that some change of a key leads to."""
    changes = [*CHANGES.values(), *MORE_CHANGES]
    paths = [difference(loaded(changed(*change))) for change in changes]
    return {step for found in paths for path in found for step in path}


@pytest.mark.parametrize("field", FIELDS)
def test_every_field_of_the_configuration_comes_from_a_key(field: str) -> None:
    assert (field in reached()) != (field in DERIVED)
