"""Which rules and programs the tests of a file reach."""

from __future__ import annotations

import pytest

from hookgate.engine.config_tests.coverage import Coverage, coverage
from hookgate.server.rehearsal import rehearse
from tests.rules import compiled, delivery

CONFIG = compiled(
    """\
    version: 1
    sources:
      shop:
        auth: {type: token, token: secret}
        params: {total: order.total}
        rules:
          order:
            - {condition: total > 100, program: large}
            - {program: small}
          "*":
            - {condition: len(total) > 1, program: large}
      other:
        auth: {type: none}
        rules: {order: [{condition: event_type == 'order', program: other}]}
    programs:
      large: {command: large}
      small: {command: small}
      other: {command: other}
    """
)


def covered(*requests: tuple[str, str, int]) -> Coverage:
    return coverage(
        CONFIG,
        [
            rehearse(
                CONFIG,
                delivery(
                    source,
                    f'{{"order":{{"total":{total}}}}}',
                    {"x-event-type": event_type, "x-webhook-token": "secret"},
                ),
            )
            for source, event_type, total in requests
        ],
    )


def never(found: Coverage) -> tuple[list[str], list[str], tuple[str, ...]]:
    held = [rule.name for rule in found.never_held]
    failed = [rule.name for rule in found.never_failed]
    return held, failed, found.never_started


def test_without_requests_nothing_is_covered() -> None:
    found = covered()
    assert never(found) == (
        ["shop/order[0]", "shop/order[1]", "shop/*[0]", "other/order[0]"],
        ["shop/order[0]", "shop/*[0]", "other/order[0]"],
        ("large", "small", "other"),
    )
    assert found.percent == 0


def test_a_rule_that_always_holds_is_not_asked_to_fail() -> None:
    found = covered(("shop", "order", 1))
    assert "shop/order[1]" not in never(found)[1]
    assert (len(found.rules), found.fallible) == (4, 3)


def test_a_rule_that_is_not_reached_has_neither_held_nor_failed() -> None:
    found = covered(("shop", "order", 250))
    assert never(found)[0] == ["shop/order[1]", "shop/*[0]", "other/order[0]"]
    assert found.percent == pytest.approx(100 / 7)


def test_a_rule_that_cannot_be_evaluated_has_failed() -> None:
    found = covered(("shop", "anything", 1))
    assert "shop/*[0]" not in never(found)[1]
    assert "shop/*[0]" in never(found)[0]


def test_a_rule_counts_for_its_own_source_alone() -> None:
    found = covered(("other", "order", 1), ("shop", "order", 250), ("shop", "order", 1))
    assert never(found) == (["shop/*[0]"], ["shop/*[0]", "other/order[0]"], ())
    assert found.percent == pytest.approx(100 * 4 / 7)


def test_a_rejected_request_reaches_nothing() -> None:
    outcome = rehearse(CONFIG, delivery("shop", "{}", {"x-event-type": "order"}))
    assert outcome.status == 401
    assert coverage(CONFIG, [outcome]).percent == 0


def test_a_file_without_rules_is_covered() -> None:
    config = compiled("version: 1\nsources: {it: {auth: {type: none}, rules: {}}}\nprograms: {}\n")
    assert coverage(config, []).percent == 100
