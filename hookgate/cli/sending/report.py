"""A request and its answer, as text for people and as a JSON document."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from msgspec import Struct

from hookgate.cli.sending.calling import MAX_ANSWER, Answer
from hookgate.cli.sending.target import Target
from hookgate.cli.terminal import bad, dim, good, printable
from hookgate.cli.trace_lines import paragraph
from hookgate.core.config import Source
from hookgate.core.decide import UNKNOWN_EVENT_TYPE
from hookgate.engine.outgoing import found_in
from hookgate.engine.redaction import REDACTED
from hookgate.expr.values import MalformedJSON, parse_json
from hookgate.model import JSON, Delivery

FORMAT_VERSION = 1

DEFAULT_RULES = Path("rules.yaml")


class Sent(Struct, frozen=True):
    """What was sent, signed; `put` tells what was put into the body of the file `payload`.

    `rules` is the rules file as the command line names it.
    """

    delivery: Delivery
    source: Source
    target: Target
    put: tuple[str, ...]
    payload: str
    rules: Path

    @property
    def url(self) -> str:
        """The address that was called, without credentials."""
        private = dict.fromkeys(self.source.private_query & self.delivery.query.keys(), REDACTED)
        return self.target.url({**self.delivery.query, **private})

    @property
    def event_type(self) -> str:
        """The event type as the gateway finds it."""
        found = found_in(self.delivery, self.source.event_type, self.source)
        return found or UNKNOWN_EVENT_TYPE

    @property
    def event_id(self) -> str | None:
        """The event id as the gateway finds it."""
        return found_in(self.delivery, self.source.event_id, self.source)

    @property
    def schemes(self) -> tuple[str, ...]:
        """How the sender proves who it is."""
        return tuple(verifier.scheme for verifier in self.source.auth)

    @property
    def headers(self) -> dict[str, JSON]:
        """The headers that are no credentials."""
        private = self.source.private_headers
        return {name: v for name, v in self.delivery.headers.items() if name not in private}


def document(sent: Sent, answer: Answer) -> JSON:
    """The request without its credentials, and the answer."""
    request: dict[str, JSON] = {
        "source": sent.source.name,
        "method": sent.delivery.method,
        "url": sent.url,
        "event_type": sent.event_type,
        "event_id": sent.event_id,
        "auth": list(sent.schemes),
        "headers": sent.headers,
        "bytes": len(sent.delivery.body),
        "put_into_body": list(sent.put),
    }
    answered: dict[str, JSON] = {
        "status": answer.status,
        "headers": dict(answer.headers),
        "body": _content(answer),
    }
    return {"format_version": FORMAT_VERSION, "request": request, "answer": answered}


def report(sent: Sent, answer: Answer) -> str:
    """The same for people, and what can be done next."""
    return "\n".join(
        [
            *paragraph("sent", [printable(f"{sent.delivery.method} {sent.url}")]),
            *paragraph("event", [printable(_event(sent))]),
            *paragraph("auth", _auth(sent)),
            *paragraph("body", [printable(_body(sent))]),
            *paragraph("answer", _answer(answer)),
            "",
            printable(_next(sent, answer)),
        ]
    )


def _event(sent: Sent) -> str:
    return sent.event_type if sent.event_id is None else f"{sent.event_type}, id {sent.event_id}"


def _auth(sent: Sent) -> Iterator[str]:
    yield " + ".join(sent.schemes)
    if "ip" in sent.schemes:
        yield dim("ip is not signed: what counts is the address that the gateway is called from")


def _body(sent: Sent) -> str:
    media_type = sent.delivery.headers.get("content-type", "no content type, read as JSON")
    size = f"{len(sent.delivery.body)} bytes, {media_type}"
    return f"{size}; put into it: {', '.join(sent.put)}" if sent.put else size


def _answer(answer: Answer) -> Iterator[str]:
    colour = good if answer.good else bad
    yield colour(printable(f"{answer.status} {answer.phrase}".rstrip()))
    content = _content(answer)
    text = content if isinstance(content, str) else _laid_out(answer)
    yield from map(printable, text.splitlines())
    if len(answer.body) == MAX_ANSWER:
        yield dim(f"only the first {MAX_ANSWER} bytes were read")


def _laid_out(answer: Answer) -> str:
    return json.dumps(json.loads(answer.body), indent=2, ensure_ascii=False)


def _content(answer: Answer) -> JSON:
    """The body as JSON where it is some, else as text."""
    try:
        return parse_json(answer.body)
    except MalformedJSON:
        return answer.body.decode("utf-8", "replace")


# --- what can be done next ------------------------------------------------------------------


def _next(sent: Sent, answer: Answer) -> str:
    """What to do now: a command with its purpose behind it, or why there is none."""
    content = _content(answer)
    told: Mapping[str, JSON] = content if isinstance(content, dict) else {}
    if answer.status in (401, 403):
        return "why is in the log of the gateway, which does not tell callers"
    if not answer.good:
        return "nothing was accepted"
    task = told.get("task_id")
    match told.get("status"):
        case "ignored":
            return f"{_replay(sent)}   # why no program was started"
        case "duplicate":
            return "this event was accepted before and is not run again; give it another --event-id"
    return f"{_read(sent, task)}   # how it goes" if isinstance(task, str) else "it was accepted"


def _read(sent: Sent, task: str) -> str:
    """How a task is read: beside the routes of the sources, which may stand behind a prefix."""
    path = sent.target.path
    routes = (f"/api/webhooks/{sent.source.name}", f"/{sent.source.name}")
    route = next((route for route in routes if path.endswith(route)), path)
    url = f"{sent.target.origin}{path.removesuffix(route)}/api/tasks/{task}"
    return shlex.join(["curl", "-sS", url])


def _replay(sent: Sent) -> str:
    given = ["--source", sent.source.name, "--event-type", sent.event_type]
    rules = [] if sent.rules == DEFAULT_RULES else ["--rules", str(sent.rules)]
    return shlex.join(["hookgate", "replay", sent.payload, *given, *rules])
