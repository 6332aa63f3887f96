"""A process does not wait for libraries that it has no use for, nor keep them."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.rules import ROOT

SERVING = {"uvicorn", "starlette", "httptools", "sqlite3", "asyncio"}
SENDING = {"http.client", "ssl", "hookgate.cli.send"}
CHECKING = {"jsonschema", "re2", "cryptography", "dotenv", "watchfiles"}
LOADING = {"yaml", "simpleeval", "orjson", "hookgate.loading.load", "hookgate.core.config"}


def imported(*words: str) -> set[str]:
    """The modules that a run of Python imports."""
    result = subprocess.run(
        [sys.executable, "-X", "importtime", *words],
        capture_output=True,
        check=True,
        text=True,
        cwd=ROOT,
    )
    return set(re.findall(r"^import time:.*\| +(\S+)$", result.stderr, re.MULTILINE))


@pytest.mark.parametrize(
    ("arguments", "unused"),
    [
        (("--help",), SERVING | SENDING | CHECKING | LOADING),
        (("validate", "--help"), SERVING | CHECKING | LOADING),
        (("send", "--help"), SERVING | CHECKING | LOADING),
        (("schema",), SERVING | CHECKING | LOADING),
        (("validate", "rules.yaml", "--no-environment"), SERVING | SENDING | CHECKING),
        (("replay", "tests/deliveries/github_push.json", "--source", "github"), SERVING | CHECKING),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_command_imports_what_it_needs(arguments: tuple[str, ...], unused: set[str]) -> None:
    found = imported("-m", "hookgate", *arguments)
    assert "hookgate.cli.main" in found
    assert found & unused == set()


@pytest.mark.parametrize(
    ("module", "unused"),
    [
        ("hookgate.stores.sqlite.writing", {"asyncio", "ssl", "logging", "importlib.resources"}),
        ("hookgate.runners.functions.worker", {"asyncio", "ssl", "sqlite3", "subprocess"}),
    ],
)
def test_a_process_beside_the_gateway_imports_what_it_needs(module: str, unused: set[str]) -> None:
    found = imported("-c", f"import {module}")
    assert module in found
    assert found & unused == set()
