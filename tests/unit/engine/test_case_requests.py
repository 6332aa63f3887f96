"""From a case to the request that it stands for."""

from __future__ import annotations

import json

from msgspec.structs import replace

from hookgate.core.config import Source
from hookgate.engine.config_tests.requests import RECEIVED_AT, delivery_of
from hookgate.engine.outgoing import Unsendable
from hookgate.loading.cases import Case
from hookgate.model import Delivery
from tests.rules import compiled

CASE = Case("a case", "rules.yaml", 1, "it", {"status": 202})

CAPTURED = {
    "source": "other",
    "method": "PUT",
    "received_at": "2025-06-01T12:00:00Z",
    "peer": "198.51.100.7",
    "headers": {"X-Event-Type": "order", "X-Sig": "[redacted]"},
    "query": {"a": "1"},
    "body": '{"n": 1.10}',
}


def source(rest: str = "") -> Source:
    rules = f"""\
        version: 1
        sources:
          it: {{auth: {{type: none}}, rules: {{}}{rest}}}
        programs: {{}}
        """
    return compiled(rules).sources["it"]


def sent(case: Case, to: Source | None = None) -> Delivery:
    found = delivery_of(case, to or source())
    assert isinstance(found, Delivery), found
    return found


def test_a_case_that_says_little_is_an_empty_post_at_a_fixed_time() -> None:
    found = sent(CASE)
    assert (found.source, found.method, found.path, found.peer) == (
        "it",
        "POST",
        "/it",
        "127.0.0.1",
    )
    assert (found.received_at, found.body, found.headers, found.query) == (RECEIVED_AT, b"", {}, {})


def test_a_request_is_the_same_in_every_run() -> None:
    assert sent(CASE) == sent(CASE)
    assert sent(CASE).id.startswith("019b76da-")  # the id of its time


def test_all_parts_of_a_case_are_in_its_request() -> None:
    case = replace(
        CASE,
        method="PUT",
        headers={"x-a": "1"},
        query={"q": "2"},
        body=b"x",
        remote_address="192.0.2.7",
        received_at=5.0,
    )
    found = sent(case)
    assert (found.method, found.headers, found.query) == ("PUT", {"x-a": "1"}, {"q": "2"})
    assert (found.body, found.peer, found.received_at) == (b"x", "192.0.2.7", 5.0)


def test_a_captured_delivery_is_sent_as_it_was() -> None:
    found = sent(replace(CASE, delivery=json.dumps(CAPTURED).encode()))
    assert (found.method, found.peer, found.query) == ("PUT", "198.51.100.7", {"a": "1"})
    assert found.headers == {"x-event-type": "order", "x-sig": "[redacted]"}
    assert (found.body, found.received_at) == (b'{"n": 1.10}', 1748779200.0)
    assert found.source == "it"


def test_what_the_case_says_is_laid_over_a_captured_delivery() -> None:
    case = replace(
        CASE,
        delivery=json.dumps(CAPTURED).encode(),
        method="POST",
        headers={"x-sig": "7"},
        query={"b": "2"},
        remote_address="192.0.2.7",
        received_at=5.0,
    )
    found = sent(case)
    assert (found.method, found.peer, found.received_at) == ("POST", "192.0.2.7", 5.0)
    assert found.headers == {"x-event-type": "order", "x-sig": "7"}
    assert found.query == {"a": "1", "b": "2"}


def test_the_event_type_goes_where_the_source_looks_for_it() -> None:
    case = replace(CASE, event_type="order")
    assert sent(case).headers == {"x-event-type": "order"}
    in_header = source(", event_type: {header: X-Topic}")
    assert sent(case, in_header).headers == {"x-topic": "order"}
    in_query = source(", event_type: [kind, {query: topic}]")
    assert sent(case, in_query).query == {"topic": "order"}


def test_a_case_whose_file_is_not_there_cannot_be_sent() -> None:
    assert delivery_of(replace(CASE, fault="x.json is gone"), source()) == Unsendable(
        "x.json is gone"
    )


def test_a_case_that_cannot_be_signed_cannot_be_sent() -> None:
    to = compiled(
        """\
        version: 1
        sources:
          it:
            auth:
              type: signature
              secret: s3cret
              header: X-Sig
              template: "{ts}{body}"
              timestamp: {path: at}
            rules: {}
        programs: {}
        """
    )
    found = delivery_of(replace(CASE, sign=True, body=b"{}"), to.sources["it"])
    assert isinstance(found, Unsendable)
    assert "the timestamp in the body is missing" in found.reason
