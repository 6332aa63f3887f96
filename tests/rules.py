"""Rules files for tests: compiled from text, as `serve` would."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from textwrap import dedent

from hookgate.core.config import Config
from hookgate.loading.load import load
from hookgate.model import Delivery

ROOT = Path(__file__).parent.parent


def compiled(
    text: str, environ: Mapping[str, str] | None = None, directory: Path | str = "/srv/hookgate"
) -> Config:
    """The configuration that a rules file compiles to; fails the test with its findings."""
    loaded = load(dedent(text), "rules.yaml", str(directory), environ or {}, environment=False)
    assert loaded.config is not None, loaded.problems
    return loaded.config


def delivery(
    source: str,
    body: bytes | str,
    headers: Mapping[str, str] | None = None,
    query: Mapping[str, str] | None = None,
    peer: str = "192.0.2.7",
) -> Delivery:
    """A delivery that arrived at one million seconds after the epoch."""
    return Delivery(
        id="0195c8e8-0000-7000-8000-000000000001",
        source=source,
        received_at=1_000_000.0,
        method="POST",
        path=f"/{source}",
        query=query or {},
        headers={"content-type": "application/json"} | dict(headers or {}),
        body=body.encode() if isinstance(body, str) else body,
        peer=peer,
    )
