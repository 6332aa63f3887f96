"""A short run of each fuzzer; `tests.fuzz` has the long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.acceptance.gateway import gateway
from tests.fuzz import surfaces


def test_whatever_is_sent_gets_an_answer_that_is_meant(tmp_path: Path) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(surfaces.RULES)
    with gateway(rules, "--no-work") as served:
        surfaces.http(served)(400)


@pytest.mark.parametrize(
    "surface", [surfaces.conditions, surfaces.paths, surfaces.deliveries], ids=lambda s: s.__name__
)
def test_no_input_raises(surface: surfaces.Surface) -> None:
    surface()(300)
