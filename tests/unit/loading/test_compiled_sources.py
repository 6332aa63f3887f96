"""Sources and rules as `decide` uses them."""

from __future__ import annotations

import pytest

from hookgate.core.config import FromHeader, FromPath, FromQuery, FromValue, Respond, Source
from hookgate.core.templates import fill
from hookgate.loading.load import load
from hookgate.model import JSON
from tests.rules import compiled


def source(keys: str, environ: dict[str, str] | None = None) -> Source:
    text = (
        f"version: 1\nsources:\n  s:\n{keys}\nprograms:\n  p: {{command: [x], run_async: false}}\n"
    )
    return compiled(text, environ).sources["s"]


PLAIN = "    auth: {type: none}\n    rules: {}\n"


def test_what_is_not_written_has_its_default() -> None:
    found = source(PLAIN)
    assert found.event_type == (FromHeader("X-Event-Type", "x-event-type"),)
    assert found.event_id == ()
    assert (found.match, found.methods) == ("first", frozenset({"POST"}))
    assert found.max_body == 5 * 1024 * 1024
    assert (found.params, found.rules, found.respond, found.payload_schemas) == ((), {}, None, {})


def test_a_source_has_the_limit_of_the_server_or_its_own() -> None:
    text = """
        version: 1
        server: {max_body: 1KiB}
        sources:
          a: {auth: {type: none}, rules: {}}
          b: {auth: {type: none}, rules: {}, max_body: 7}
        programs: {}
        """
    found = compiled(text).sources
    assert (found["a"].max_body, found["b"].max_body) == (1024, 7)


def test_a_selector_is_a_path_a_place_or_a_list_of_these() -> None:
    found = source(
        PLAIN
        + "    event_type: [{header: X-Kind}, a.b, {path: c}, {query: q}, {value: [1, {x: y}]}]\n"
        + "    event_id: a.id\n"
    )
    header, path, long_path, query, value = found.event_type
    assert header == FromHeader("X-Kind", "x-kind")
    assert isinstance(path, FromPath)
    assert path.path.text == "a.b"
    assert isinstance(long_path, FromPath)
    assert query == FromQuery("q")
    assert value == FromValue([1, {"x": "y"}])
    assert len(found.event_id) == 1


def test_params_keep_their_order_and_settings() -> None:
    found = source(
        PLAIN
        + "    params: {z: a, b: {path: b, default: [1, null]},\n"
        + "      c: {header: X, required: true, type: int}}\n"
    )
    assert [param.name for param in found.params] == ["z", "b", "c"]
    assert [param.default for param in found.params] == [None, [1, None], None]
    assert [param.required for param in found.params] == [False, False, True]
    assert [param.type for param in found.params] == [None, None, "int"]


@pytest.mark.parametrize(
    ("condition", "holds"),
    [
        (None, True),
        ("true", True),
        ("false", False),
        ('"True"', True),
        ("'False'", False),
        ("a == 1", True),
        ('a == 2 or "${X}" == "x"', True),
        ("a == ${UNSET}", False),
    ],
)
def test_a_condition_is_text_or_a_yaml_boolean_or_missing(
    condition: str | None, holds: bool
) -> None:
    written = "" if condition is None else f"condition: {condition},"
    if condition and "${" in condition:
        written = f"condition: '{condition}',"
    found = source(
        f"    auth: {{type: none}}\n    params: {{a: a}}\n"
        f"    rules: {{e: [{{{written} program: p}}]}}\n",
        {"X": "x"},
    )
    (rule,) = found.rules["e"]
    assert rule.condition.holds({"a": 1}) is holds


def test_a_rule_knows_its_id_its_line_and_its_condition_as_written() -> None:
    found = source(
        "    auth: {type: none}\n    params: {a: a}\n    rules:\n      push:\n"
        "        - condition: a == '${X}'\n          program: p\n"
        '        - {name: "second", program: p}\n      "*": [{program: p}]\n',
        {"X": "canary"},
    )
    first, second = found.rules["push"]
    (third,) = found.rules["*"]
    assert (first.id, first.name, first.line, first.shown) == ("push[0]", None, 8, "a == '${X}'")
    assert (second.id, second.name, second.line, second.shown) == ("push[1]", "second", 10, "True")
    assert (third.id, third.program) == ("*[0]", "p")
    assert first.condition.holds({"a": "canary"})
    assert "canary" not in repr(found)


def test_a_rule_whose_program_is_not_known_never_holds() -> None:
    found = source('    auth: {type: none}\n    rules: {e: [{program: "${UNSET}"}]}\n')
    (rule,) = found.rules["e"]
    assert not rule.condition.holds({})
    assert rule.program == "${UNSET}"


def test_credentials_are_private_wherever_they_travel() -> None:
    found = source(
        "    auth: [{type: token, token: t, header: X-Own}, {type: token, token: t, query: own}]\n"
        "    rules: {}\n"
    )
    assert {"x-own", "authorization", "cookie", "x-webhook-token"} <= found.private_headers
    assert {"own", "token"} <= found.private_query


def test_an_answer_may_have_a_status_headers_and_a_body() -> None:
    found = source(
        PLAIN
        + "    params: {a: a}\n"
        + "    respond: {status: 202, headers: {X-A: 'v{a}'}, body: '{a}{{a}}'}\n"
    )
    assert found.respond is not None
    assert (found.respond.status, found.respond.output) == (202, False)
    values: dict[str, JSON] = {"a": 1}
    assert fill(found.respond.headers["X-A"], values) == "v1"
    assert found.respond.body is not None
    assert fill(found.respond.body, values) == "1{a}"
    assert source(PLAIN + "    respond: output\n").respond == Respond(output=True)
    assert source(PLAIN + "    respond: {headers: {}}\n").respond == Respond()


def test_a_rule_after_one_that_always_holds_is_a_warning_only_where_the_first_wins() -> None:
    text = (
        "version: 1\nsources:\n  s:\n    auth: {type: none}\n    match: MATCH\n    rules:\n"
        "      e:\n        - program: p\n        - program: p\nprograms: {p: {command: [python]}}\n"
    )
    first = load(text.replace("MATCH", "first"), "r.yaml", "/", {})
    every = load(text.replace("MATCH", "all"), "r.yaml", "/", {})
    assert [problem.as_line() for problem in first.problems] == [
        "r.yaml:9:11: HG231 warning: this rule is never reached: "
        "line 8 always holds, match is 'first'"
    ]
    assert first.config is not None
    assert every.problems == ()
