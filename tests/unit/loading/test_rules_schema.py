"""The published schema, and that it is read as the jsonschema library reads it."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, ValidationError
from jsonschema.validators import extend

from hookgate.loading.findings import Findings
from hookgate.loading.nodes import Span, node_of
from hookgate.loading.reader import read
from hookgate.loading.schema import KEYWORDS, SCHEMA_FILE, check_shape

ROOT = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json.loads(SCHEMA_FILE.read_text("utf-8"))
ANNOTATIONS = {"$schema", "title", "description", "default", "examples", "definitions"}


def ecma_pattern(_: Any, pattern: str, value: Any, __: Any) -> Iterator[ValidationError]:
    """`pattern` as JSON Schema has it (ECMA 262): in Python `$` lets a line feed follow."""
    ecma = re.sub(r"(?<!\\)\$(?=$|\))", r"\\Z", pattern)
    if isinstance(value, str) and re.search(ecma, value) is None:
        yield ValidationError(f"{value!r} does not match {pattern!r}")


LIBRARY = extend(Draft7Validator, {"pattern": ecma_pattern})(SCHEMA)  # type: ignore[no-untyped-call]


def subschemas(schema: Any) -> Iterator[dict[str, Any]]:
    if not isinstance(schema, dict):
        return
    yield schema
    for keyword in ("properties", "definitions"):
        for child in schema.get(keyword, {}).values():
            yield from subschemas(child)
    for keyword in ("items", "additionalProperties", "propertyNames", "not", "if", "then", "else"):
        yield from subschemas(schema.get(keyword))
    for keyword in ("allOf", "oneOf"):
        for child in schema.get(keyword, ()):
            yield from subschemas(child)


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        return resolved(SCHEMA["definitions"][name])
    return schema


def fits(document: Any) -> bool:
    findings = Findings("rules.yaml", "")
    check_shape(node_of(document, Span(1, 1, 0, 0)), findings)
    return findings.sorted() == ()


def test_the_published_copy_is_the_schema_that_is_used() -> None:
    published = ROOT / "schemas" / "rules.schema.json"
    assert published.read_bytes() == SCHEMA_FILE.read_bytes()


def test_the_schema_is_valid() -> None:
    Draft7Validator.check_schema(SCHEMA)


def test_only_keywords_that_are_understood_are_used() -> None:
    used = {keyword for schema in subschemas(SCHEMA) for keyword in schema}
    assert used - ANNOTATIONS <= KEYWORDS
    assert KEYWORDS - used == set()


def test_every_key_is_described() -> None:
    undescribed = [
        key
        for schema in subschemas(SCHEMA)
        for key, child in schema.get("properties", {}).items()
        if child
        and "const" not in child
        and not {"title", "description"} <= set(resolved(child))
        and child != {"$ref": "#/definitions/auth"}
    ]
    assert undescribed == []


def test_every_key_has_a_default_or_an_example_or_a_choice() -> None:
    speaking = {"default", "examples", "enum", "properties", "items"}
    mute = [
        key
        for schema in subschemas(SCHEMA)
        for key, child in schema.get("properties", {}).items()
        if "title" in child
        and not speaking & set(child)
        and key not in ("auth", "sources", "programs")
    ]
    assert mute == []


def test_every_mapping_with_keys_refuses_others() -> None:
    open_ones = [
        schema.get("title")
        for schema in subschemas(SCHEMA)
        if schema.get("type") == "object" and schema.get("additionalProperties") is None
    ]
    # `auth` dispatches on its type, and each type refuses other keys.
    assert [title for title in open_ones if title is not None] == ["auth"]


def test_every_example_and_default_fits() -> None:
    for schema in subschemas(SCHEMA):
        validator = LIBRARY.evolve(schema=schema)
        for value in [
            *schema.get("examples", ()),
            *([schema["default"]] if "default" in schema else ()),
        ]:
            assert list(validator.iter_errors(value)) == [], (schema["title"], value)


# --- against the library --------------------------------------------------------------------

CONFIG = ROOT / "tests" / "config"


def plain_documents() -> dict[str, Any]:
    """Every readable file of tests/config, as plain values."""
    documents = {}
    for path in sorted(CONFIG.glob("*/*.yaml")):
        text = path.read_bytes().decode("utf-8", "surrogateescape")
        root = read(text, Findings(path.name, text))
        if root is not None:
            documents[f"{path.parent.name}/{path.stem}"] = root.plain()
    return documents


DOCUMENTS = plain_documents()
GOOD = [document for document in DOCUMENTS.values() if LIBRARY.is_valid(document)]
KEYS = sorted({key for schema in subschemas(SCHEMA) for key in schema.get("properties", {})})
TEXTS = ["", "x", "a b", "x\n", "api", "none", "token", "signature", "hmac", "30s", "5MiB", "POST"]
SCALARS = [None, True, 0, 1, 3, 1.5, 70000, "10.0.0.0/8", "output", *TEXTS]
LISTS = [[], ["a"], ["POST", "POST"]]
MAPPINGS = [{}, {"a": "b"}, {"type": "token"}, {"header": "X"}, {"header": "X", "path": "a"}]
VALUES = st.sampled_from([*SCALARS, *LISTS, *MAPPINGS])


def containers(value: Any) -> list[Any]:
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return ([value] if isinstance(value, dict | list) else []) + [
        found for child in below for found in containers(child)
    ]


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """A good document with a few values put in, replaced or taken out."""
    document = copy.deepcopy(draw(st.sampled_from(GOOD)))
    for _ in range(draw(st.integers(1, 3))):
        container = draw(st.sampled_from(containers(document)))
        if isinstance(container, list):
            container.append(copy.deepcopy(draw(VALUES)))
            continue
        key = draw(st.sampled_from([*container, *KEYS]))
        if key in container and draw(st.booleans()):
            del container[key]
        else:
            container[key] = copy.deepcopy(draw(VALUES))
    return document


@pytest.mark.parametrize("document", DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_file_fits_where_the_library_says_so(document: Any) -> None:
    assert fits(document) == LIBRARY.is_valid(document)


@settings(max_examples=300, deadline=None)  # the largest of the documents takes a while
@given(mutated())
def test_a_mutated_document_fits_where_the_library_says_so(document: Any) -> None:
    assert fits(document) == LIBRARY.is_valid(document)
