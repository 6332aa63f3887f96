"""The SQL of the store, one statement a file of `sql/`."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).with_name("sql")


def sql(name: str) -> str:
    """The text of `sql/<name>.sql`; kept the same, sqlite3 prepares it once a connection."""
    return (_FOLDER / f"{name}.sql").read_text("utf-8").strip()
