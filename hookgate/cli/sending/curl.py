"""A request as a command for a POSIX shell that sends it with curl."""

from __future__ import annotations

import dataclasses
import re
import shlex
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from hookgate.auth.basic import BasicAuth
from hookgate.auth.client_state import ClientStateAuth
from hookgate.auth.token import TokenAuth
from hookgate.auth.twilio import TwilioAuth
from hookgate.auth.verifier import Verifier
from hookgate.cli.sending.target import Target
from hookgate.core.config import Source
from hookgate.engine.outgoing import Outgoing, Unsendable
from hookgate.engine.signing import TokenPlace, Unsignable, signed, token_place
from hookgate.loading.interpolation import Filled
from hookgate.loading.nodes import Node
from hookgate.model import Delivery

_TELLING = TokenAuth | BasicAuth | ClientStateAuth
"""Auth that presents the secret itself, instead of something that was made with it."""

_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_LITERAL = re.compile(rb"[ -\[\]-~]")  # ASCII that is printable, but no backslash
_NOT_ASCII = re.compile(r"[^\t -~]")


class Command(Struct, frozen=True):
    """A command, and the variables that the shell must have for it."""

    text: str
    variables: tuple[str, ...]


class _Secret(Struct, frozen=True):
    """Arguments that present a secret by the variables that hold it.

    `headers` are those that may carry it, in lower case.
    """

    arguments: str
    variables: tuple[str, ...]
    in_query: bool = False
    headers: frozenset[str] = frozenset()


def curl_command(
    request: Outgoing, source: Source, entries: Sequence[Node], target: Target, payload: str
) -> Command | Unsignable | Unsendable:
    """The command for a request; `entries` are those of `auth` in the rules file.

    It holds signatures and no secret: a token or a password stands there as its variable. A body
    that is not that of the file `payload` as it is stands in the command itself.
    """
    pairs = zip(source.auth, entries, strict=True)
    secrets = _secrets([pair for pair in pairs if isinstance(pair[0], _TELLING)])
    if isinstance(secrets, Unsendable):
        return secrets
    signing = tuple(verifier for verifier in source.auth if not isinstance(verifier, _TELLING))
    if any(secret.in_query for secret in secrets) and any(map(_signs_query, signing)):
        return Unsendable("the query is signed together with the secret that stands in it")
    delivery = signed(request.delivery, dataclasses.replace(source, auth=signing))
    if isinstance(delivery, Unsignable):
        return delivery
    if any(map(_NOT_ASCII.search, delivery.headers.values())):
        return Unsendable("a header holds characters that a shell cannot be relied on to pass on")
    as_it_is = request.exact and delivery.body == request.delivery.body
    before, data = ("", f"@{payload}") if as_it_is else (_printed(delivery.body), "@-")
    url = target.url(delivery.query)
    lines = [
        f"{before}curl -sS -i -X {delivery.method} {shlex.quote(url)}",
        *(f"-H {shlex.quote(header)}" for header in _headers(delivery, secrets)),
        *(secret.arguments for secret in secrets),
        f"--data-binary {shlex.quote(data)}",
    ]
    variables = tuple(name for secret in secrets for name in secret.variables)
    return Command(" \\\n  ".join(lines), variables)


# --- what presents a secret -----------------------------------------------------------------


def _secrets(telling: Sequence[tuple[Verifier, Node]]) -> list[_Secret] | Unsendable:
    secrets = []
    for verifier, entry in telling:
        secret = _secret(verifier, entry)
        if isinstance(secret, Unsendable):
            return secret
        secrets.append(replace(secret, headers=verifier.credential_headers))
    return secrets


def _secret(verifier: Verifier, entry: Node) -> _Secret | Unsendable:
    """How curl presents what a verifier looks for."""
    match verifier:
        case TokenAuth():
            return _token(token_place(verifier), entry.items("token")[0])
        case BasicAuth():
            return _basic(entry.items("username")[0], entry.items("password")[0])
    return Unsendable(f"{verifier.scheme} puts the secret into the body, which is not printed")


def _token(place: TokenPlace, token: Node) -> _Secret | Unsendable:
    variable = _variable(token)
    if variable is None:
        return _not_a_variable("token")
    option, before = "-H", f"{place.name}: {place.prefix}"
    if place.query:
        option, before = "--url-query", f"{place.name}="
    return _Secret(f"{option} {shlex.quote(before)}{_expanded(variable)}", (variable,), place.query)


def _basic(username: Node, password: Node) -> _Secret | Unsendable:
    name, variable = _variable(username), _variable(password)
    if variable is None:
        return _not_a_variable("password")
    if name is not None:
        both = f"{_expanded(name)}:{_expanded(variable)}"
        return _Secret(f"-u {both}", (name, variable))
    if isinstance(username.value, Filled):
        return _not_a_variable("username")
    before = shlex.quote(f"{username.string}:")
    return _Secret(f"-u {before}{_expanded(variable)}", (variable,))


def _expanded(variable: str) -> str:
    """A variable's value as one word of a shell, or a part of one."""
    return f'"${variable}"'


def _variable(node: Node) -> str | None:
    """The variable that a text is no more than a reference to."""
    text = node.value.shown if isinstance(node.value, Filled) else ""
    found = _VARIABLE.fullmatch(text)
    return None if found is None else found[1]


def _not_a_variable(key: str) -> Unsendable:
    place = f"auth.{key} of the rules file is no ${{NAME}}"
    return Unsendable(f"{place}, so that the command would hold the secret itself")


# --- the rest of the request ----------------------------------------------------------------


def _signs_query(verifier: Verifier) -> bool:
    return isinstance(verifier, TwilioAuth)


def _headers(delivery: Delivery, secrets: Sequence[_Secret]) -> list[str]:
    """All headers but those that a secret goes into."""
    taken: frozenset[str] = frozenset().union(*(secret.headers for secret in secrets))
    kept = {name: value for name, value in delivery.headers.items() if name not in taken}
    # Without the semicolon curl takes a header that has no value for one to be left out.
    written = [f"{name}: {value}" if value else f"{name};" for name, value in kept.items()]
    return written if "content-type" in kept else ["content-type:", *written]


def _printed(body: bytes) -> str:
    """A command that prints a body byte by byte: as plain text, with escapes for the rest."""
    escaped = "".join(
        chr(byte) if _LITERAL.match(bytes([byte])) else f"\\0{byte:03o}" for byte in body
    )
    return f"printf %b {shlex.quote(escaped)} | "
