"""`hookgate send` as a person or a script calls it, to a real gateway."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from hookgate.cli.init import init
from hookgate.cli.send import Request, send
from hookgate.loading.preset_facts import needs
from hookgate.loading.presets import names, preset
from tests.acceptance.gateway import ADMIN_TOKEN, HOOKGATE, Gateway, gateway
from tests.senders.vectors import VECTORS, Vector

SECRET = "5ec4e7ca" * 4
"""Good as hex, as base64 and as text."""

# Of every other preset only the sender has what it signs with.
SYMMETRIC = tuple(
    name for name in names() if needs(preset(name))[0] in ("auth", "auth.secret", "auth.token")
)
# Into a multipart form no signature is put.
SENT = tuple(
    vector
    for vector in VECTORS
    if vector.provider in SYMMETRIC and "multipart/" not in str([*vector.request.headers.values()])
)


# --- as every sender would --------------------------------------------------------------------


@pytest.fixture(scope="module")
def senders(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    """A gateway with a source of every provider, as init writes it."""
    directory = tmp_path_factory.mktemp("senders")
    assert init(directory, SYMMETRIC) == 0
    example = (directory / ".env.example").read_text()
    variables = example.replace("HOOKGATE_ADMIN_TOKEN=", f"HOOKGATE_ADMIN_TOKEN={ADMIN_TOKEN}")
    (directory / ".env").write_text(re.sub("=$", f"={SECRET}", variables, flags=re.MULTILINE))
    options = ("--no-work", "--env-file", str(directory / ".env"))
    with gateway(directory / "rules.yaml", *options) as served:
        yield served


def test_nearly_every_provider_can_be_sent_for() -> None:
    """So that the tests below cannot come to test nothing."""
    assert {"github", "gitlab", "docker-hub", "stripe", "linear"} <= set(SYMMETRIC)
    assert {vector.provider for vector in SENT} == set(SYMMETRIC)


@pytest.mark.parametrize("vector", SENT, ids=[vector.name for vector in SENT])
def test_a_payload_is_accepted_as_that_of_its_sender(
    senders: Gateway, tmp_path: Path, capsys: pytest.CaptureFixture[str], vector: Vector
) -> None:
    payload = tmp_path / "payload"
    payload.write_bytes(vector.request.body.encode())
    media_types = [v for k, v in vector.request.headers.items() if k.lower() == "content-type"]
    first = next(other for other in SENT if other.provider == vector.provider)
    another = None if vector is first or vector.event_id is None else f"id-of-{vector.name}"
    request = Request(
        source=vector.provider,
        payload=str(payload),
        to=senders.url,
        event_type=None if vector.event_type == "unknown" else vector.event_type,
        event_id=another,
        headers=tuple(f"Content-Type: {media_type}" for media_type in media_types),
        query=(),
    )
    directory = senders.rules.parent
    code = send(request, senders.rules, directory / ".env", 30.0, as_json=True)
    printed = capsys.readouterr().out
    found = json.loads(printed)
    assert (code, found["answer"]["status"]) == (0, 202), printed
    assert found["request"]["event_type"] == vector.event_type
    assert SECRET not in printed
    task = senders.task(found["answer"]["body"]["task_id"])
    assert (task["source"], task["event_type"]) == (vector.provider, vector.event_type)


# --- as a person would ------------------------------------------------------------------------

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}}}
sources:
  shop:
    auth: {{type: signature, secret: "${{SHOP_SECRET}}", header: X-Signature}}
    event_type: {{header: X-Topic}}
    event_id: {{header: X-Id}}
    rules:
      order: [{{program: act}}]
  token: {{auth: {{type: token, token: "${{TOKEN}}"}}, rules: {{"*": [{{program: act}}]}}}}
  query:
    auth: {{type: token, token: ["${{TOKEN}}", old], query: key}}
    rules: {{"*": [{{program: act}}]}}
  basic:
    auth: {{type: basic, username: "j'o", password: "${{TOKEN}}"}}
    rules: {{"*": [{{program: act}}]}}
  user:
    auth: {{type: basic, username: "${{USER_NAME}}", password: "${{TOKEN}}"}}
    rules: {{"*": [{{program: act}}]}}
  mixed:
    auth: {{type: basic, username: "a-${{USER_NAME}}", password: "${{TOKEN}}"}}
    rules: {{}}
  part: {{auth: {{type: token, token: "canary-${{TOKEN}}"}}, rules: {{}}}}
  written: {{auth: {{type: token, token: in-the-file-canary}}, rules: {{}}}}
  mail: {{auth: {{type: mailgun, secret: "${{SHOP_SECRET}}"}}, rules: {{"*": [{{program: act}}]}}}}
  graph: {{auth: {{type: client_state, secret: "${{SHOP_SECRET}}"}}, rules: {{}}}}
  phone:
    auth:
      - {{type: token, token: "${{TOKEN}}", query: key}}
      - {{type: twilio, secret: "${{SHOP_SECRET}}"}}
    public_url: https://hooks.example.com/phone
    rules: {{"*": [{{program: act}}]}}
  open:
    auth: {{type: none}}
    methods: [PUT]
    max_body: 100KiB
    rules: {{"*": [{{program: act}}]}}
  apart:
    auth: [{{type: ip, allowed_ips: [192.0.2.0/24]}}, {{type: token, token: "${{TOKEN}}"}}]
    rules: {{}}
  other: {{auth: {{type: token, token: "${{NOT_SET}}"}}, rules: {{"*": [{{program: absent}}]}}}}
programs:
  act: {{command: [{sys.executable}, -c, "import sys; print(sys.stdin.read())"]}}
  absent: {{command: [/nonexistent/program]}}
"""
ENVIRON = {"SHOP_SECRET": "shop-canary", "TOKEN": "token canary+'/", "USER_NAME": "user-canary"}
ORDER = '{ "total": 250.00 }\n'


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    directory = tmp_path_factory.mktemp("send")
    # The machine that sends has neither all secrets nor all programs.
    whole = RULES.replace("/nonexistent/program", sys.executable)
    (directory / "served.yaml").write_text(whole)
    (directory / "rules.yaml").write_text(RULES)
    (directory / "order.json").write_text(ORDER)
    with gateway(directory / "served.yaml", NOT_SET="x", **ENVIRON) as found:
        yield found


def run(
    served: Gateway, *words: str, stdin: bytes = b"", **environ: str
) -> subprocess.CompletedProcess[str]:
    """`hookgate send` with these words, to the gateway unless they say otherwise."""
    to = () if "--to" in words else ("--to", served.url)
    result = subprocess.run(
        [*HOOKGATE, "send", *words, *to],
        capture_output=True,
        check=False,
        input=stdin,
        cwd=served.rules.parent,
        env={"PATH": os.environ["PATH"], **(environ or ENVIRON)},
    )
    text = subprocess.CompletedProcess(
        result.args, result.returncode, result.stdout.decode(), result.stderr.decode()
    )
    assert "canary" not in text.stdout + text.stderr
    return text


def document(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert result.stderr == ""
    return dict(json.loads(result.stdout))


SHOP = ("shop", "order.json", "--event-type", "order")


def test_the_report_tells_what_was_sent_what_came_back_and_how_to_go_on(served: Gateway) -> None:
    result = run(served, *SHOP, "--event-id", "7-a")
    assert (result.returncode, result.stderr) == (0, "")
    lines = result.stdout.splitlines()
    assert lines[:5] == [
        f"sent      POST {served.url}/api/webhooks/shop",
        "event     order, id 7-a",
        "auth      signature",
        "body      20 bytes, application/json",
        "answer    202 Accepted",
    ]
    *answer, empty, last = lines[5:]
    task_id = json.loads("".join(answer))["task_id"]
    assert empty == ""
    assert last == f"curl -sS {served.url}/api/tasks/{task_id}   # how it goes"
    assert served.ended_task(task_id)["output"] == f"{ORDER}\n"


def test_the_document_has_the_request_without_credentials_and_the_answer(served: Gateway) -> None:
    found = document(run(served, *SHOP, "--format", "json", "--query", "a=b c"))
    request, answer = found["request"], found["answer"]
    assert found["format_version"] == 1
    assert re.fullmatch(r"[0-9a-f-]{36}", request.pop("event_id"))
    assert "x-id" in request["headers"]
    assert request.pop("headers").keys() == {"content-type", "x-topic", "x-id"}
    assert request == {
        "source": "shop",
        "method": "POST",
        "url": f"{served.url}/api/webhooks/shop?a=b+c",
        "event_type": "order",
        "auth": ["signature"],
        "bytes": 20,
        "put_into_body": [],
    }
    assert (answer["status"], answer["body"]["status"]) == (202, "pending")
    assert answer["headers"]["content-type"] == "application/json"


def test_a_second_send_is_another_event_unless_it_has_the_id_of_the_first(served: Gateway) -> None:
    assert "202 Accepted" in run(served, *SHOP).stdout
    assert "202 Accepted" in run(served, *SHOP).stdout
    assert "202 Accepted" in run(served, *SHOP, "--event-id", "once").stdout
    again = run(served, *SHOP, "--event-id", "once")
    assert again.returncode == 0
    assert again.stdout.endswith("is not run again; give it another --event-id\n")


def test_what_is_ignored_tells_how_to_find_out_why(served: Gateway) -> None:
    result = run(served, "shop", "order.json", "--event-type", "it's")
    assert result.returncode == 0
    *_, last = result.stdout.splitlines()
    replay, _, purpose = last.partition("   # ")
    assert replay == "hookgate replay order.json --source shop --event-type 'it'\"'\"'s'"
    assert purpose == "why no program was started"
    shutil.copy(served.rules.parent / "rules.yaml", served.rules.parent / "same.yaml")
    other = run(served, "shop", "order.json", "--rules", "same.yaml")
    assert "--event-type unknown --rules same.yaml   # why" in other.stdout


def test_a_wrong_secret_is_answered_401_and_fails(served: Gateway) -> None:
    result = run(served, *SHOP, SHOP_SECRET="another")
    assert result.returncode == 1
    assert "answer    401 Unauthorized" in result.stdout
    assert result.stdout.endswith("why is in the log of the gateway, which does not tell callers\n")


@pytest.mark.parametrize("source", ["token", "query", "basic", "mail", "phone", "open"])
def test_every_way_of_proving_it_is_accepted(served: Gateway, source: str) -> None:
    found = document(run(served, source, "order.json", "--format", "json"))
    assert found["answer"]["status"] == 202
    assert found["request"]["put_into_body"] == (["the signature"] if source == "mail" else [])
    assert found["request"]["method"] == ("PUT" if source == "open" else "POST")


def test_an_address_is_not_signed_and_the_report_says_so(served: Gateway) -> None:
    result = run(served, "apart", "order.json")
    assert result.returncode == 1
    assert "auth      ip + token\n          ip is not signed" in result.stdout
    assert "answer    403 Forbidden" in result.stdout


def test_the_payload_can_be_piped(served: Gateway) -> None:
    result = run(served, "token", "-", stdin=b"[1]")
    assert "body      3 bytes, application/json" in result.stdout
    assert result.returncode == 0


def test_what_the_reading_api_gives_is_sent_again_as_the_same_event(served: Gateway) -> None:
    first = document(run(served, *SHOP, "--format", "json"))["answer"]["body"]
    with served.client() as client:
        stored = client.get(f"/api/deliveries/{first['delivery_id']}").content
    again = document(run(served, "shop", "-", "--format", "json", stdin=stored))
    assert again["answer"]["body"]["status"] == "duplicate"
    assert again["answer"]["body"]["delivery_id"] == first["delivery_id"]
    other = run(served, "shop", "-", "--event-id", "other", stdin=stored)
    assert "202 Accepted" in other.stdout


def test_a_body_that_is_too_large_is_told(served: Gateway) -> None:
    result = run(served, "open", "-", stdin=b'"' + b"x" * 8_000_000 + b'"')
    assert result.returncode == 1
    assert "answer    413 " in result.stdout


# --- a curl to paste --------------------------------------------------------------------------

with_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl")


def curl(served: Gateway, *words: str, stdin: bytes = b"") -> str:
    """What comes back when the command that is printed is run in a shell."""
    printed = run(served, *words, "--print", "curl", stdin=stdin)
    assert printed.returncode == 0, printed.stderr
    return subprocess.run(
        ["sh", "-c", printed.stdout],
        capture_output=True,
        check=True,
        text=True,
        input=stdin.decode("latin-1"),
        cwd=served.rules.parent,
        env={"PATH": os.environ["PATH"], **ENVIRON},
    ).stdout


@with_curl
@pytest.mark.parametrize(
    "words",
    [
        SHOP,
        ("shop", "order.json", "--event-type", "order", "--header", 'X-Odd: it\'s "$HOME" `x`'),
        ("token", "order.json"),
        ("query", "order.json", "--query", "a=b&c d"),
        ("query", "order.json"),
        ("basic", "order.json"),
        ("user", "order.json"),
        ("token", "order.json", "--header", "X-Webhook-Token: another"),
        ("mail", "order.json"),
        ("open", "order.json"),
    ],
    ids=" ".join,
)
def test_the_command_that_is_printed_is_accepted(served: Gateway, words: tuple[str, ...]) -> None:
    assert curl(served, *words).startswith("HTTP/1.1 202 ")


@with_curl
def test_the_bytes_of_a_file_and_of_stdin_are_exact(served: Gateway) -> None:
    task_id = re.search(r'"task_id":"([^"]+)', curl(served, *SHOP))
    assert task_id is not None
    assert served.ended_task(task_id[1])["output"] == f"{ORDER}\n"
    piped = curl(served, "shop", "-", "--event-type", "order", stdin=b'{"piped":\r\n 1}\n')
    assert piped.startswith("HTTP/1.1 202 ")


@with_curl
def test_every_byte_of_a_body_that_is_printed_is_exact(served: Gateway) -> None:
    body = bytes(range(256)) + b"'\\'\\n%s @-"
    media_type = {"content-type": "application/octet-stream"}
    capture = {"headers": media_type, "body_base64": base64.b64encode(body).decode()}
    (served.rules.parent / "capture.json").write_text(json.dumps(capture))
    printed = run(served, "shop", "capture.json", "--print", "curl")
    assert printed.stdout.isascii()
    command, _, _ = printed.stdout.partition(" | curl ")
    exact = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
    assert exact.stdout == body


def test_nothing_is_sent_when_a_command_is_printed(served: Gateway) -> None:
    words = (*SHOP, "--to", "http://127.0.0.1:1", "--print", "curl")
    result = run(served, *words)
    assert result.returncode == 0
    assert result.stdout.endswith("--data-binary @order.json\n")


def test_a_secret_is_printed_as_its_variable(served: Gateway) -> None:
    result = run(served, "token", "order.json", "--print", "curl")
    assert "-H 'X-Webhook-Token: '\"$TOKEN\"" in result.stdout
    assert result.stderr == "hookgate send: the shell has to know $TOKEN\n"


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("written", "auth.token of the rules file is no ${NAME}, so that the command would hold "),
        ("mixed", "auth.username of the rules file is no ${NAME}, so that the command would hold "),
        ("part", "auth.token of the rules file is no ${NAME}, so that the command would hold "),
        ("phone", "the query is signed together with the secret that stands in it"),
        ("graph", "client_state puts the secret into the body, which is not printed"),
    ],
)
def test_a_secret_that_would_be_printed_is_refused(
    served: Gateway, source: str, reason: str
) -> None:
    result = run(served, source, "order.json", "--print", "curl")
    assert (result.returncode, result.stdout) == (1, "")
    assert reason in result.stderr


# --- what is wrong ----------------------------------------------------------------------------


def test_a_secret_that_is_not_set_is_the_usual_finding_and_others_do_not_matter(
    served: Gateway,
) -> None:
    result = run(served, *SHOP, TOKEN="x")
    assert (result.returncode, result.stderr) == (1, "")
    assert "HG301 error: SHOP_SECRET is not set" in result.stdout
    assert "NOT_SET" not in result.stdout
    assert result.stdout.count(" error: ") == 1


def test_an_empty_secret_is_a_finding(served: Gateway) -> None:
    result = run(served, *SHOP, SHOP_SECRET="")
    assert result.returncode == 1
    assert "the secret '${SHOP_SECRET}' is empty once it is filled in" in result.stdout


def test_a_rules_file_with_mistakes_is_not_used(served: Gateway) -> None:
    (served.rules.parent / "broken.yaml").write_text(RULES.replace("rules:", "rulse:", 1))
    result = run(served, *SHOP, "--rules", "broken.yaml")
    assert result.returncode == 1
    assert "unknown key 'rulse'" in result.stdout


def test_what_only_the_sender_can_sign_is_told_before_anything_is_sent(served: Gateway) -> None:
    pytest.importorskip("cryptography")
    key = "3b6a27bcceb6a42d62a3a8d02a6f0d73653215771de243a63ac048a18b59da29"
    source = f"chat: {{provider: discord, auth: {{public_key: {key!r}}}, rules: {{}}}}"
    text = f"version: 1\nsources:\n  {source}\nprograms: {{}}\n"
    (served.rules.parent / "chat.yaml").write_text(text)
    for option in ((), ("--print", "curl")):
        result = run(served, "chat", "order.json", "--rules", "chat.yaml", *option)
        assert (result.returncode, result.stdout) == (1, "")
        reason = "it is signed with a private key, which only the sender has"
        assert result.stderr == f"hookgate send: nothing was sent: {reason}\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("shpo", "order.json"), "there is no source 'shpo'; did you mean 'shop'?"),
        (("zzz", "order.json"), "there is no source 'zzz'; SOURCE is one of: shop, token, query,"),
        (("shop", "order.json", "--header", "X"), "'X' should be --header 'Name: value'"),
        (("shop", "order.json", "--query", "X"), "'X' should be --query 'name=value'"),
        (("shop", "order.json", "--to", "localhost:1"), "'localhost:1' is not an address such as"),
        (("shop", "order.json", "--to", "http://[::1"), "'http://[::1' is not an address"),
        (("shop", "order.json", "--to", "http://jo:canary@h"), "a user name or a password in it"),
        (("shop", "order.json", "--timeout", "0"), "Invalid value for '--timeout'"),
        (("shop",), "Missing argument"),
    ],
)
def test_a_wrong_call_says_what_is_right(
    served: Gateway, words: tuple[str, ...], message: str
) -> None:
    result = run(served, *words)
    assert (result.returncode, result.stdout) == (2, "")
    assert message in result.stderr


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("Content-Length: 1", "header content-length is set by itself"),
        ("X: a\nY: b", "the value of header x holds a control character"),
        ("A b: c", "'a b' is not the name of a header"),
    ],
)
def test_a_header_that_cannot_be_sent_is_refused(served: Gateway, header: str, reason: str) -> None:
    result = run(served, *SHOP, "--header", header)
    assert result.returncode == 1
    assert result.stderr == f"hookgate send: nothing was sent: {reason}\n"


def test_nobody_there_is_the_environments_fault(served: Gateway) -> None:
    with socket.socket() as bound:  # bound and not listening: nobody else can take the port
        bound.bind(("127.0.0.1", 0))
        origin = f"http://127.0.0.1:{bound.getsockname()[1]}"
        result = run(served, *SHOP, "--to", origin)
    assert (result.returncode, result.stdout) == (3, "")
    hint = "Connection refused (is 'hookgate serve' running?)"
    assert result.stderr == f"hookgate: {origin} cannot be reached: {hint}\n"


def test_a_payload_that_is_not_there_is_the_environments_fault(served: Gateway) -> None:
    result = run(served, "shop", "/nonexistent.json")
    assert result.returncode == 3
    assert result.stderr == "hookgate: /nonexistent.json: No such file or directory\n"


# --- other servers ----------------------------------------------------------------------------


@contextmanager
def answering(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers one request so, with its address and what it was sent.

    Without an answer it says nothing until the caller has gone.
    """
    received: list[bytes] = []

    def serve() -> None:
        caller, _ = listener.accept()
        with caller:
            while b"250.00" not in b"".join(received):
                received.append(caller.recv(65536))
            caller.sendall(answer)
            if not answer:
                caller.recv(1)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", received
        thread.join()


def test_the_address_can_have_a_path_and_a_query_of_its_own(served: Gateway) -> None:
    with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (origin, received):
        result = run(served, *SHOP, "--to", f"{origin}/in to/x?a=1&b=2", "--query", "b=3")
    assert result.returncode == 0
    head = b"".join(received).decode()
    assert head.startswith("POST /in%20to/x?a=1&b=3 HTTP/1.1\r\n")
    assert f"Host: {origin.removeprefix('http://')}\r\n" in head
    assert "Content-Length: 20\r\n" in head
    assert "user-agent: hookgate/" in head


@with_curl
def test_what_says_no_media_type_says_none_in_the_command_either(served: Gateway) -> None:
    capture = json.dumps({"headers": {"X-Topic": "order"}, "body": ORDER})
    (served.rules.parent / "untyped.json").write_text(capture)
    with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (origin, received):
        curl(served, "shop", "untyped.json", "--to", origin)
    assert b"content-type" not in b"".join(received).lower()


@with_curl
def test_a_header_without_a_value_is_in_the_command_as_well(served: Gateway) -> None:
    with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (origin, received):
        curl(served, *SHOP, "--to", origin, "--header", "X-Empty:")
    assert b"\r\nx-empty:\r\n" in b"".join(received)


def test_a_redirect_is_not_followed(served: Gateway) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    with answering(moved) as (origin, _):
        result = run(served, *SHOP, "--to", origin)
    assert result.returncode == 1
    assert "answer    302 Found" in result.stdout


def test_what_an_answer_holds_reaches_no_terminal_as_it_is(served: Gateway) -> None:
    head = b"HTTP/1.1 200 \x1b[31mFine\r\nContent-Length: 12\r\n\r\n"
    with answering(head + b"\x1b[31m\xffred\nx\x07") as (origin, _):
        result = run(served, *SHOP, "--to", origin)
    assert result.returncode == 0
    assert "\x1b" not in result.stdout
    assert "\x07" not in result.stdout
    assert "\\x1b[31m" in result.stdout


def test_of_a_long_answer_only_the_beginning_is_read(served: Gateway) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 2_000_000) as (origin, _):
        result = run(served, *SHOP, "--to", origin)
    assert result.returncode == 0
    assert "only the first 1048576 bytes were read" in result.stdout


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "no answer within 0.5 s"),
        (b"SSH-2.0-OpenSSH\r\n\r\n", "it did not answer in HTTP (BadStatusLine)"),
    ],
)
def test_an_answer_that_is_none_is_told(served: Gateway, answer: bytes, reason: str) -> None:
    with answering(answer) as (origin, _):
        result = run(served, *SHOP, "--to", origin, "--timeout", "0.5")
    assert result.returncode == 3
    assert f"cannot be reached: {reason} " in result.stderr


def test_a_certificate_that_is_not_trusted_is_told(served: Gateway, tmp_path: Path) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    options = ["-keyout", str(key), "-out", str(certificate), "-days", "1"]
    subprocess.run([*made, *options], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)

    def serve() -> None:
        caller, _ = listener.accept()
        with caller, pytest.raises(ssl.SSLError):
            context.wrap_socket(caller, server_side=True)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve)
        thread.start()
        origin = f"https://127.0.0.1:{listener.getsockname()[1]}"
        result = run(served, *SHOP, "--to", origin)
        thread.join()
    assert result.returncode == 3
    assert "its certificate is not trusted: self-signed certificate" in result.stderr
