"""hookgate reload: makes the gateway that serves a rules file put it to use again."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from hookgate.cli.exits import FINDINGS, OK
from hookgate.cli.findings.as_text import problems_text
from hookgate.cli.findings.report import Checked, Report
from hookgate.cli.json_output import show_json
from hookgate.cli.reload_state import State, read_state
from hookgate.cli.rules_file import fail, read_environment, read_rules
from hookgate.cli.store_file import store_of
from hookgate.cli.terminal import doubtful, plain, show, width
from hookgate.engine.reload import Outcome
from hookgate.errors import StoreUnavailable
from hookgate.stores.sqlite.file import holder

PATIENCE = 60.0
"""Seconds for which a gateway is waited for: it runs the tests of the file as well."""

_LOOK_AGAIN = 0.02


def reload(path: Path, env_file: Path | None, *, as_json: bool) -> int:
    """Check the file, have the gateway put it to use, print what came of it; the exit code.

    What is wrong with the file wherever it is used is found here, and the gateway is not asked.
    """
    loaded = read_rules(path, read_environment(env_file), environment=False)
    if loaded.config is None:
        report = problems_text(Report((Checked(str(path), loaded),)), width())
        return _print(Outcome(0.0, False, (), report), path, as_json=as_json)
    store = store_of(loaded, path)
    gateway = _gateway(store, path)
    asked = time.monotonic()
    try:
        os.kill(gateway.process, signal.SIGHUP)
    except OSError as error:
        fail(f"cannot tell the gateway (process {gateway.process}): {error.strerror}")
    return _print(_outcome(store, gateway, asked), path, as_json=as_json)


def _gateway(store: str, rules: Path) -> State:
    """The gateway that serves the rules file; ends the command where there is none."""
    process = _holder(store)
    if process is None:
        fail(f"no gateway uses the store {store}, which {rules} names")
    state = read_state(store)
    if state is None or state.process != process:
        fail(f"the gateway (process {process}) is about to start or to end; try again")
    if os.path.realpath(state.rules) != os.path.realpath(rules):
        fail(f"the gateway of the store {store} (process {process}) serves {state.rules}")
    return state


def _outcome(store: str, gateway: State, asked: float) -> Outcome:
    """What came of the first reload that began after it was asked for."""
    while True:
        state = read_state(store)
        if state is not None and state.last is not None and state.last.began >= asked:
            return state.last
        if _holder(store) != gateway.process:
            fail("the gateway has ended")
        if time.monotonic() > asked + PATIENCE:
            fail(f"the gateway has not told within {PATIENCE:g} s what came of it; its log does")
        time.sleep(_LOOK_AGAIN)


def _holder(store: str) -> int | None:
    try:
        return holder(store)
    except StoreUnavailable as error:
        fail(str(error))


def _print(outcome: Outcome, path: Path, *, as_json: bool) -> int:
    if as_json:
        show_json(
            {
                "format_version": 1,
                "outcome": "in use" if outcome.successful else "refused",
                "restart": list(outcome.restart),
                "report": plain(outcome.report),
            }
        )
    else:
        show("\n".join(_lines(outcome, path)))
    return OK if outcome.successful else FINDINGS


def _lines(outcome: Outcome, path: Path) -> list[str]:
    lines = [outcome.report, ""] if outcome.report else []
    if not outcome.successful:
        return [*lines, f"{path} is refused; the gateway goes on with the one that it has"]
    restart = [f"{doubtful('needs a restart')}: {key} has changed" for key in outcome.restart]
    return [*lines, *restart, f"{path} is in use"]
