"""Sources: from what stands under `sources` to what `decide` can decide with."""

from __future__ import annotations

from hookgate.core.config import (
    Debounce,
    FromHeader,
    PayloadSchema,
    RateLimit,
    Respond,
    Rule,
    Selector,
    ServerSettings,
    Source,
)
from hookgate.expr.index import ConditionIndex
from hookgate.loading.auth import compile_auth
from hookgate.loading.conditions import NEVER, compile_condition, compile_key, usable_names
from hookgate.loading.context import (
    Context,
    bytes_at,
    choice_at,
    integer_at,
    seconds_at,
    text_at,
    texts_at,
    written_at,
)
from hookgate.loading.handshakes import compile_handshakes, handshake_nodes, places_in
from hookgate.loading.interpolation import complete, pieces, shown
from hookgate.loading.nodes import Node
from hookgate.loading.selectors import check_private, compile_params, compile_selector
from hookgate.loading.sender_auth import Arriving
from hookgate.loading.templates import compile_template

PRIVATE_HEADERS = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        "x-api-key",
        "x-auth-token",
        "x-gitlab-token",
        "x-hub-signature",
        "x-hub-signature-256",
        "x-secret",
        "x-signature",
        "x-telegram-bot-api-secret-token",
        "x-webhook-secret",
        "x-webhook-signature",
        "x-webhook-token",
    }
)
"""Headers that carry credentials whatever the auth of the source; in lower case."""

PRIVATE_QUERY = frozenset(
    {"access_token", "api_key", "apikey", "password", "secret", "signature", "token"}
)
"""Parameters of the query string that do."""

_WAITS_AT_MOST = 10
"""How many times `wait` a burst lasts at the longest where `max_wait` is not set."""

_DEFAULT_EVENT_TYPE: Selector = (FromHeader("X-Event-Type", "x-event-type"),)


def compile_sources(root: Node, server: ServerSettings, context: Context) -> dict[str, Source]:
    """The sources by name; what they do not say for themselves, the server does."""
    return {
        name: _compile_source(name, node, server, context)
        for name, node in root.entries("sources").items()
    }


def _compile_source(name: str, node: Node, server: ServerSettings, context: Context) -> Source:
    arriving = Arriving(_url(name, node, server.public_url), _content_type(node))
    auth = compile_auth(node, arriving, context)
    handshakes = compile_handshakes(node, auth, arriving, context)
    verifiers = [*auth, *(each for handshake in handshakes for each in handshake.auth or ())]
    private_headers = PRIVATE_HEADERS.union(*(each.credential_headers for each in verifiers))
    private_query = PRIVATE_QUERY.union(*(each.credential_query for each in verifiers))
    for selector in _selector_nodes(node):
        check_private(selector, private_headers, private_query, context)
    rules = _rules(name, node, context)
    return Source(
        name=name,
        auth=auth,
        event_type=_selector(node.get("event_type"), _DEFAULT_EVENT_TYPE, context),
        event_id=_selector(node.get("event_id"), (), context),
        params=compile_params(node, context),
        rules=rules,
        index={
            event_type: ConditionIndex(rule.condition for rule in rule_list)
            for event_type, rule_list in rules.items()
        },
        match=choice_at(node, "match", default="first"),
        methods=frozenset(texts_at(node, "methods")) or frozenset({"POST"}),
        max_body=bytes_at(node, "max_body", default=server.max_body),
        private_headers=private_headers,
        private_query=private_query,
        respond=_respond(node.get("respond")),
        payload_schemas=_payload_schemas(node.get("payload_schema"), context),
        rate_limit=_rate_limit(name, node.get("rate_limit"), context),
        handshakes=handshakes,
        content_type=arriving.content_type,
    )


def _url(name: str, node: Node, base_url: str | None) -> str | None:
    """The URL that the sender was given: the source's own, or that of the gateway and its route."""
    own = written_at(node, "public_url")
    if own is not None or base_url is None:
        return own
    return f"{base_url.rstrip('/')}/api/webhooks/{name}"


def _content_type(node: Node) -> str | None:
    """What bodies are read as where the sender is not to say; AWS SNS calls its JSON a text."""
    own = text_at(node, "content_type")
    types = {text_at(entry, "type") for entry in node.items("auth")}
    return "application/json" if own is None and "sns" in types else own


def _selector(node: Node | None, default: Selector, context: Context) -> Selector:
    return default if node is None else compile_selector(node, context)


def _selector_nodes(node: Node) -> list[Node]:
    fixed = [node.get("event_type"), node.get("event_id")]
    params = node.entries("params").values()
    handshakes = [place for handshake in handshake_nodes(node) for place in places_in(handshake)]
    return [*(child for child in fixed if child), *params, *handshakes]


def _payload_schemas(node: Node | None, context: Context) -> dict[str, PayloadSchema]:
    if node is None:
        return {}
    # Imported only where it is needed, for it brings in a library that is slow to import.
    from hookgate.loading.payload_schemas import compile_payload_schemas

    return compile_payload_schemas(node, context)


def _rate_limit(name: str, node: Node | None, context: Context) -> RateLimit | None:
    if node is None:
        return None
    requests = integer_at(node, "requests", default=1)
    names = usable_names(context.written.entries("sources", name, "params"))
    return RateLimit(
        requests=requests,
        per=seconds_at(node, "per", default=1.0),
        burst=integer_at(node, "burst", default=requests),
        key=compile_key(node.get("key"), names, context),
    )


# --- rules ----------------------------------------------------------------------------------


def _rules(name: str, node: Node, context: Context) -> dict[str, tuple[Rule, ...]]:
    names = usable_names(context.written.entries("sources", name, "params"))
    compiled = {}
    for event_type, rule_list in node.entries("rules").items():
        rules = (
            _rule(event_type, index, rule, names, context)
            for index, rule in enumerate(rule_list.items())
        )
        compiled[event_type] = tuple(rule for rule in rules if rule is not None)
    return compiled


def _rule(
    event_type: str, index: int, node: Node, names: frozenset[str], context: Context
) -> Rule | None:
    condition_node = node.get("condition")
    condition = compile_condition(condition_node, names, context)
    key = compile_key(node.get("key"), names, context)
    debounce = _debounce(node.get("debounce"), names, context)
    program = node.get("program")
    if program is None or program.text is None:
        return None
    written = "True" if condition_node is None else condition_node.text
    return Rule(
        id=f"{event_type}[{index}]",
        name=text_at(node, "name"),
        line=node.span.line,
        # A rule that rests on a variable that is not set never holds.
        condition=condition if complete(program.text) else NEVER,
        shown=condition.text if written is None else shown(written),
        program=program.text if complete(program.text) else shown(program.text),
        key=key,
        priority=integer_at(node, "priority", default=0),
        debounce=debounce,
    )


def _debounce(node: Node | None, names: frozenset[str], context: Context) -> Debounce | None:
    if node is None:
        return None
    wait = seconds_at(node, "wait", default=0)
    max_wait = seconds_at(node, "max_wait", default=_WAITS_AT_MOST * wait)
    return Debounce(wait, max_wait, compile_key(node.get("key"), names, context))


# --- the answer -----------------------------------------------------------------------------


def _respond(node: Node | None) -> Respond | None:
    if node is None:
        return None
    if node.text is not None:
        return Respond(output=True)
    body = node.get("body")
    return Respond(
        status=integer_at(node, "status", default=0) or None,
        headers={
            name: compile_template(pieces(value.string))
            for name, value in node.entries("headers").items()
        },
        body=None if body is None else compile_template(pieces(body.string)),
    )
