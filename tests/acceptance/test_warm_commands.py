"""Scripts that start warm behind a real `hookgate serve`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import httpx

from tests.acceptance.gateway import ADMIN_TOKEN, Gateway, polled

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}}}
store: sqlite:hookgate.db
sources: {{s: {{auth: {{type: none}}, respond: output, rules: {{"*": [{{program: ask}}]}}}}}}
programs:
  ask:
    command: [{sys.executable}, ask.py]
    run_async: false
    warm: true
    preload: [%s]
"""


def test_a_script_is_forked_and_after_a_reload_from_another_template(tmp_path: Path) -> None:
    (tmp_path / "ask.py").write_text("import os; print(os.getppid())")
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES % "json")
    with Gateway(rules) as gateway:
        first = template(gateway)
        rules.write_text(RULES % "zlib")
        os.kill(gateway.process.pid, signal.SIGHUP)
        second = template(gateway, but=first)
        assert not Path(f"/proc/{first}").exists()
    assert not Path(f"/proc/{second}").exists()


def template(gateway: Gateway, but: int = 0) -> int:
    """The process that forks the script; another than `but`."""

    def parent() -> int:
        return int(httpx.post(f"{gateway.url}/s", json={}).text)

    for found in polled(parent):
        if found not in (but, gateway.process.pid):
            return found
    raise AssertionError
