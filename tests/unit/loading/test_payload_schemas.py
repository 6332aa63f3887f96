"""JSON Schemas for payloads: what they find, what they do not tell, what they never fetch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from hookgate.core.config import PayloadSchema
from hookgate.expr.values import parse_json
from hookgate.loading.load import load
from hookgate.model import JSON


def loaded(schema: object, directory: Path) -> tuple[PayloadSchema | None, list[str]]:
    """The schema of the one source, and the messages."""
    (directory / "schema.json").write_text(json.dumps(schema), "utf-8")
    text = (
        "version: 1\nsources:\n  s:\n    auth: {type: none}\n    rules: {}\n"
        "    payload_schema: schema.json\nprograms: {}\n"
    )
    found = load(text, "rules.yaml", str(directory), {})
    config = found.config
    schemas = None if config is None else config.sources["s"].payload_schemas["*"]
    return schemas, [problem.as_line() for problem in found.problems]


def findings(schema: object, payload: JSON, directory: Path) -> list[str]:
    compiled, problems = loaded(schema, directory)
    assert compiled is not None, problems
    return compiled.findings(payload)


TOO_MUCH = "the payload is nested too deep or holds too large a number to be checked"

ISSUE: dict[str, Any] = {
    "type": "object",
    "required": ["issue"],
    "properties": {
        "issue": {
            "required": ["key", "priority"],
            "properties": {"key": {"pattern": "^[A-Z]+$"}, "priority": {"enum": ["Low"]}},
        },
        "labels": {"items": {"$ref": "#/$defs/label"}},
        "text": {"type": ["string", "null"]},
        "closed": {"additionalProperties": False},
    },
    "$defs": {"label": {"type": "string", "maxLength": 3}},
}


@pytest.mark.parametrize(
    ("payload", "found"),
    [
        ({"issue": {"key": "A", "priority": "Low"}}, []),
        ([], ["the payload: is not of type object"]),
        ({}, ["the payload: 'issue' is a required property"]),
        ({"issue": {"key": "A"}}, ["issue: 'priority' is a required property"]),
        (
            {"issue": {"key": "canary", "priority": "Low"}},
            ["issue.key: does not fit 'pattern' of the schema"],
        ),
        (
            {"issue": {"key": "A", "priority": "canary"}},
            ["issue.priority: is not one of the values allowed"],
        ),
        (
            {"issue": {"key": "A", "priority": "Low"}, "labels": ["a", "canary"], "text": 1},
            [
                "labels[1]: does not fit 'maxLength' of the schema",
                "text: is not of type string or null",
            ],
        ),
        (
            {"issue": {"key": "A", "priority": "Low"}, "closed": {"canary": 1}},
            ["closed: holds keys that are not allowed"],
        ),
    ],
)
def test_findings_have_a_place_and_no_value(
    payload: JSON, found: list[str], tmp_path: Path
) -> None:
    assert findings(ISSUE, payload, tmp_path) == found


def test_a_schema_may_refuse_everything(tmp_path: Path) -> None:
    assert findings(False, {}, tmp_path) == ["the payload: is not allowed"]


def test_at_most_ten_findings_are_told(tmp_path: Path) -> None:
    assert len(findings({"items": {"type": "string"}}, list(range(100)), tmp_path)) == 10


def test_the_exact_numbers_of_a_payload_can_be_checked(tmp_path: Path) -> None:
    schema = {"properties": {"a": {"maximum": 2}, "b": {"multipleOf": 0.5}, "c": {"const": 1}}}
    payload = parse_json(b'{"a": 1.90, "b": 1e400, "c": 1.0}')
    assert findings(schema, payload, tmp_path) == [TOO_MUCH]
    assert findings(schema, parse_json(b'{"a": 2.10, "b": 1.50}'), tmp_path) == [
        "a: does not fit 'maximum' of the schema"
    ]


def test_a_payload_as_deep_as_payloads_may_be_is_checked(tmp_path: Path) -> None:
    schema = {
        "$ref": "#/$defs/n",
        "$defs": {"n": {"properties": {"n": {"anyOf": [{"$ref": "#/$defs/n"}]}}}},
    }
    payload: JSON = {}
    for _ in range(127):
        payload = {"n": payload}
    assert findings(schema, payload, tmp_path) in ([], [TOO_MUCH])


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "objekt"}, "HG241"),
        ({"pattern": "("}, "HG241"),
        ({"properties": []}, "HG241"),
        (None, "HG241"),
        ("text", "HG241"),
        ({"$ref": "https://example.com/s.json"}, "HG242"),
        ({"$ref": "other.json"}, "HG242"),
        ({"$ref": "#/$defs/none"}, "HG242"),
        ({"properties": {"a": {"items": {"$ref": "file:///etc/passwd"}}}}, "HG242"),
        (
            {"$schema": "http://json-schema.org/draft-07/schema#", "items": {"$ref": "x.json"}},
            "HG242",
        ),
    ],
)
def test_a_schema_that_cannot_be_used_is_a_finding(
    schema: object, told: str, tmp_path: Path
) -> None:
    compiled, problems = loaded(schema, tmp_path)
    assert compiled is None
    (problem,) = problems
    assert told in problem


def test_a_reference_that_only_shows_when_it_is_used_fails_closed(tmp_path: Path) -> None:
    schema = {"$ref": "#/hidden", "hidden": {"$ref": "https://example.com/s.json"}}
    assert findings(schema, {}, tmp_path) == [
        "the schema schema.json refers to something outside itself"
    ]


def test_a_schema_with_an_id_resolves_within_itself(tmp_path: Path) -> None:
    schema = {
        "$id": "https://example.com/s.json",
        "properties": {"a": {"$ref": "s.json#/$defs/a"}, "b": {"$ref": "#b"}},
        "$defs": {"a": {"type": "string"}, "b": {"$anchor": "b", "type": "string"}},
    }
    assert findings(schema, {"a": 1, "b": 1}, tmp_path) == [
        "a: is not of type string",
        "b: is not of type string",
    ]


def test_a_draft_is_honoured(tmp_path: Path) -> None:
    old = {"$schema": "http://json-schema.org/draft-07/schema#", "items": [{"type": "string"}]}
    assert findings(old, [1, 2], tmp_path) == ["[0]: is not of type string"]


def test_the_library_is_imported_only_for_a_file_with_such_a_schema() -> None:
    code = (
        "import sys\n"
        "from hookgate.loading.load import load\n"
        "load('version: 1\\nsources: {a: {auth: {type: none}, rules: {}}}\\nprograms: {}',"
        " 'r', '/', {}).config or sys.exit('faulty')\n"
        "sys.exit('imported' if 'jsonschema' in sys.modules else 0)\n"
    )
    root = Path(__file__).parents[3]
    subprocess.run([sys.executable, "-c", code], check=True, cwd=root)


def test_a_pattern_takes_a_time_in_proportion_to_the_text(tmp_path: Path) -> None:
    """Python's own `re` would take longer than the test suite may."""
    schema = {"properties": {"a": {"pattern": "^([a-z0-9]+)*$"}}}
    assert findings(schema, {"a": "a" * 5000}, tmp_path) == []
    assert findings(schema, {"a": "a" * 5000 + "!"}, tmp_path) == [
        "a: does not fit 'pattern' of the schema"
    ]


def test_patterns_of_names_are_applied_and_the_rest_is_additional(tmp_path: Path) -> None:
    schema = {
        "properties": {"id": {}},
        "patternProperties": {"^x-": {"type": "string"}},
        "additionalProperties": {"type": "integer"},
    }
    assert findings(schema, {"id": [], "x-a": "", "n": 1}, tmp_path) == []
    assert findings(schema, {"x-a": 1, "n": ""}, tmp_path) == [
        "x-a: is not of type string",
        "n: is not of type integer",
    ]
    closed = schema | {"additionalProperties": False}
    assert findings(closed, {"id": 1, "x-a": ""}, tmp_path) == []
    assert findings(closed, {"y": 1}, tmp_path) == ["the payload: holds keys that are not allowed"]


def test_a_pattern_that_re2_cannot_run_is_a_finding(tmp_path: Path) -> None:
    schemas: list[dict[str, object]] = [
        {"items": {"pattern": "(?=x)"}},
        {"patternProperties": {"(a)\\1": {}}},
        {"patternProperties": {"^a": {}}, "unevaluatedProperties": False},
    ]
    for schema in schemas:
        assert loaded(schema, tmp_path)[0] is None, schema


@pytest.mark.parametrize(
    ("items", "unique"),
    [
        ([1, True, 0, False, None, "1", [1], [True], {"a": 1}, {"a": True}], True),
        ([1, 1.0], False),
        ([{"a": 1, "b": [2]}, {"b": [2.0], "a": 1}], False),
        ([[1], [1]], False),
        ([{"a": 1}, {"a": 2}], True),
        ([{"n": n} for n in range(20_000)], True),
    ],
)
def test_unique_items_are_those_that_json_tells_apart(
    items: list[JSON], unique: bool, tmp_path: Path
) -> None:
    assert (findings({"uniqueItems": True}, items, tmp_path) == []) is unique
