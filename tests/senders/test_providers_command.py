"""`hookgate providers`, as a person and a program call it."""

from __future__ import annotations

import json
import os
import re

import pytest
from typer.testing import CliRunner, Result

from hookgate.cli.main import app
from hookgate.cli.providers import CONFIDENCE
from hookgate.loading.load import load
from hookgate.loading.preset_facts import example, needs
from hookgate.loading.presets import names, preset
from tests.senders.test_presets import SCHEMA


def providers(*words: str) -> Result:
    return CliRunner(env={**os.environ, "NO_COLOR": "1"}).invoke(app, ["providers", *words])


def test_it_lists_every_preset_with_its_title_and_what_it_needs() -> None:
    result = providers()
    rows = [re.split(r" {2,}", line) for line in result.stdout.splitlines()]
    assert result.exit_code == 0
    assert rows == [[n, preset(n)["title"], ", ".join(needs(preset(n)))] for n in names()]


def test_as_json_it_lists_every_preset_with_its_name_first() -> None:
    listed = json.loads(providers("--format", "json").stdout)
    assert [next(iter(found.items())) for found in listed] == [("name", name) for name in names()]


@pytest.mark.parametrize("name", names())
def test_as_json_one_preset_is_all_that_it_says_and_what_follows(name: str) -> None:
    found = json.loads(providers(name, "--format", "json").stdout)
    assert next(iter(found)) == "name"
    assert {key: found[key] for key in preset(name)} == preset(name)
    assert found["needs"] == list(needs(preset(name)))
    assert found["example"] == example(preset(name))


@pytest.mark.parametrize("name", names())
def test_the_page_of_a_preset_ends_with_a_rules_file_to_paste(name: str) -> None:
    page = providers(name).stdout
    whole = page[page.index("\nversion: 1") :]
    loaded = load(whole, "rules.yaml", "/", {}, environment=False)
    assert loaded.config is not None, loaded.problems
    assert set(loaded.config.sources) == {name}
    assert str(preset(name)["documentation"]) in page


def test_the_page_of_a_preset_reads_like_this() -> None:
    assert providers("github").stdout == GITHUB


GITHUB = """\
github: GitHub

you give     auth.secret
auth         type: signature
             header: X-Hub-Signature-256
             prefix: "sha256="
event type   {header: X-GitHub-Event}
event id     {header: X-GitHub-Delivery}
not covered  the event type (X-GitHub-Event)
             the event id (X-GitHub-Delivery)
             the age: a captured delivery can be sent again
deadline     10 s until it gives up on an answer
notes        The secret is the one of the webhook. GitHub does not send again by
             itself; a redelivery by hand keeps its id.
rests on     a signature that the provider publishes, or that its own library
             makes, is tested
truth        https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries

version: 1
sources:
  github:
    provider: github
    auth: {secret: "${GITHUB_WEBHOOK_SECRET}"}
    rules:
      "*":
        - program: handle
programs:
  handle: {command: [python, handle.py]}
"""


@pytest.mark.parametrize(
    ("name", "hint"),
    [("stirpe", "did you mean 'stripe'?"), ("zzz", "hookgate providers lists all"), ("", "")],
)
@pytest.mark.parametrize("output", ["text", "json"])
def test_a_name_that_is_not_known_is_an_error_of_the_caller(
    name: str, hint: str, output: str
) -> None:
    result = providers(name, "--format", output)
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"there is no preset {name!r}; {hint}" in result.stderr


def test_every_degree_of_confidence_is_put_into_words() -> None:
    assert list(CONFIDENCE) == SCHEMA["properties"]["confidence"]["enum"]
