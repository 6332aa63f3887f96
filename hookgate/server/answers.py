"""From what became of a delivery to the HTTP answer."""

from __future__ import annotations

import asyncio
import contextlib
import math
import re
from collections.abc import Iterable, Mapping

from msgspec import Struct, field
from starlette.types import Receive, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from hookgate.core.config import Config, Respond, Source
from hookgate.core.programs import Program
from hookgate.core.templates import fill
from hookgate.engine.receipts import (
    Greeted,
    Limited,
    NoRoom,
    NotRecorded,
    NotVerified,
    Receipt,
    Repeated,
    Taken,
    TurnedAway,
)
from hookgate.expr.values import json_bytes
from hookgate.model import JSON, Accepted, Decision, Ignored, Rejection, Reply, Task, TaskStatus
from hookgate.server.requests import Refusal, allowed
from hookgate.stores.store import TaskHistory

STATUS_OF: Mapping[Rejection, int] = {
    Rejection.MALFORMED: 400,
    Rejection.UNAUTHENTICATED: 401,
    Rejection.FORBIDDEN: 403,
    Rejection.METHOD: 405,
    Rejection.MEDIA_TYPE: 415,
    Rejection.UNFIT: 422,
}

WITHOUT_CONTENT = frozenset({204, 205, 304})
"""Statuses whose answer ends with its head: a body would be read as the next answer."""

RETRY_AFTER = "10"
"""Seconds after which a sender may try again where that was not to be blamed on it."""

LISTEN_SECONDS = 1.0
LISTEN_BYTES = 1024 * 1024
"""How long, and to how much, a caller is listened to that was answered while it was sending."""

_NOSNIFF = (b"x-content-type-options", b"nosniff")
"""What a caller sent may come back in an answer; no browser is to take that for a page."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Answer(Struct, frozen=True):
    """An HTTP answer. `body` is what is sent; `headers` do not repeat its length."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "application/json"})

    async def send(self, send: Send) -> None:
        """Send it to a caller that has been heard to the end."""
        headers = self.fields(close=False)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content})

    async def send_early(self, receive: Receive, send: Send) -> None:
        """Send it to a caller that may still be sending, and end the connection.

        A connection that is ended with something unread is reset, which may overtake the answer.
        So for a moment, what comes is read and thrown away.
        """
        headers = self.fields(close=True)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.content, "more_body": True})
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LISTEN_SECONDS):
                await _throw_away(receive)
        await send({"type": "http.response.body", "body": b""})

    @property
    def content(self) -> bytes:
        """The body as the status allows it."""
        return b"" if self.status in WITHOUT_CONTENT else self.body

    def encoded(self, more: Iterable[tuple[bytes, bytes]] = (), *, close: bool) -> bytes:
        """It as it goes over the wire, with `more` header fields before its own."""
        fields = [*more, *self.fields(close=close)]
        head = b"".join([b"%b: %b\r\n" % field for field in fields])
        return b"%b%b\r\n%b" % (STATUS_LINE[self.status], head, self.content)

    def fields(self, *, close: bool) -> list[tuple[bytes, bytes]]:
        """All header fields."""
        named = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in self.headers.items()]
        if _NOSNIFF[0] not in dict(named):
            named.append(_NOSNIFF)
        if self.status in WITHOUT_CONTENT:
            # It would describe a body that is left out. An answer that never had one keeps it:
            # Discord asks for a Content-Type also where it asks for no content.
            named = [(k, v) for k, v in named if k != b"content-type" or not self.body]
        else:
            named.append((b"content-length", b"%d" % len(self.body)))
        return [*named, (b"connection", b"close")] if close else named


async def _throw_away(receive: Receive) -> None:
    more, size = True, 0
    while more and size < LISTEN_BYTES:
        event = await receive()
        more = event.get("more_body", False)
        size += len(event.get("body", b""))


def json_answer(status: int, body: dict[str, JSON], **headers: str) -> Answer:
    """An answer with a JSON body."""
    return Answer(status, json_bytes(body), {"content-type": "application/json", **headers})


def refuse(refusal: Refusal, **headers: str) -> Answer:
    """The answer to a request that did not become a delivery."""
    if refusal.status == 503:
        return unavailable(refusal.message)
    body: dict[str, JSON] = {"status": "rejected", "message": refusal.message}
    return json_answer(refusal.status, body, **headers)


def refuse_for(source: Source, method: str, refusal: Refusal) -> Answer:
    """The same of a source that is there; where the method was wrong, with those that are not."""
    if refusal.status == STATUS_OF[Rejection.METHOD]:
        return refuse(refusal, allow=allowed(source, method))
    return refuse(refusal)


def unavailable(message: str, wait: str = RETRY_AFTER) -> Answer:
    """The answer to a request that comes at a bad time; the caller may send it again."""
    body: dict[str, JSON] = {"status": "unavailable", "message": message}
    return json_answer(503, body, **{"retry-after": wait})


def answer(receipt: Receipt, config: Config) -> Answer:
    """The answer that a sender gets."""
    match receipt:
        case TurnedAway(delivery, decision):
            refusal = Refusal(STATUS_OF[decision.rejection], decision.message)
            return refuse_for(config.sources[delivery.source], delivery.method, refusal)
        case Greeted(_, decision):
            return _greeting(decision.reply)
        case Limited(wait=wait):
            return _too_many(wait)
        case NoRoom(wait=wait):
            message = "too much waits to be run; try again later"
            return unavailable(message, str(math.ceil(wait)))
        case NotRecorded():
            return unavailable("the delivery could not be recorded; try again later")
        case NotVerified():
            return unavailable("the delivery could not be verified; try again later")
        case Repeated():
            own = json_answer(200, _repeated_body(receipt))
        case Taken(decision=Ignored()):
            own = json_answer(200, _ignored_body(receipt))
        case Taken():
            own = json_answer(_taken_status(receipt, config), _taken_body(receipt))
    respond = config.sources[receipt.delivery.source].respond
    return own if respond is None else _as_told(own, respond, receipt)


def _greeting(reply: Reply) -> Answer:
    """What a caller sent may be in it, so nobody may take it for more than text or JSON."""
    if reply.json is None:
        media_type, body = (
            "text/plain; charset=utf-8",
            (reply.text or "").encode("utf-8", "replace"),
        )
    else:
        media_type, body = "application/json", json_bytes(dict(reply.json))
    headers = {name.lower(): _header_text(value) for name, value in reply.headers.items()}
    fixed = {"content-type": media_type, "x-content-type-options": "nosniff"}
    return Answer(reply.status, body, headers | fixed)


def _too_many(wait: float) -> Answer:
    message = "there are too many deliveries of this source; try again later"
    body: dict[str, JSON] = {"status": "limited", "message": message}
    return json_answer(429, body, **{"retry-after": str(math.ceil(wait))})


def _taken_body(taken: Taken) -> dict[str, JSON]:
    known = {history.task.id: history.task for history in taken.waited}
    tasks = [known.get(task.id, task) for task in taken.tasks]
    first = taken.waited[0].task if taken.waited else tasks[0]
    event = taken.decision.event
    body: dict[str, JSON] = {
        "task_id": first.id,
        "status": first.status.value,
        "message": f"Task created for {event.source}:{event.event_type}",
        "delivery_id": taken.delivery.id,
        "tasks": [_task_body(task) for task in tasks],
    }
    if first.status.ended:
        body |= _result_body(taken.waited[0])
    return body


def _result_body(history: TaskHistory) -> dict[str, JSON]:
    last = history.attempts[-1]
    return {"exit_code": last.exit_code, "output": last.output, "error": last.error}


def _ignored_body(taken: Taken) -> dict[str, JSON]:
    return {
        "status": "ignored",
        "message": taken.decision.summary,
        "delivery_id": taken.delivery.id,
    }


def _repeated_body(repeated: Repeated) -> dict[str, JSON]:
    body: dict[str, JSON] = {
        "status": "duplicate",
        "message": "this event was accepted before; nothing was started",
        "delivery_id": repeated.first_id,
        "tasks": [_task_body(task) for task in repeated.tasks],
    }
    if repeated.tasks:
        body["task_id"] = repeated.tasks[0].id
    return body


def _task_body(task: Task) -> dict[str, JSON]:
    return {
        "task_id": task.id,
        "program": task.program,
        "rule": task.rule,
        "status": task.status.value,
    }


def _taken_status(taken: Taken, config: Config) -> int:
    """202 unless every task that was waited for has ended; then what its exit code stands for."""
    ended = [history for history in taken.waited if history.task.status.ended]
    if not ended or len(ended) < len(taken.waited):
        return 202
    statuses = [_status_of_end(history, config.programs[history.task.program]) for history in ended]
    return max(statuses)


def _status_of_end(history: TaskHistory, program: Program) -> int:
    exit_code = history.attempts[-1].exit_code
    if exit_code is not None and exit_code in program.exit_status:
        return program.exit_status[exit_code]
    return 200 if history.task.status is TaskStatus.COMPLETED else 500


def _as_told(own: Answer, respond: Respond, receipt: Taken | Repeated) -> Answer:
    """Our own answer changed into the one that the source's sender expects."""
    params = _params(receipt.decision)
    headers = {k.lower(): _header_text(fill(v, params)) for k, v in respond.headers.items()}
    status = respond.status or own.status
    if respond.output and isinstance(receipt, Taken) and "exit_code" in _result_keys(receipt):
        output = receipt.waited[0].attempts[-1].output.encode()
        return Answer(status, output, {"content-type": "text/plain; charset=utf-8", **headers})
    if respond.body is None:
        return Answer(status, own.body, {**own.headers, **headers})
    text = fill(respond.body, params).encode("utf-8", "replace")
    return Answer(status, text, {"content-type": "text/plain; charset=utf-8", **headers})


def _result_keys(taken: Taken) -> Mapping[str, JSON]:
    ended = taken.waited and taken.waited[0].task.status.ended
    return _result_body(taken.waited[0]) if ended else {}


def _params(decision: Decision) -> Mapping[str, JSON]:
    return decision.starts[0].params if isinstance(decision, Accepted) else {}


def _header_text(text: str) -> str:
    """A value that cannot break out of its header."""
    return _CONTROL.sub(" ", text).encode("latin-1", "replace").decode("latin-1")
