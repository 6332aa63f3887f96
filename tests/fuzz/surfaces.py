"""What is fuzzed, and what must hold of it. Each raises `AssertionError` for what must not be."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import httpx
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hookgate.core.decide import decide
from hookgate.errors import EvaluationError
from hookgate.expr.conditions import BUILT_IN_NAMES, FUNCTIONS, Condition, parse_condition
from hookgate.expr.paths import Path, parse_path
from hookgate.model import Accepted, Ignored, Rejected
from tests.acceptance.gateway import Gateway
from tests.fuzz.requests import BODIES, FIELDS, conversations
from tests.rules import compiled, delivery

RULES = """\
version: 1
server: {body_timeout: 500ms}
store: {url: "sqlite:hookgate.db", max_pending: {tasks: 100000000, bytes: 100GB}}
sources:
  open: &open
    auth: {type: none}
    event_id: {header: X-Id}
    params:
      title: {path: title, default: none}
      first: "a.b[0]"
      every: "a[*].b"
      number: {query: a, type: int}
    match: all
    rules:
      push: [{condition: "contains(title, 't') and first > 1", program: note}]
      "*": [{condition: "payload['a']['b'][1] == 2.5 or every or number", program: note}]
  form:
    auth: {type: none}
    event_type: a
    respond: {headers: {X-Title: "{title}"}, body: "{title}"}
    params: {title: {header: X-Id}}
    rules: {"*": [{program: note}]}
  token: {auth: {type: token, token: fuzz-canary}, rules: {"*": [{program: note}]}}
  signed:
    auth: {type: signature, secret: fuzz-canary, header: X-Hub-Signature-256, prefix: "sha256="}
    rules: {"*": [{program: note}]}
programs: {note: {command: ["true"]}}
""".replace("&open", "")

CALLERS = 20
"""Conversations that are held at the same time."""

_QUIET = 0.03
_HANGS = 8.0
"""Seconds: more than the gateway gives a body, or the next request on a connection."""

_FAULTS = re.compile(r"Traceback|broke|Exception|Error\b")
_STATUS = re.compile(rb"^HTTP/1\.1 (\d+)", re.MULTILINE)
_REFUSED = {400, 401, 403, 404, 405, 408, 413, 415, 422, 431, 501, 505}
_STATUSES = {100, 200, 202, *_REFUSED}

Run = Callable[[int], None]
Surface = Callable[[], "Run"]
"""Tries so many cases."""


def http(served: Gateway) -> Run:
    """The gateway answers whatever it is sent with a status that is meant, and goes on."""
    port = int(served.url.rpartition(":")[2])
    seen = 0

    def check(several: list[list[bytes]]) -> None:
        nonlocal seen
        for sent, answer in zip(several, asyncio.run(_converse(port, several)), strict=True):
            statuses = {int(status) for status in _STATUS.findall(answer)}
            assert statuses <= _STATUSES, (statuses, sent)
        assert httpx.get(f"{served.url}/healthz", timeout=_HANGS).status_code == 200
        told, seen = served.log[seen:], len(served.log)
        assert not _FAULTS.search(told), told
        assert all(character.isprintable() or character == "\n" for character in told), told

    return _runs(check, st.lists(conversations(), min_size=CALLERS, max_size=CALLERS), CALLERS)


async def _converse(port: int, several: list[list[bytes]]) -> list[bytes]:
    async with asyncio.timeout(_HANGS * 2):
        return await asyncio.gather(*[_answers(port, pieces) for pieces in several])


async def _answers(port: int, pieces: list[bytes]) -> bytes:
    """All that is answered, until nothing comes for a moment and the connection is given up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answer = b""
    with suppress(ConnectionError):
        for piece in pieces:
            writer.write(piece)
            await asyncio.sleep(0)
        with suppress(TimeoutError):
            while read := await asyncio.wait_for(reader.read(65536), _QUIET):
                answer += read
        with suppress(OSError):
            writer.write_eof()
        while read := await asyncio.wait_for(reader.read(65536), _HANGS):
            answer += read
    writer.close()
    return answer


CONFIG = compiled(RULES)
_NAMES = [*BUILT_IN_NAMES, "title", "first", "nothing"]
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner),
    max_leaves=8,
)
_SYNTAX = """1 -2.5 't' None True [1,'t'] {} ( ) [ ] + - * / // % ** << == != < in not and or if
else , . : lambda for __class__ { } f'{title}' := @"""
_WORDS = st.sampled_from([*_NAMES, *FUNCTIONS, *_SYNTAX.split()])
_TEXTS = st.lists(_WORDS, min_size=1, max_size=12).map(" ".join) | st.text(max_size=30)


def _condition(text: str, value: Any) -> None:
    parsed = parse_condition(text, _NAMES)
    if isinstance(parsed, Condition):
        values = dict.fromkeys(_NAMES, value) | {"headers": {}, "query": {}, "source": "s"}
        with suppress(EvaluationError):
            assert isinstance(parsed.holds(values), bool)
        assert isinstance(parsed.filled_in(values), str)


def _path(text: str, value: Any) -> None:
    parsed = parse_path(text)
    if isinstance(parsed, Path):
        parsed.find(value)
        parsed.value(value)


def _delivery(source: str, raw: bytes, fields: list[tuple[bytes, bytes]]) -> None:
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in fields}
    arrived = delivery(source, raw, headers, {"a": headers.get("x-id", "")})
    assert isinstance(decide(CONFIG, arrived, 1_000_000.0), Accepted | Ignored | Rejected)


_PATHS = st.text(alphabet="ab.[]*0-1\"'\\é ", max_size=16) | st.text(max_size=16)
_RAW = BODIES | _JSON.map(lambda value: json.dumps(value).encode())
_SOURCES = st.sampled_from(sorted(CONFIG.sources))


def conditions() -> Run:
    """Any text is a condition or has faults; any condition is true, false or could not be told."""
    return _runs(lambda case: _condition(*case), st.tuples(_TEXTS, _JSON))


def paths() -> Run:
    """Any text is a path or has a fault; any path finds something or nothing in any value."""
    return _runs(lambda case: _path(*case), st.tuples(_PATHS, _JSON))


def deliveries() -> Run:
    """Any headers with any body come to a decision."""
    return _runs(lambda case: _delivery(*case), st.tuples(_SOURCES, _RAW, FIELDS))


def _runs(check: Callable[[Any], None], cases: st.SearchStrategy[Any], at_once: int = 1) -> Run:
    # Making many conversations smaller takes longer than looking at the one that is told.
    phases = [Phase.generate] if at_once > 1 else [Phase.generate, Phase.shrink]

    def run(count: int) -> None:
        configured = settings(
            max_examples=max(1, count // at_once),
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=phases,
        )
        configured(given(cases)(check))()

    return run
