"""Remarks that silence findings: what counts as one, what it is about, what it cannot do."""

from __future__ import annotations

import pytest

from hookgate.loading.codes import Code
from hookgate.loading.load import load
from hookgate.loading.problems import Severity

RULES = """\
version: 1
sources:
  ci:
    auth: {{type: token, token: t0ken}}{after}
    rules: {{}}
programs: {{}}
"""


def codes(text: str) -> list[tuple[int, str]]:
    loaded = load(text, "rules.yaml", "/srv", {}, environment=False)
    return [(problem.line, problem.code) for problem in loaded.problems]


def with_remark(remark: str) -> str:
    return RULES.format(after=remark)


@pytest.mark.parametrize(
    "remark",
    [
        "  # hookgate: ignore[HG229] why",
        "  #hookgate:ignore[HG229] why",
        "\t# hookgate: ignore[ HG229 ]: why",
        "  ## hookgate: ignore[HG229] - why",
        "  # hookgate: ignore[HG229] # why",
    ],
)
def test_a_remark_silences_its_code_on_its_line(remark: str) -> None:
    assert codes(with_remark(remark)) == []


@pytest.mark.parametrize(
    ("remark", "found"),
    [
        ("  # hookgate", ["HG229"]),
        ("  # see hookgate: ignore[HG229]", ["HG229"]),
        ("  # hookgate: ignore[HG229]", ["HG263"]),
        ("  # hookgate: ignore[HG229] ...", ["HG263"]),
        ("  # hookgate: ignore[HG231] why", ["HG229", "HG261"]),
        ("  # hookgate: ignore[hg229] why", ["HG229", "HG262"]),
        ("  # hookgate: Ignore[HG229] why", ["HG229", "HG262"]),
        ("  # hookgate: ignore[HG229", ["HG229", "HG262"]),
        ("  # hookgate: ignore[, ] why", ["HG229", "HG262"]),
        ("  # hookgate: ignore[HG229, HG229] why", ["HG261"]),
        ("  # hookgate: ignore[HG229, HG111] why", ["HG264"]),
    ],
)
def test_a_remark_that_does_nothing_or_gives_no_reason_is_a_finding(
    remark: str, found: list[str]
) -> None:
    assert codes(with_remark(remark)) == [(4, code) for code in found]


@pytest.mark.parametrize("between", ["", "\n", "    # a remark\n\n", "  # hookgate: x\n"])
def test_a_remark_alone_is_about_the_next_line_that_holds_anything(between: str) -> None:
    text = with_remark("").replace(
        "    auth", f"    # hookgate: ignore[HG229] why\n{between}    auth"
    )
    assert "HG229" not in [code for _, code in codes(text)]


def test_a_remark_at_the_end_of_a_line_is_not_about_the_next() -> None:
    text = with_remark("").replace("  ci:", "  ci:  # hookgate: ignore[HG229] why")
    assert codes(text) == [(3, "HG261"), (4, "HG229")]


def test_windows_line_ends_make_no_difference_to_a_remark() -> None:
    text = with_remark("").replace("    auth", "    # hookgate: ignore[HG229] why\n    auth")
    assert codes(text.replace("\n", "\r\n")) == []


@pytest.mark.parametrize(
    "param",
    [
        "{value: '# hookgate: ignore[HG229] why'}",
        '{value: "a\n     # hookgate: ignore[HG229] why"}',
        "\n        value: |\n          a\n          # hookgate: ignore[HG229] why\n",
        "\n        value: >-\n          # hookgate: ignore[HG229] why\n",
    ],
)
def test_what_stands_in_a_text_is_no_remark(param: str) -> None:
    text = with_remark(f"\n    params:\n      p: {param}")
    assert codes(text) == [(4, "HG229")]


def test_a_remark_on_the_line_that_opens_a_block_of_text_counts() -> None:
    text = with_remark("").replace("t0ken", '"${T}"')
    block = "password: |  # hookgate: ignore[HG229] why\n        # text\n"
    text = text.replace(
        "{type: token, token", f"\n      type: basic\n      username: ci\n      {block}"
    )
    assert codes(text.partition(': "${T}"}')[0] + text.partition(': "${T}"}')[2]) == []


def test_an_error_that_is_silenced_leaves_the_configuration_usable() -> None:
    text = "version: 1\nserver:\n  trusted_proxies: [0.0.0.0/0]{}\nsources: {{}}\nprograms: {{}}\n"
    assert load(text.format(""), "r", "/", {}, False).config is None
    silenced = load(text.format("  # hookgate: ignore[HG275] why"), "r", "/", {}, False)
    assert silenced.config is not None
    assert silenced.problems == ()


def test_only_what_leaves_a_usable_configuration_can_be_ignored() -> None:
    kept = {code for code in Code if not code.ignorable}
    assert {code for code in Code if code.number < "HG2"} <= kept
    assert {code for code in Code if code.environmental} <= kept
    warnings = {code for code in Code if code.severity is Severity.WARNING}
    assert {code.number for code in warnings & kept} == {"HG261", "HG262", "HG263", "HG264"}
