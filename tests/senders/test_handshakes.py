"""Each sender's handshake is answered as it wants to hear, and nothing that is only nearly one."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hookgate.core.decide import decide
from hookgate.engine.receipts import Greeted
from hookgate.loading.preset_facts import handshakes
from hookgate.loading.presets import names, preset
from hookgate.model import (
    Answered,
    Authentication,
    AuthResult,
    Delivery,
    Rejected,
    Reply,
)
from hookgate.server.answers import answer
from hookgate.server.rehearsal import rehearse
from tests.senders.handshakes import EXCHANGES, Exchange, Refused

every = pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)

REFUSED = [
    pytest.param(exchange, refused, id=f"{exchange.name}: {refused.because}")
    for exchange in EXCHANGES
    for refused in exchange.refused
]


@every
def test_a_handshake_is_answered_exactly_as_its_sender_wants(exchange: Exchange) -> None:
    delivery = exchange.delivery()
    decision = decide(exchange.config, delivery, exchange.now)
    assert isinstance(decision, Answered), decision
    given_answer = answer(Greeted(delivery, decision), exchange.config)
    wanted = exchange.answer
    assert (given_answer.status, given_answer.body.decode()) == (wanted.status, wanted.body)
    assert dict(given_answer.headers) == wanted.headers


@pytest.mark.parametrize(("exchange", "refused"), REFUSED)
def test_what_is_only_nearly_a_handshake_is_refused(exchange: Exchange, refused: Refused) -> None:
    outcome = rehearse(exchange.config, exchange.delivery(refused))
    assert (outcome.outcome, outcome.status) == (Rejected.outcome, refused.status), outcome.reason


@every
def test_the_reason_names_the_handshake_and_never_a_value_of_the_caller(
    exchange: Exchange,
) -> None:
    decision = decide(exchange.config, exchange.delivery(), exchange.now)
    assert isinstance(decision, Answered)
    assert decision.summary.startswith(f"handshake: {exchange.request.method}")
    for value in [exchange.answer.body, *exchange.answer.headers.values()]:
        assert value in ("", "*") or value not in decision.summary


@pytest.mark.parametrize("name", [name for name in names() if handshakes(preset(name))])
def test_every_handshake_of_a_preset_has_its_file(name: str) -> None:
    files = [each for each in EXCHANGES if each.configured.get("provider") == name]
    assert len(files) == len(handshakes(preset(name)))


@every
def test_null_answers_no_handshake(exchange: Exchange) -> None:
    unanswered = Exchange(
        name=exchange.name,
        source=exchange.source,
        configured={**exchange.configured, "handshake": None},
        now=exchange.now,
        request=exchange.request,
        answer=exchange.answer,
        refused=(),
    )
    assert rehearse(unanswered.config, unanswered.delivery()).outcome != Answered.outcome


def test_a_constant_cannot_break_out_of_its_header() -> None:
    reply = Reply(200, {"X-A": "a\r\nX-B: \u2713"})
    decision = Answered(Authentication(AuthResult.PASSED), reply, "")
    exchange = EXCHANGES[0]
    sent = answer(Greeted(exchange.delivery(), decision), exchange.config)
    assert (b"x-a", b"a  X-B: ?") in sent.fields(close=False)


TEXT = st.text(max_size=20)
NAMES = sorted(
    {name.lower() for each in EXCHANGES for name in each.request.headers}
    | {"x-other", "content-type"}
)
PARAMETERS = sorted({name for each in EXCHANGES for name in each.request.query} | {"other"})
BODIES = st.sampled_from([each.request.body for each in EXCHANGES]) | TEXT


@st.composite
def requests(draw: st.DrawFn) -> tuple[Exchange, Delivery]:
    """A request that has parts of handshakes, of this and of other senders, in any combination."""
    exchange = draw(st.sampled_from(EXCHANGES))
    genuine = exchange.delivery()
    headers = draw(st.dictionaries(st.sampled_from(NAMES), TEXT, max_size=3))
    query = draw(st.dictionaries(st.sampled_from(PARAMETERS), TEXT, max_size=3))
    kept_headers = dict(genuine.headers) if draw(st.booleans()) else {}
    kept_query = dict(genuine.query) if draw(st.booleans()) else {}
    return exchange, Delivery(
        id=genuine.id,
        source=genuine.source,
        received_at=genuine.received_at,
        method=draw(st.sampled_from([genuine.method, "POST", "GET", "HEAD", "OPTIONS", "PUT"])),
        path=genuine.path,
        query=kept_query | query,
        headers=kept_headers | headers,
        body=draw(st.just(exchange.request.body) | BODIES).encode("utf-8", "surrogatepass"),
        peer=genuine.peer,
    )


@settings(max_examples=400, deadline=None)  # the first example compiles its rules file
@given(requests())
def test_nothing_is_answered_that_does_not_meet_every_requirement(
    request: tuple[Exchange, Delivery],
) -> None:
    exchange, delivery = request
    if isinstance(decide(exchange.config, delivery, exchange.now), Answered):
        assert any(is_met(each, delivery) for each in written(exchange))


def written(exchange: Exchange) -> list[dict[str, Any]]:
    """The handshakes of a source as they are written, in the rules file or in the preset."""
    own = exchange.configured.get("handshake", {})
    found: Any = own if "answer" in own else preset(exchange.configured["provider"])["handshake"]
    return found if isinstance(found, list) else [found]


def is_met(handshake: dict[str, Any], delivery: Delivery) -> bool:
    """Whether a request has the method, and at each place the value, that is written there."""
    when = handshake.get("when", [])
    places = when if isinstance(when, list) else [when]
    return delivery.method == handshake.get("method", "POST") and all(
        value_at(place, delivery) not in (None, "")
        if "equals" not in place
        else value_at(place, delivery) == place["equals"]
        for place in places
    )


def value_at(place: dict[str, str], delivery: Delivery) -> Any:
    """What is found at a place; a path in the files is one key."""
    if "header" in place:
        return delivery.headers.get(place["header"].lower())
    if "query" in place:
        return delivery.query.get(place["query"])
    if "form" in delivery.headers.get("content-type", ""):
        return dict(parse_qsl(delivery.body.decode())).get(place["path"])
    payload = json.loads(delivery.body)
    return payload.get(place["path"]) if isinstance(payload, dict) else None
