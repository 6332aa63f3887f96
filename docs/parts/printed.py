"""What a command prints, by running it in a directory made for the purpose: a scene."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).parents[2]

_NAMED_FILE = re.compile(
    r"^`(?P<name>[\w.]+)`:\n\n```\w*\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_TASK_IN_JIRA = '{"issue": {"key": "PROJ-123", "fields": {"issuetype": {"name": "task"}}}}\n'
_SLACK = """\
version: 1
sources:
  slack: {provider: slack, auth: {secret: "${SLACK_SIGNING_SECRET}"}, rules: {}}
programs: {}
"""
_SLIPS = {
    "program: jira_issue": "program: jira_isue",
    "issue_type == 'bug'": "isue_type == 'bug'",
    "timeout: 30s": "timeuot: 30s",
}


def printed(scene: str, *words: str) -> str:
    """A command line and what it prints in a scene, as a console shows them."""
    with TemporaryDirectory() as directory:
        SCENES[scene](Path(directory))
        output = _run(list(words), directory)
    return f"```console\n$ {shlex.join(words)}\n{output.rstrip()}\n```\n"


def _run(words: list[str], directory: str) -> str:
    """The output of a command where no variable of ours is set; its time is always the same."""
    result = subprocess.run(  # noqa: S603 - a command of our own pages
        [sys.executable, "-m", "hookgate", *words[1:]],
        capture_output=True,
        check=False,
        text=True,
        cwd=directory,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
    )
    if result.stderr:
        raise RuntimeError(f"{shlex.join(words)}: {result.stderr}")
    output = result.stdout.replace(os.path.realpath(directory), "/srv/hookgate")
    return re.sub(r"\bin \d+\.\d+ ?s\b", "in 0.02s", output)


# --- scenes ---------------------------------------------------------------------------------


def _quickstart(directory: Path) -> None:
    """The files that the quickstart names."""
    for file in _NAMED_FILE.finditer((ROOT / "docs/quickstart.md").read_text("utf-8")):
        (directory / file["name"]).write_text(file["text"])
    (directory / "deploy.sh").chmod(0o755)
    (directory / ".env").write_text("HOOKGATE_ADMIN_TOKEN=a\nGITHUB_WEBHOOK_SECRET=b\n")


def _shipped(directory: Path) -> None:
    """The files that come with hookgate, and a payload."""
    for file in ROOT.glob("rules*.yaml"):
        shutil.copy(file, directory)
    shutil.copytree(ROOT / "handlers", directory / "handlers")
    (directory / "issue.json").write_text(_TASK_IN_JIRA)


def _broken(directory: Path) -> None:
    """The shipped file with a few slips of the keyboard."""
    _shipped(directory)
    rules = directory / "rules.yaml"
    text = rules.read_text()
    for right, wrong in _SLIPS.items():
        text = text.replace(right, wrong)
    rules.write_text(text)


def _handshake(directory: Path) -> None:
    """A source of Slack, and what Slack asks before it sends events."""
    (directory / "rules.yaml").write_text(_SLACK)
    (directory / "challenge.json").write_text('{"type":"url_verification","challenge":"3eZbrw1a"}')


def _empty(directory: Path) -> None:
    """Nothing yet."""


SCENES: dict[str, Callable[[Path], None]] = {
    "quickstart": _quickstart,
    "shipped": _shipped,
    "broken": _broken,
    "handshake": _handshake,
    "empty": _empty,
}
