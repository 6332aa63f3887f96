"""Handshakes: from what stands under `handshake` to what `decide` can answer with."""

from __future__ import annotations

from collections.abc import Iterator

from hookgate.auth.ip import IpAuth
from hookgate.auth.verifier import Verifier
from hookgate.core.config import FromHeader, FromQuery, Handshake, HmacOf, ReplyValue, Requirement
from hookgate.core.handshakes import hmac_signatures
from hookgate.core.selectors import describe
from hookgate.expr.values import for_show, text_of
from hookgate.loading.auth import compile_auth
from hookgate.loading.codes import Code
from hookgate.loading.context import Context, choice_at, integer_at, text_at, texts_at
from hookgate.loading.interpolation import complete
from hookgate.loading.nodes import Node
from hookgate.loading.selectors import compile_selector
from hookgate.loading.sender_auth import Arriving


def compile_handshakes(
    source: Node, auth: tuple[Verifier, ...], arriving: Arriving, context: Context
) -> tuple[Handshake, ...]:
    """The handshakes of a source whose `auth` is compiled.

    One that holds a variable that is not set is left out: half of it might fit anything.
    """
    compiled = []
    for node in handshake_nodes(source):
        _check_narrow(node, source, context)
        _check_secret(node, auth, context)
        handshake = _compile(node, auth, arriving, context)
        if all(map(_is_known, [*node.items("when"), *node.items("answer")])):
            compiled.append(handshake)
    return tuple(compiled)


def handshake_nodes(source: Node) -> list[Node]:
    """The handshakes of a source as they stand."""
    return [node for node in source.items("handshake") if isinstance(node.value, dict)]


def places_in(handshake: Node) -> Iterator[Node]:
    """What names a place in the request: the requirements, and the values of the answer."""
    yield from handshake.items("when")
    yield from handshake.items("answer", "text")
    yield from handshake.entries("answer", "json").values()
    yield from handshake.entries("answer", "headers").values()


def _is_known(node: Node) -> bool:
    return complete(node.string) and all(map(_is_known, node.entries().values()))


# --- what it compiles to --------------------------------------------------------------------


def _compile(
    node: Node, auth: tuple[Verifier, ...], arriving: Arriving, context: Context
) -> Handshake:
    method = choice_at(node, "method", default="POST")
    when = tuple(each for item in node.items("when") for each in _requirement(item, context))
    texts = [each for item in node.items("answer", "text") for each in _value(item, context)]
    fields = node.get("answer", "json")
    return Handshake(
        method=method,
        when=when,
        auth=_auth(node, auth, arriving, context),
        status=integer_at(node, "answer", "status", default=200),
        headers=_values(node.get("answer", "headers"), context),
        text=texts[0] if texts else None,
        json=None if fields is None else _values(fields, context),
        shown=method + (f" with {', '.join(map(_shown, when))}" if when else ""),
    )


def _auth(
    node: Node, auth: tuple[Verifier, ...], arriving: Arriving, context: Context
) -> tuple[Verifier, ...] | None:
    """The auth of its own, if it has one; from where it may come is not for it to say."""
    if node.get("auth") is None:
        return None
    addresses = tuple(verifier for verifier in auth if isinstance(verifier, IpAuth))
    return addresses + compile_auth(node, arriving, context)


def _requirement(node: Node, context: Context) -> Iterator[Requirement]:
    """The requirement that stands there, if its place can be read."""
    wanted = node.get("equals")
    for place in compile_selector(node, context):
        if wanted is None:
            yield Requirement(place, "present")
        elif wanted.value is None:
            yield Requirement(place, "absent")
        else:
            # Headers and parameters are text, also where a number stands in them.
            is_text = isinstance(place, FromHeader | FromQuery)
            value = text_of(wanted.plain()) if is_text else wanted.plain()
            yield Requirement(place, "equal", value)


def _shown(requirement: Requirement) -> str:
    place = describe(requirement.place)
    match requirement.test:
        case "present":
            return place
        case "absent":
            return f"no {place}"
        case "equal":
            return f"{place} {for_show(requirement.value)!r}"


def _values(node: Node | None, context: Context) -> dict[str, ReplyValue]:
    entries = {} if node is None else node.entries()
    return {name: each for name, item in entries.items() for each in _value(item, context)}


def _value(node: Node, context: Context) -> Iterator[ReplyValue]:
    """The value that stands there, if its place can be read."""
    hmac = node.get("hmac")
    for place in compile_selector(node, context):
        yield ReplyValue(place, None if hmac is None else _hmac(hmac))


def _hmac(node: Node) -> HmacOf:
    return HmacOf(
        algorithm=choice_at(node, "algorithm", default="sha256"),
        encoding=choice_at(node, "encoding", default="hex"),
        prefix=text_at(node, "prefix") or "",
    )


# --- what it must not be --------------------------------------------------------------------


def _check_narrow(node: Node, source: Node, context: Context) -> None:
    """Whether it leaves any delivery to be an event; what is misshapen is not there to tell."""
    method = choice_at(node, "method", default="POST")
    wanted = [item.get("equals") for item in node.items("when")]
    narrow = any(equals is None or equals.value is not None for equals in wanted)
    if narrow or context.findings.misshapen:
        return
    if method in (texts_at(source, "methods") or ("POST",)):
        message = f"every {method} would be taken for this handshake, and none for an event"
        suggestion = "tell it by a value that only a handshake has: when: {path: ..., equals: ...}"
        context.findings.add(Code.HANDSHAKE_TOO_WIDE, node.place, message, suggestion)


def _check_secret(node: Node, auth: tuple[Verifier, ...], context: Context) -> None:
    """Whether there is a secret for each HMAC."""
    if hmac_signatures(auth):
        return
    for place in places_in(node):
        if (hmac := place.get("hmac")) is not None:
            message = (
                "there is no secret for this HMAC: the source's auth has no signature with one"
            )
            context.findings.add(Code.HANDSHAKE_SECRET, hmac.place, message)
