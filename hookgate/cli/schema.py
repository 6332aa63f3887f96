"""hookgate schema: the JSON Schema of rules files, for editors and other tools."""

from __future__ import annotations

from hookgate.cli.exits import OK
from hookgate.cli.terminal import show
from hookgate.loading.schema import SCHEMA_FILE


def schema() -> int:
    """Print the schema (JSON Schema draft-07) as it is used to check rules files; the exit code."""
    show(SCHEMA_FILE.read_text("utf-8").removesuffix("\n"))
    return OK
