"""Which tests `hookgate test -k TEXT` runs."""

from __future__ import annotations

import pytest

from hookgate.cli.config_tests.running import named_like
from hookgate.loading.cases import Case


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        (None, True),
        ("bug", True),
        ("BUG is", True),
        ("a*ed", True),
        ("A ?ug*", True),
        ("[ab] bug*", True),
        ("bug*", False),
        ("bugs", False),
        ("", True),
    ],
)
def test_a_text_is_looked_for_in_the_name_and_a_pattern_fits_all_of_it(
    text: str | None, chosen: bool
) -> None:
    case = Case("a Bug is opened", "rules.yaml", 1, "jira", {})
    assert named_like(text)(case) is chosen
