"""Published ways out of sandboxes lead nowhere, be they conditions, paths or what a sender sends.

`escapes.yaml` has them, by what they need.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path as File

import pytest
import yaml

from hookgate.core.templates import Placeholder, fill
from hookgate.errors import EvaluationError
from hookgate.expr.conditions import Condition, ConditionFault, parse_condition
from hookgate.expr.paths import Path, parse_path
from hookgate.model import JSON

CORPUS: dict[str, list[str]] = yaml.safe_load(
    File(__file__).with_name("escapes.yaml").read_text(encoding="utf-8")
)
ESCAPES = [escape for escapes in CORPUS.values() for escape in escapes]
VALUES: dict[str, JSON] = {
    "payload": {"a": {"b": 1}},
    "ref": "refs/heads/main",
    "labels": ["x", 1, None],
    "count": 3,
}
MAY_BE_READ = {
    "strings that format and build",  # a key of a payload may be any text
    "letters that only look different",  # Python reads some of them as the letters meant
    "costs",
}
PLAIN = (str, int, float, bool, type(None), list, tuple, dict, set)

pytestmark = pytest.mark.timeout(10)


@contextmanager
def bounded() -> Iterator[None]:
    """What takes longer, or more memory, than an honest expression fails."""
    began, before = time.process_time(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert time.process_time() - began < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 50 * 1024


def parse(text: str) -> Condition | tuple[ConditionFault, ...]:
    return parse_condition(text, tuple(VALUES))


def is_plain(value: object) -> bool:
    """Whether a value is what JSON could hold, and small."""
    if isinstance(value, dict):
        return len(value) < 100 and all(map(is_plain, [*value, *value.values()]))
    if isinstance(value, list | tuple | set):
        return len(value) < 100 and all(map(is_plain, value))
    return type(value) in PLAIN and len(str(value)) < 1000


def test_the_corpus_is_large_and_says_nothing_twice() -> None:
    assert len(ESCAPES) == len(set(ESCAPES)) > 150


@pytest.mark.parametrize("escape", ESCAPES)
def test_as_a_condition_it_is_refused_or_gives_plain_data(escape: str) -> None:
    with bounded():
        parsed = parse(escape)
        if isinstance(parsed, Condition):
            with suppress(EvaluationError):
                assert is_plain(parsed.value(VALUES))
            parsed.filled_in(VALUES)


@pytest.mark.parametrize("escape", ESCAPES)
def test_as_a_path_it_is_refused_or_finds_nothing(escape: str) -> None:
    with bounded():
        parsed = parse_path(escape)
        if isinstance(parsed, Path):
            assert parsed.value(VALUES) in (None, [])


@pytest.mark.parametrize("escape", ESCAPES)
def test_as_a_value_in_a_template_it_stays_as_it_was_sent(escape: str) -> None:
    with bounded():
        assert fill((Placeholder("sent"),), {"sent": escape}) == escape


@pytest.mark.parametrize("needs", sorted(set(CORPUS) - MAY_BE_READ))
def test_what_needs_more_than_data_is_refused_when_the_file_is_read(needs: str) -> None:
    read = [each for each in CORPUS[needs] if isinstance(parse(each), Condition)]
    assert read == []
