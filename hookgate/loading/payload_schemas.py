"""JSON Schemas that payloads must fit, from files beside the rules file.

The only module here that imports the `jsonschema` library, which takes longer than all else that a
small rules file needs; hence it is imported where a source has such a schema, and not before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from jsonschema import Draft202012Validator, SchemaError, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable
from referencing.jsonschema import specification_with

from hookgate.core.config import ANY_EVENT_TYPE, PayloadSchema
from hookgate.expr.values import MalformedJSON, parse_json
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, shown_at
from hookgate.loading.findings import quoted
from hookgate.loading.interpolation import complete
from hookgate.loading.linear_schema import linear, pattern_fault
from hookgate.loading.nodes import Node
from hookgate.model import JSON

MAX_FINDINGS = 10
"""How many findings about one payload are told."""

_MAX_PLACE = 100


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """A compiled JSON Schema; its findings tell places and rules but no values of the payload."""

    file: str
    _validator: Validator = field(repr=False, compare=False)

    def __reduce__(self) -> tuple[object, ...]:
        """How `portable` makes it again: the validator is of a class that was made for it."""
        return _json_schema, (self.file, self._validator.schema)

    def findings(self, payload: JSON) -> list[str]:
        """At most `MAX_FINDINGS` lines such as ``issue.fields: 'priority' is required``."""
        found: list[str] = []
        try:
            for error in self._validator.iter_errors(payload):
                found.append(f"{_place(error)}: {_words(error)}")
                if len(found) == MAX_FINDINGS:
                    break
        except Unresolvable:
            return [f"the schema {self.file} refers to something outside itself"]
        except (RecursionError, ArithmeticError):
            return ["the payload is nested too deep or holds too large a number to be checked"]
        return found


def compile_payload_schemas(node: Node, context: Context) -> dict[str, PayloadSchema]:
    """The schemas of a source by event type; one for all is that of ``"*"``."""
    files = node.entries() if node.text is None else {ANY_EVENT_TYPE: node}
    compiled = {event_type: _compile(file, context) for event_type, file in files.items()}
    return {event_type: schema for event_type, schema in compiled.items() if schema is not None}


def _compile(node: Node, context: Context) -> PayloadSchema | None:
    if node.text is None or not complete(node.text):
        return None
    schema = _read(node, context)
    if schema is None:
        return None
    fault = _schema_fault(schema)
    if fault is not None:
        message = f"{shown_at(node)} is not a valid JSON Schema: {fault}"
        context.report(Code.PAYLOAD_SCHEMA, node, message)
        return None
    outside = _first_outside(schema)
    if outside is not None:
        message = f"{shown_at(node)} refers to {quoted(outside)}, which is not in it"
        context.report(Code.SCHEMA_REFERENCE, node, message, "references are never fetched")
        return None
    return _json_schema(Path(str(node.string)).name, schema)


def _json_schema(file: str, schema: dict[str, JSON] | bool) -> JsonSchema:
    return JsonSchema(file, _validator(schema))


def _read(node: Node, context: Context) -> dict[str, JSON] | bool | None:
    """The schema in a file; None where there is none, which is then a finding."""
    file = Path(context.directory, str(node.string))
    context.files.add(str(file))
    try:
        schema = parse_json(file.read_bytes())
    except MalformedJSON as error:
        context.report(Code.PAYLOAD_SCHEMA, node, f"{shown_at(node)} is not JSON: {error}")
        return None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
        context.report(Code.UNREADABLE_FILE, node, f"{shown_at(node)} cannot be read: {reason}")
        return None
    if isinstance(schema, dict | bool):
        return schema
    context.report(Code.PAYLOAD_SCHEMA, node, f"{shown_at(node)} does not hold an object")
    return None


def _validator_type(schema: dict[str, JSON] | bool) -> type[Validator]:
    return validator_for(schema, default=Draft202012Validator)


def _validator(schema: dict[str, JSON] | bool) -> Validator:
    # A registry of its own: the library's default one would fetch what is not in it.
    return linear(_validator_type(schema))(schema, registry=Registry())


def _schema_fault(schema: dict[str, JSON] | bool) -> str | None:
    try:
        _validator_type(schema).check_schema(schema)  # type: ignore[arg-type]  # a bool is a schema, too
    except SchemaError as error:
        return f"{error.message[:200]} at {error.json_path}"
    return pattern_fault(schema)


def _first_outside(schema: dict[str, JSON] | bool) -> str | None:
    """A reference that the schema cannot resolve within itself."""
    dialect = str(_validator_type(schema).META_SCHEMA["$schema"])
    root = specification_with(dialect).create_resource(schema)
    pending = [(root, Registry().resolver_with_root(root))]
    while pending:
        resource, resolver = pending.pop()
        reference = resource.contents.get("$ref") if isinstance(resource.contents, dict) else None
        try:
            if isinstance(reference, str):
                resolver.lookup(reference)
        except Unresolvable:
            return reference
        pending += [(part, resolver.in_subresource(part)) for part in resource.subresources()]
    return None


def _place(error: ValidationError) -> str:
    steps = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.absolute_path
    )
    return steps.removeprefix(".")[:_MAX_PLACE] or "the payload"


def _words(error: ValidationError) -> str:
    """What is wrong, in the words of the schema alone."""
    match error.validator:
        case "required":
            return error.message
        case "type":
            types = error.validator_value
            return f"is not of type {' or '.join(types) if isinstance(types, list) else types}"
        case "enum" | "const":
            return "is not one of the values allowed"
        case "additionalProperties" | "unevaluatedProperties":
            return "holds keys that are not allowed"
        case None:
            return "is not allowed"
    return f"does not fit {str(error.validator)!r} of the schema"
