"""Loading as a whole: nothing raises, nothing secret is told, a snapshot says the same again."""

from __future__ import annotations

import hashlib
import re
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from hookgate.core.config import Config
from hookgate.loading.load import Loaded, load
from hookgate.loading.problems import Problem, Severity

CONFIG = Path(__file__).parents[2] / "config"
ENVIRON = {"PATH": "/usr/bin:/bin", "TOKEN": "t0ken", "WORD": "w0rd value", "EMPTY": ""}
FILES = {
    path.stem: path.read_bytes().decode("utf-8", "surrogateescape")
    for path in sorted(CONFIG.glob("*/*.yaml"))
}


def load_text(text: str, environment: bool = True) -> Loaded:
    return load(text, "rules.yaml", str(CONFIG / "ok"), ENVIRON, environment)


def config_of(text: str, environ: dict[str, str] | None = None) -> Config:
    config = load(text, "rules.yaml", str(CONFIG / "ok"), environ or ENVIRON, False).config
    assert config is not None
    return config


def test_a_problem_is_one_line_with_its_place_code_and_suggestion() -> None:
    problem = Problem("r.yaml", 3, 7, 5, "HG204", Severity.ERROR, "it is wrong", "did you mean x?")
    assert problem.as_line() == "r.yaml:3:7: HG204 error: it is wrong (did you mean x?)"


def test_problems_come_from_the_top_of_the_file_to_its_end() -> None:
    problems = load_text(FILES["references"]).problems
    places = [(problem.line, problem.column, problem.code) for problem in problems]
    assert places == sorted(places)
    assert len(places) > 10


def test_a_problem_spans_its_token() -> None:
    text = FILES["conditions"]
    lines = text.split("\n")
    marked = [
        lines[problem.line - 1][problem.column - 1 :][: problem.length]
        for problem in load_text(text).problems
        if problem.code == "HG211"
    ]
    assert marked == ["isue_type", "isue_type", "other", "isue_type", ">"]


def test_a_byte_order_mark_is_dropped() -> None:
    loaded = load_text("\ufeffversion: 2\n")
    assert loaded.text == "version: 2\n"
    assert (loaded.problems[0].line, loaded.problems[0].column) == (1, 1)


def test_windows_line_ends_make_no_difference() -> None:
    text = FILES["references"]
    assert load_text(text.replace("\n", "\r\n")).problems == load_text(text).problems


# --- the server and the store ---------------------------------------------------------------


def test_the_settings_of_the_server_are_read() -> None:
    server = config_of(FILES["everything"]).server
    assert (server.host, server.port, server.concurrency) == ("::1", 0, 4)
    assert server.public_url == "https://hooks.example.com/"
    assert [str(network) for network in server.trusted_proxies] == [
        "10.0.0.0/8",
        "2001:db8::/32",
        "192.0.2.1/32",
    ]
    assert (server.max_body, server.body_timeout) == (1024 * 1024, 2.5)
    assert (server.wait_timeout, server.shutdown_delay, server.shutdown_grace) == (0.5, 5.0, 60.0)
    assert server.admin_token == "t0ken"
    assert server.allow_origins == ("https://status.example.com", "*")


@pytest.mark.parametrize(
    ("written", "path", "retention"),
    [
        ("", "/srv/hookgate.db", None),
        ("store: sqlite:data/a.db", "/srv/data/a.db", None),
        ("store: sqlite:/var/a.db", "/var/a.db", None),
        ('store: {url: "sqlite:a.db", retention: 2d}', "/srv/a.db", 172_800.0),
        ("store: sqlite:${NAME}.db", "/srv/named.db", None),
    ],
)
def test_the_store_is_a_path_from_the_rules_file(
    written: str, path: str, retention: float | None
) -> None:
    text = f"version: 1\nsources: {{}}\nprograms: {{}}\n{written}\n"
    config = load(text, "rules.yaml", "/srv", {"NAME": "named"}, environment=False).config
    assert config is not None
    assert (config.store.path, config.store.retention) == (path, retention)
    assert "named" not in config.store.shown


def test_an_admin_token_is_not_printed_with_its_record() -> None:
    text = "version: 1\nserver: {admin_token: canary}\nsources: {}\nprograms: {}\n"
    server = config_of(text).server
    assert server.admin_token == "canary"
    assert "canary" not in repr(server)


# --- secrets --------------------------------------------------------------------------------

SECRETIVE = """
version: 1
server: {admin_token: "${X}", host: "${X}"}
store: {url: "sqlite:${X}"}
sources:
  a:
    auth:
      - {type: token, token: ["${X}", "literal-${X}"]}
      - {type: basic, username: "u", password: "${X}"}
      - {type: signature, secret: "${X}", header: X-S}
    params: {p: {value: "${X}"}, q: {path: q, default: ["${X}"]}}
    event_type: [{value: "${X}"}]
    rules:
      e:
        - {condition: "p == '${X}'", name: "${X}", program: r}
    respond: {headers: {X-A: "${X}"}, body: "${X}"}
programs:
  r: {command: "x ${X} {p}", env: {E: "${X}"}, working_dir: "${X}"}
"""

FAULTY = """
version: 1
server: {port: "${X}", body_timeout: "${X}", public_url: "${X}", trusted_proxies: ["${X}"],
         cors: {allow_origins: ["${X}"]}, max_body: "${X}"}
store: "${X}"
sources:
  a:
    provider: "${X}"
    auth:
      - {type: "${X}"}
      - {type: token, token: "${X}", header: "${X}", colour: "${X}"}
      - {type: ip, allowed_ips: ["${X}"]}
      - {type: signature, secret: "${X}", secret_encoding: hex, header: "${X}", template: "{${X}}",
         algorithm: "${X}", timestamp: {path: "..${X}"}}
    match: "${X}"
    methods: ["${X}", "${X}"]
    params: {p: "a b ${X}", q: {path: "[${X}", type: "${X}"}}
    payload_schema: "${X}"
    respond: "${X}"
    rules:
      e:
        - {condition: "${X} ${X} ${X}", program: "${X}"}
        - {condition: "nonesuch == '${X}'", program: r}
        - {condition: "matches(p, '(${X}')", program: r}
programs:
  r: {command: "'${X}", working_dir: "${X}", pass: "${X}", params: ["${X}"], timeout: "${X}"}
  s: {command: ["${X}", "{none${X}}"], max_output: "${X}"}
"""


@pytest.mark.parametrize(
    "canary", ["canary", "can{ary} 'canary' ${canary}", "\udcffcanary", '/canary\n"canary']
)
@pytest.mark.parametrize("environment", [True, False])
def test_no_value_of_the_environment_is_told(canary: str, environment: bool) -> None:
    good = load(SECRETIVE, "rules.yaml", "/", {"X": canary}, False)
    assert "canary" not in repr(good.problems)
    faulty = load(FAULTY, "rules.yaml", "/", {"X": canary}, environment)
    assert "canary" not in repr(faulty)
    assert len(faulty.problems) > (20 if environment else 3)


def test_no_secret_of_the_file_is_told() -> None:
    text = """
        version: 2
        server: {admin_token: [canary], cors: canary}
        store: postgresql://user:canary@db/store
        sources:
          a:
            auth:
              - {type: token, token: {canary: canary}, header: "canary\\n"}
              - {type: token, token: ["canary${", "canary${ x }", "canary${NOT_SET}"]}
              - {type: basic, username: "can:ary", password: 5}
              - {type: signature, header: X, secret: canary, secret_encoding: hex}
              - {type: signature, header: X, secret: "canary${TOKEN}", secret_encoding: hex}
              - {type: signature, header: X, secret: "${NOT_SET:-canary}", secret_encoding: hex}
            rules: {}
        programs: {}
        """
    problems = load_text(text).problems
    assert "canary" not in repr(problems)
    assert len(problems) == 16


def test_no_value_of_the_environment_is_in_a_record_or_snapshot() -> None:
    config = load(SECRETIVE, "rules.yaml", "/", {"X": "canary"}, False).config
    assert config is not None
    assert "canary" not in repr(config)
    assert "canary" not in config.snapshot
    assert config.server.admin_token == "canary"


def test_names_of_variables_that_are_not_set_are_kept_without_the_environment() -> None:
    assert config_of(SECRETIVE, {"Y": "1"}).unset == ("X",)
    assert config_of(SECRETIVE, {"X": "1"}).unset == ()


# --- snapshots ------------------------------------------------------------------------------

CREDENTIALS = """\
version: 1
server:
  admin_token: literal-1   # a remark
sources:
  a:
    auth: {type: token, token: [literal-2, "literal-3", 'literal-4', "${KEPT}", "${K:-literal-5}"]}
    rules: {}
  b:
    auth:
      - type: basic
        username: literal-6
        password: |
          literal-7
          literal-8
      - {type: signature, header: X-S, secret: &anchored literal-9}
      - {type: token, token: *anchored, header: X-T}
      - type: token
        token: literal-10
          literal-11
        header: literal
      - {type: token, token: "${file:kept}"}
    handshake:
      - {when: {path: a}, auth: {type: token, token: literal-12}, answer: {text: a}}
    rules: {"*": [{program: p}]}
programs: {p: {command: [literal]}}
"""


def test_a_snapshot_has_every_credential_blanked_out_line_by_line() -> None:
    snapshot = config_of(CREDENTIALS).snapshot
    assert "literal-" not in snapshot
    assert snapshot.count("\n") == CREDENTIALS.count("\n")
    assert 'admin_token: "${REDACTED}"\n' in snapshot
    assert '["${REDACTED}", "${REDACTED}", "${REDACTED}", "${KEPT}", "${REDACTED}"]' in snapshot
    assert 'secret: &anchored "${REDACTED}"' in snapshot
    assert "${file:kept}" in snapshot
    assert "header: literal" in snapshot


ENV = """\
version: 1  # remark-1
# remark-2
sources: {s: {auth: {type: none}, params: {a: a}, rules: {"* #kept": [{program: p}]}}} # remark-3
programs:
  p:
    command: [echo, "# kept", 'a #kept', a#kept]
    env:
      LITERAL: literal-1   # remark-5
      QUOTED: "literal # 2"
      NUMBER: 12345
      MIXED: literal-{a}
      DEFAULT: "${D:-literal-3}"
      BLOCK: |  # remark-6
        literal-4

      # remark-7
      REFERENCE: "${NAME}"
      FILE: ${file:kept}
      PARAM: "{a}/{a}"
      NONE: ""
# remark-8"""


def test_a_snapshot_has_neither_remarks_nor_what_is_written_out_in_an_env() -> None:
    snapshot = config_of(ENV).snapshot
    assert not re.findall(r"remark|literal|12345", snapshot)
    assert snapshot.count("\n") == ENV.count("\n")
    assert snapshot.count("kept") == ENV.count("kept")
    for kept in ('REFERENCE: "${NAME}"', 'PARAM: "{a}/{a}"', 'NONE: ""'):
        assert kept in snapshot
    assert config_of(snapshot).snapshot == snapshot


def test_a_digest_is_that_of_the_snapshot() -> None:
    config = config_of(CREDENTIALS)
    assert config.digest == hashlib.sha256(config.snapshot.encode()).hexdigest()


@pytest.mark.parametrize(
    "text", [CREDENTIALS, *(FILES[name] for name in ("everything", "guide", "yaml_values"))]
)
def test_a_snapshot_loads_to_the_same_sources_and_programs(text: str) -> None:
    config = config_of(text)
    again = config_of(config.snapshot)
    assert again.snapshot == config.snapshot
    for name, program in config.programs.items():
        assert replace(again.programs[name], env={}) == replace(program, env={})
    for name, source in config.sources.items():
        other = again.sources[name]
        assert (other.params, other.rules) == (source.params, source.rules)
        assert (other.event_type, other.event_id) == (source.event_type, source.event_id)
        assert [v.scheme for v in other.auth] == [v.scheme for v in source.auth]


def test_the_credentials_of_a_snapshot_let_nobody_in() -> None:
    again = config_of(config_of(CREDENTIALS).snapshot)
    (verifier,) = again.sources["a"].auth
    assert verifier == type(verifier)(tokens=())  # type: ignore[call-arg]  # it is a TokenAuth
    assert again.unset == ("KEPT", "REDACTED")


# --- any text at all ------------------------------------------------------------------------


@st.composite
def mutated(draw: st.DrawFn) -> str:
    """A file of tests/config with a few pieces taken out, doubled or put in."""
    text = draw(st.sampled_from(list(FILES.values())))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        put = draw(
            st.sampled_from(["", text[start:end] * 2, " ", "\n", ":", "[", "}", "'", "&a "])
            | st.sampled_from(["*a", "${", "${TOKEN}", "null", "5", "{}", "\t", "é", "- "])
        )
        text = text[:start] + put + text[end:]
    return text


@settings(max_examples=300, deadline=None)  # the largest of the files takes a while
@given(mutated())
def test_a_mutated_file_gives_a_configuration_or_findings(text: str) -> None:
    loaded = load_text(text, environment=False)
    errors = [p for p in loaded.problems if p.severity is Severity.ERROR]
    assert (loaded.config is None) == bool(errors)
    lines = loaded.text.split("\n")
    for problem in loaded.problems:
        assert 1 <= problem.line <= len(lines)


@given(st.text(max_size=60))
def test_any_text_gives_a_configuration_or_findings(text: str) -> None:
    loaded = load_text(text)
    assert loaded.config is not None or loaded.problems


# --- speed ----------------------------------------------------------------------------------


def large_file(sources: int) -> str:
    """A file of sources with ten rules each."""
    rules = "".join(
        f"        - {{condition: \"kind == 'k{number}' and ref != 'r'\", program: p{number}}}\n"
        for number in range(10)
    )
    return (
        "version: 1\nsources:\n"
        + "".join(
            f'  s{number}:\n    auth: {{type: token, token: "${{TOKEN}}"}}\n'
            f"    params: {{kind: kind, ref: ref}}\n    rules:\n      push:\n{rules}"
            for number in range(sources)
        )
        + "programs:\n"
        + "".join(f"  p{number}: {{command: [python]}}\n" for number in range(10))
    )


def test_the_time_to_load_grows_no_faster_than_the_file() -> None:
    def seconds(sources: int) -> float:
        text = large_file(sources)
        start = time.process_time()
        assert load_text(text).problems == ()
        return time.process_time() - start

    seconds(10)  # imports and compiles what is done once
    assert seconds(160) < 12 * seconds(40)
