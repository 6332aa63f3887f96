"""The SQL of the store, one statement a file of `sql/`."""

from __future__ import annotations

from importlib import resources


def sql(name: str) -> str:
    """The text of `sql/<name>.sql`; kept the same, sqlite3 prepares it once a connection."""
    return (resources.files(__package__) / "sql" / f"{name}.sql").read_text("utf-8").strip()
