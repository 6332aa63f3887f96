"""Decisions told in full."""

from __future__ import annotations

import pytest

from hookgate.core.config import Config
from hookgate.core.decide import decide
from hookgate.core.explain import Trace, explain
from hookgate.model import Accepted
from tests.rules import compiled, delivery

RULES = """
version: 1
sources:
  jira:
    auth: {type: none}
    event_type: {header: X-Kind}
    event_id: [{header: X-Id}, {path: id}]
    params:
      issue_key: issue.key
      priority: {path: issue.fields.priority.name, default: Medium}
      score: {path: issue.score, type: int}
      trace_id: {header: X-Trace}
    rules:
      created:
        - condition: priority == 'High' and len(issue_key) > 2
          program: fix
        - {name: tracked, condition: "trace_id > 3", program: fix}
        - {condition: "priority in ('Low', 'Medium')", program: fix}
        - program: fix
      secret:
        - {condition: "issue_key == '${KEY}'", program: fix}
        - {condition: "'${KEY}' < 3", program: fix}
  stage:
    auth: {type: none}
    params: {stage: {path: stage, default: "to ${KEY}"}, list: {value: ["${KEY}"]}}
    rules:
      "*":
        - {condition: stage == 'x' or len(list) == 1, program: deploy}
programs:
  deploy: {command: "deploy {stage}", env: {STAGE: "{stage}"}}
  fix: {command: "fix {issue_key}", working_dir: bin, timeout: 5s, params: [score]}
"""


@pytest.fixture(scope="module")
def config() -> Config:
    return compiled(RULES, {"KEY": "canary"})


def trace(config: Config, body: str, **headers: str) -> Trace:
    sent = delivery(
        "jira", body, {"x-kind": "created"} | {k.replace("_", "-"): v for k, v in headers.items()}
    )
    return explain(config, sent, decide(config, sent, 0.0))


def test_each_value_tells_where_it_came_from(config: Config) -> None:
    found = trace(config, '{"issue":{"key":"P-1","score":"7"}}', x_trace="9")
    assert [(p.name, p.value, p.origin) for p in found.params] == [
        ("issue_key", "P-1", "from issue.key"),
        ("priority", "Medium", "default; issue.fields is missing in the payload"),
        ("score", 7, "from issue.score as int"),
        ("trace_id", "9", "from header X-Trace"),
    ]
    assert found.event_type.origin == "from header X-Kind"


def test_a_body_is_read_as_the_source_says() -> None:
    source = 'auth: {type: none}, params: {key: key}, rules: {"*": [{program: p}]}'
    config = compiled(f"""
    version: 1
    sources:
      said: {{{source}}}
      set: {{{source}, content_type: application/json}}
    programs: {{p: {{command: "true"}}}}
    """)
    for name, value in (("said", None), ("set", "P-1")):
        sent = delivery(name, '{"key":"P-1"}', {"content-type": "text/plain"})
        decision = decide(config, sent, 0.0)
        assert isinstance(decision, Accepted)
        assert decision.starts[0].params == {"key": value}
        assert [param.value for param in explain(config, sent, decision).params] == [value]


def test_a_value_that_is_missing_tells_every_place_that_was_tried(config: Config) -> None:
    found = trace(config, "{}")
    assert found.event_id.value is None
    assert found.event_id.origin == "header X-Id is missing, id is missing in the payload"


def test_each_rule_tells_the_values_that_decided_it(config: Config) -> None:
    found = trace(config, '{"issue":{"key":"P-1"}}')
    assert [(r.id, r.result.value, r.reason) for r in found.rules if r.id != "created[1]"] == [
        ("created[0]", "false", "'Medium' == 'High' and 3 > 2"),
        ("created[2]", "true", "'Medium' in ('Low', 'Medium')"),
        ("created[3]", "not reached", "an earlier rule held"),
    ]


def test_a_rule_in_error_tells_its_cause_and_its_line(config: Config) -> None:
    found = trace(config, '{"issue":{"key":"P-1"}}')
    rule = found.rules[1]
    assert (rule.name, rule.result.value) == ("tracked", "error")
    assert rule.reason
    assert RULES.splitlines()[rule.line - 1].strip().startswith("- {name: tracked")


def test_what_would_run_is_told_to_the_letter(config: Config) -> None:
    (task,) = trace(config, '{"issue":{"key":"P 1","score":7}}').tasks
    assert task.argv == (
        "fix",
        "P 1",
        "--score=7",
        "--event_type=created",
        '--raw_payload={"issue":{"key":"P 1","score":7}}',
    )
    assert (task.working_dir, task.timeout, task.fault) == ("/srv/hookgate/bin", 5.0, None)
    assert task.env["HOOKGATE_EVENT_TYPE"] == "created"


def test_a_task_that_could_not_run_says_so_beforehand(config: Config) -> None:
    (task,) = trace(config, '{"issue":{"key":"a\\u0000b"}}').tasks
    assert task.fault == "param 'issue_key' holds a NUL byte, which no command line can carry"


def test_a_value_from_the_environment_is_never_shown(config: Config) -> None:
    found = trace(config, '{"issue":{"key":"other"}}', x_kind="secret")
    assert found.rules[0].condition == "issue_key == '${KEY}'"
    assert found.rules[1].result.value == "error"
    assert "canary" not in repr(found)


def test_a_param_from_the_environment_is_shown_as_it_was_written(config: Config) -> None:
    sent = delivery("stage", "{}")
    found = explain(config, sent, decide(config, sent, 0.0))
    assert found.params[0].value == "to ${KEY}"
    assert found.rules[0].reason == "it holds a value from the environment, which is not shown"
    (task,) = found.tasks
    assert task.argv[1:4] == ("to ${KEY}", "--stage=to ${KEY}", '--list=["${KEY}"]')
    assert task.env["STAGE"] == "to ${KEY}"
    assert "canary" not in repr(found)


def test_a_rejected_delivery_tells_what_was_read_of_it(config: Config) -> None:
    found = trace(config, "{")
    assert found.outcome == "rejected"
    assert found.event_type.origin == "not looked for"
    assert (found.params, found.rules, found.tasks) == ((), (), ())


def test_a_value_of_the_wrong_type_is_told_as_what_it_is(config: Config) -> None:
    found = trace(config, '{"issue":{"key":"P-1","score":"seven"}}')
    assert found.reason == "param score should be int and is text"
    assert found.params[2].origin == "from issue.score; text, not int"
