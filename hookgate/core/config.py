"""The compiled configuration: what `rules.yaml` means, ready to decide with.

Everything here is frozen. `hookgate.loading` builds it; nothing in it is looked up by text again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias

from msgspec import Struct

from hookgate.auth.addresses import Network
from hookgate.auth.keys import Algorithm
from hookgate.auth.presented import Encoding
from hookgate.auth.verifier import Verifier
from hookgate.core.backlog import DEFAULT_MOST, Backlog
from hookgate.core.programs import Program
from hookgate.core.templates import Template
from hookgate.expr.conditions import Condition
from hookgate.expr.index import ConditionIndex
from hookgate.expr.paths import Path
from hookgate.model import JSON

ANY_EVENT_TYPE = "*"


# --- where a value is found -----------------------------------------------------------------


class FromPath(Struct, frozen=True):
    """A value of the payload."""

    path: Path


class FromHeader(Struct, frozen=True):
    """A request header; `name` as written, `key` in lower case."""

    name: str
    key: str


class FromQuery(Struct, frozen=True):
    """A parameter of the query string."""

    name: str


class FromValue(Struct, frozen=True):
    """A constant; `place` says in a trace where it stands."""

    value: JSON
    place: str = "a fixed value"


Choice: TypeAlias = FromPath | FromHeader | FromQuery | FromValue
Selector: TypeAlias = tuple[Choice, ...]
"""Places to look in; the first that is present wins."""

ParamType: TypeAlias = Literal["str", "int", "float", "bool", "json"]


class Param(Struct, frozen=True):
    """A named value of an event. Without `type` the value keeps the type it had in the payload."""

    name: str
    selector: Selector
    default: JSON = None
    required: bool = False
    type: ParamType | None = None


# --- handshakes -----------------------------------------------------------------------------


class Requirement(Struct, frozen=True):
    """What a request must hold: at `place` exactly `value`, or any value, or none."""

    place: Choice
    test: Literal["equal", "present", "absent"]
    value: JSON = None


class HmacOf(Struct, frozen=True):
    """How an HMAC is made of a value, with the first secret that the source's sender signs with."""

    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""


class ReplyValue(Struct, frozen=True):
    """A value of an answer: what is found at `place`, or the HMAC of that."""

    place: Choice
    hmac: HmacOf | None = None


class Handshake(Struct, frozen=True):
    """A request by which a sender makes sure of the URL, and its answer.

    It is one where its method is `method` and every requirement of `when` is met; `shown` tells
    that in words. `auth` is asked instead of the source's auth; None asks that one. The answer has
    `text`, or `json`, or no body.
    """

    method: str
    when: tuple[Requirement, ...]
    auth: tuple[Verifier, ...] | None
    status: int
    headers: Mapping[str, ReplyValue]
    text: ReplyValue | None
    json: Mapping[str, ReplyValue] | None
    shown: str

    @property
    def values(self) -> tuple[ReplyValue, ...]:
        """Every value of the answer."""
        text = () if self.text is None else (self.text,)
        return (*text, *(self.json or {}).values(), *self.headers.values())

    @property
    def reads_payload(self) -> bool:
        """Whether the payload has to be known."""
        places = [each.place for each in self.when] + [each.place for each in self.values]
        return any(isinstance(place, FromPath) for place in places)

    @property
    def signs_for_others(self) -> bool:
        """Whether it makes an HMAC for somebody who has not proved to be the source's sender."""
        return self.auth is not None and any(value.hmac is not None for value in self.values)


# --- sources --------------------------------------------------------------------------------


class Key(Struct, frozen=True):
    """An expression whose value tells which events belong together.

    `shown` is its text as written, before `${NAME}` was filled in.
    """

    expression: Condition
    shown: str


class Debounce(Struct, frozen=True):
    """Of a burst of events only the newest runs; times in seconds, see `model.Pause`.

    Without `key` all events of the rule are one burst.
    """

    wait: float
    max_wait: float
    key: Key | None = None


class Rule(Struct, frozen=True):
    """A mapping rule. `id` is ``event_type[index]``; `line` is its line in the rules file.

    `shown` is the condition as written, before `${NAME}` was filled in. Tasks of equal `key` run
    one after the other; of those that are due the highest `priority` goes first.
    """

    id: str
    name: str | None
    line: int
    condition: Condition
    shown: str
    program: str
    key: Key | None = None
    priority: int = 0
    debounce: Debounce | None = None


class Respond(Struct, frozen=True):
    """The answer of a source whose sender expects a certain one. `body` None keeps our own.

    `output` sends the standard output of a program with `run_async: false` as the body.
    """

    status: int | None = None
    headers: Mapping[str, Template] = {}
    body: Template | None = None
    output: bool = False


class PayloadSchema(Protocol):
    """A compiled JSON Schema."""

    def findings(self, payload: JSON) -> list[str]:
        """What is wrong with the payload, one line each with its place; empty where it fits."""
        ...


class RateLimit(Struct, frozen=True):
    """How many deliveries are taken: `requests` in `per` seconds, and `burst` of them at once.

    With `key` those of each key are counted apart.
    """

    requests: int
    per: float
    burst: int
    key: Key | None = None

    def __str__(self) -> str:
        often = f"{self.requests} in {self.per:g} s, {self.burst} at once"
        return often if self.key is None else f"{often}, for each {self.key.shown}"


@dataclass(frozen=True, slots=True)
class Source:
    """A configured sender.

    `rules` maps an event type, or ``"*"``, to its rules in order, and `index` to an index over
    their conditions. `private_headers` (lower case) and `private_query` name what must not reach
    the store, a log, a trace or a condition.
    `max_body` is in bytes. Each verifier of `auth` must pass; it is never empty. `methods` are
    those of deliveries; a handshake has its own. Bodies are read as `content_type`, where there is
    one, and not as what the sender says.
    """

    name: str
    auth: tuple[Verifier, ...]
    event_type: Selector
    event_id: Selector
    params: tuple[Param, ...]
    rules: Mapping[str, tuple[Rule, ...]]
    index: Mapping[str, ConditionIndex] = field(repr=False, compare=False)
    match: Literal["first", "all"]
    methods: frozenset[str]
    max_body: int
    private_headers: frozenset[str]
    private_query: frozenset[str]
    respond: Respond | None = None
    payload_schemas: Mapping[str, PayloadSchema] = field(default_factory=dict)
    rate_limit: RateLimit | None = None
    handshakes: tuple[Handshake, ...] = ()
    content_type: str | None = None

    @property
    def handshake_methods(self) -> frozenset[str]:
        """The methods that some handshake has."""
        return frozenset(handshake.method for handshake in self.handshakes)


# --- the whole ------------------------------------------------------------------------------


class ServerSettings(Struct, frozen=True):
    """How the gateway listens. Times in seconds, sizes in bytes."""

    host: str = "127.0.0.1"
    port: int = 12345
    public_url: str | None = None
    trusted_proxies: tuple[Network, ...] = ()
    max_body: int = 5 * 1024 * 1024
    max_bodies: int = 64 * 1024 * 1024
    body_timeout: float = 10.0
    wait_timeout: float = 10.0
    shutdown_delay: float = 0.0
    shutdown_grace: float = 10.0
    max_connections: int = 1000
    concurrency: int = 16
    admin_token: str | None = None
    metrics: Literal["admin", "public"] = "admin"
    allow_origins: tuple[str, ...] = ()


class StoreSettings(Struct, frozen=True):
    """Where deliveries and tasks are kept, how long (in seconds) and how much (in bytes).

    `path` is absolute. `max_pending` is how much may wait to be run.
    """

    path: str
    shown: str
    retention: float | None = None
    max_size: int | None = None
    max_pending: Backlog = DEFAULT_MOST


class Config(Struct, frozen=True):
    """One rules file, compiled.

    `directory` is the absolute path of the directory that relative paths start from. `snapshot`
    is the file's text with credentials blanked out and `${NAME}` not filled in, and `digest` its
    SHA-256 in hex: with both in the store, an old decision can be explained later. `unset` names
    the variables that were not set, where the file was loaded without its environment.
    """

    server: ServerSettings
    store: StoreSettings
    sources: Mapping[str, Source]
    programs: Mapping[str, Program]
    directory: str
    snapshot: str
    digest: str
    unset: tuple[str, ...] = ()
