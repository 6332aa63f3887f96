"""Tables of the keys of the rules file, from its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import yaml

from docs.parts.markdown import marked_up, table
from hookgate.loading.schema import SCHEMA_FILE

Schema: TypeAlias = Mapping[str, Any]

SCHEMA: Schema = json.loads(SCHEMA_FILE.read_text("utf-8"))

_WORDS = {
    "string": "text",
    "object": "mapping",
    "array": "list",
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "null": "null",
}


def keys(name: str, *others: str) -> str:
    """The table of the keys of a definition of the schema but for the `others`.

    ``file`` is the rules file as a whole. Of a definition that allows a mapping beside other
    things, the keys of the mapping are meant.
    """
    schema = SCHEMA if name == "file" else resolved(SCHEMA["definitions"][name])
    rows = [row for row in _rows(schema) if row[0].strip("`") not in others]
    return table(("key", "type", "default", "meaning"), rows)


def _rows(schema: Schema, prefix: str = "") -> Iterator[tuple[str, str, str, str]]:
    mapping = schema if "properties" in schema else schema["then"]
    for key, written in mapping["properties"].items():
        child = resolved(written)
        meaning = marked_up(child["description"])
        yield f"`{prefix}{key}`", _type(written), _default(key, child, mapping), meaning
        if "properties" in written:
            yield from _rows(written, f"{prefix}{key}.")


def resolved(schema: Schema) -> Schema:
    """A schema with what it refers to; its own keywords go before."""
    parts = [schema["$ref"]] if "$ref" in schema else []
    parts += [part["$ref"] for part in schema.get("allOf", ()) if "$ref" in part]
    whole: dict[str, Any] = {}
    for reference in parts:
        whole.update(resolved(SCHEMA["definitions"][reference.removeprefix("#/definitions/")]))
    return {**whole, **schema}


# --- the cells ------------------------------------------------------------------------------


def _type(written: Schema) -> str:
    schema = resolved(written)
    if "enum" in schema:
        return ", ".join(f"`{_scalar(value)}`" for value in schema["enum"])
    if "allOf" in written and "$ref" in written["allOf"][0]:
        return _named(schema, resolved(written["allOf"][0]))
    if "minimum" in schema and "maximum" in schema and schema["type"] == "integer":
        return f"{schema['minimum']} to {schema['maximum']}"
    return " or ".join(_word(name, schema) for name in _types(schema)) or "any"


def _named(schema: Schema, definition: Schema) -> str:
    """What has a name in the schema, such as a duration; its own word where it may be null."""
    nullable = "null" in _types(schema)
    return f"{definition['title']} or null" if nullable else str(definition["title"])


def _types(schema: Schema) -> list[str]:
    found = schema.get("type", [])
    return found if isinstance(found, list) else [found]


def _word(name: str, schema: Schema) -> str:
    items = resolved(schema.get("items", {}))
    if name == "array" and "title" in items:
        return f"list of {' or '.join(map(_plural, items['title'].split(' or ')))}"
    return _WORDS[name]


def _plural(word: str) -> str:
    return f"{word}es" if word.endswith("s") else f"{word}s"


def _default(key: str, child: Schema, mapping: Schema) -> str:
    if child.get("default") == "":
        return "empty"
    if "default" in child:
        return f"`{_scalar(child['default'])}`"
    if key in mapping.get("required", ()):
        return "needed"
    branches = [mapping.get(name, {}) for name in ("then", "else")]
    choices = [choice for part in (mapping, *branches) for choice in part.get("oneOf", ())]
    if any(key in choice["required"] for choice in choices):
        return "one of these"
    return "depends" if any(key in part.get("required", ()) for part in branches) else "unset"


def _scalar(value: object) -> str:
    """A value as a rules file writes it."""
    if isinstance(value, str):
        return value
    text: str = yaml.safe_dump(value, default_flow_style=True, width=1000)
    return text.removesuffix("...\n").strip()
