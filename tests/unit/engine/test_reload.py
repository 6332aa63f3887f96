"""Reloads while the machine is short of something."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from hookgate.core.config import Config
from hookgate.engine.gateway import Gateway
from hookgate.engine.reload import Candidate, Outcome, Reloader
from hookgate.runners.programs import ProgramRunner
from hookgate.stores.sqlite.store import SqliteStore
from tests.rules import compiled
from tests.shortage import no_threads

pytestmark = pytest.mark.anyio

CONFIG = compiled("""\
version: 1
sources: {s: {auth: {type: none}, rules: {"*": [{program: p}]}}}
programs: {p: {command: "true"}}
""")


async def test_a_reload_for_which_no_thread_can_be_had_is_refused_and_the_next_is_not(
    tmp_path: Path,
) -> None:
    async def use(config: Config) -> None:
        gateway.use(config)

    told: list[Outcome] = []
    store = SqliteStore(str(tmp_path / "hookgate.db"))
    async with Gateway(CONFIG, store, cast(ProgramRunner, None)) as gateway:
        reloader = Reloader(gateway, lambda: Candidate(CONFIG, (), "well"), told.append, use)
        with no_threads():
            await reloader.reload()
        await reloader.reload()
    assert [(each.successful, each.report) for each in told] == [
        (False, "can't start new thread"),
        (True, "well"),
    ]
