"""A configuration goes to another process and means the same there."""

from __future__ import annotations

from pathlib import Path

import pytest

from hookgate.loading.load import load
from hookgate.loading.portable import packed, unpacked
from tests.rules import ROOT, compiled, delivery

FILES = [*sorted(ROOT.glob("tests/config/ok/*.yaml")), ROOT / "rules.yaml"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_is_unpacked_equals_what_was_packed(path: Path) -> None:
    environ = {"TOKEN": "token", "WORD": "word"}
    config = load(path.read_text(), path.name, str(path.parent), environ, environment=False).config
    assert config is not None
    assert unpacked(packed(config)) == config


def test_what_follows_from_the_records_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "schema.json").write_text('{"required": ["ref"]}')
    config = compiled(
        """
        version: 1
        sources:
          signed:
            auth: {type: signature, secret: s, header: X-Signature}
            payload_schema: schema.json
            rules: {"*": [{condition: "matches(payload['ref'], '^v[0-9]')", program: p}]}
        programs: {p: {command: "true"}}
        """,
        directory=tmp_path,
    )
    before, after = (each.sources["signed"] for each in (config, unpacked(packed(config))))
    assert after.payload_schemas["*"].findings({}) == before.payload_schemas["*"].findings({})
    assert after.rules["*"][0].condition.holds({"payload": {"ref": "v1"}})
    signed = delivery("signed", "{}", {"x-signature": "00" * 32})
    assert after.auth[0].verify(signed, 0.0) == before.auth[0].verify(signed, 0.0)


def test_a_printed_record_still_hides_what_was_filled_in() -> None:
    config = compiled(
        """
        version: 1
        server: {admin_token: "${SECRET}"}
        sources: {s: {auth: {type: none}, rules: {}}}
        programs: {}
        """,
        {"SECRET": "canary"},
    )
    assert "canary" not in repr(unpacked(packed(config)))
