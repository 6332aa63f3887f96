"""hookgate init: a directory to start from, with a file for everything that is needed.

What the files hold is in `templates/`. A source of a provider is written from the provider's preset
alone, so a new preset needs nothing here.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from string import Template

import typer

from hookgate.cli.exits import FINDINGS, OK, USAGE
from hookgate.cli.rules_file import fail
from hookgate.cli.terminal import show
from hookgate.loading.findings import did_you_mean
from hookgate.loading.preset_facts import Preset, example, flow
from hookgate.loading.presets import names, preset
from hookgate.loading.schema import SCHEMA_FILE
from hookgate.model import JSON

_TEMPLATES = Path(__file__).with_name("templates")

_OWN = ("generic", "token")
"""Sources that are no provider's: one that signs in the plainest way, and one with a token."""

_DEFAULT = "token"
_RECEIVED_AT = 1_769_860_800
"""When a request whose time matters arrives, in seconds since the epoch."""

_SIGNED_ITEMS: Mapping[str, dict[str, JSON]] = {
    "adyen": {"notificationItems": [{"NotificationRequestItem": {}}]},
    "client_state": {"value": [{}]},
}
"""What a body needs at least for a type of auth that looks at its items."""

_IGNORED = (".env", "hookgate.db*")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


class _Form(Template):
    """A template whose placeholders are ``@name``, since rules files are full of ``$``."""

    delimiter = "@"


def choices() -> tuple[str, ...]:
    """What `--source` can be: every preset, and the sources of our own."""
    return (*names(), *_OWN)


def init(directory: Path, wanted: Sequence[str]) -> int:
    """Write the files into a directory, none of which may be there; the exit code."""
    sources = tuple(dict.fromkeys(wanted)) or (_DEFAULT,)
    for source in sources:
        if source not in choices():
            hint = did_you_mean(source, choices()) or f"known: {', '.join(choices())}"
            typer.echo(f"hookgate init: there is no source {source!r}; {hint}", err=True)
            return USAGE
    files = _files(sources)
    present = [str(directory / name) for name in files if os.path.lexists(directory / name)]
    if present:
        typer.echo(f"hookgate init: nothing written; already there: {', '.join(present)}", err=True)
        return FINDINGS
    _write(directory, files)
    show(_report(directory, files))
    return OK


# --- what the files hold --------------------------------------------------------------------


def _files(sources: Sequence[str]) -> dict[str, str]:
    """The content of each file, by its path in the directory."""
    rules = _filled("rules.yaml", sources="\n".join(map(_source, sources)))
    tests = "\n".join(map(_tests, sources)).rstrip("\n")
    return {
        "rules.yaml": rules,
        "rules.schema.json": SCHEMA_FILE.read_text("utf-8"),
        "rules_test.yaml": _filled("rules_test.yaml", tests=tests),
        "handlers/show.py": _text("handlers/show.py"),
        ".env.example": _text("env.example") + _names_of_variables(rules),
    }


def _source(name: str) -> str:
    if name in _OWN:
        return _text(f"sources/{name}.yaml")
    head = example(preset(name)).partition("sources:\n")[2].partition("    rules:\n")[0]
    return _filled("sources/preset.yaml", head=head)


def _tests(name: str) -> str:
    if name in _OWN:
        first, values = "tests/own.yaml", {"name": name, "title": name}
    else:
        found = preset(name)
        first = "tests/preset.yaml"
        values = {"name": name, "title": str(found["title"]), "request": _request(found)}
        if "gives" in found:  # its sender alone has the keys that prove it
            return _filled("tests/stranger.yaml", **values)
    return _filled(first, **values) + _filled("tests/stranger.yaml", **values)


def _request(found: Preset) -> str:
    """The least request that this sender could sign; some sign items, or a time, in the body."""
    auth = found.get("auth")
    settings = auth if isinstance(auth, dict) else {}
    body = _SIGNED_ITEMS.get(str(settings.get("type")), {})
    timestamp = settings.get("timestamp")
    if not isinstance(timestamp, dict) or "path" not in timestamp:
        return f"body: {flow(body)}"
    time = _RECEIVED_AT * (1000 if timestamp.get("unit") == "ms" else 1)
    at = datetime.fromtimestamp(_RECEIVED_AT, UTC).isoformat()
    return f"received_at: {at}\n    body: {flow({**body, str(timestamp['path']): time})}"


def _names_of_variables(rules: str) -> str:
    return "".join(f"{name}=\n" for name in dict.fromkeys(_VARIABLE.findall(rules)))


def _filled(template: str, **values: str) -> str:
    return _Form(_text(template)).substitute(values)


def _text(template: str) -> str:
    return (_TEMPLATES / template).read_text("utf-8")


# --- writing them ---------------------------------------------------------------------------


def _write(directory: Path, files: dict[str, str]) -> None:
    try:
        for name, text in files.items():
            path = directory / name
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("x", encoding="utf-8") as file:
                file.write(text)
        _ignore(directory / ".gitignore")
    except OSError as error:
        fail(f"{error.filename}: {error.strerror}")


def _ignore(path: Path) -> None:
    """Keep the secrets and the store out of git, by lines added to a .gitignore that is there."""
    present = path.read_text("utf-8") if path.exists() else ""
    missing = [line for line in _IGNORED if line not in present.splitlines()]
    if present and not present.endswith("\n"):
        missing.insert(0, "")
    with path.open("a", encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in missing))


def _report(directory: Path, files: dict[str, str]) -> str:
    enter = "" if directory == Path() else f"cd {shlex.quote(str(directory))} && "
    steps = {
        f"{enter}cp .env.example .env": "then give each name in it a value",
        "hookgate test": "checks that the rules do what rules_test.yaml says",
        "hookgate serve --env-file .env": "receives on http://127.0.0.1:12345",
    }
    width = max(map(len, steps))
    return "\n".join(
        [
            f"wrote {', '.join((*files, '.gitignore'))}",
            "",
            "next:",
            *(f"  {command:<{width}}   # {purpose}" for command, purpose in steps.items()),
        ]
    )
