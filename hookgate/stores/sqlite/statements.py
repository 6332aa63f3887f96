"""The SQL of the store, one statement a file of `sql/`."""

from __future__ import annotations

import pkgutil
from typing import cast


def sql(name: str) -> str:
    """The text of `sql/<name>.sql`; kept the same, sqlite3 prepares it once a connection."""
    # importlib.resources takes long to import, also for the process that writes.
    text = cast(bytes, pkgutil.get_data(__name__, f"sql/{name}.sql"))
    return text.decode("utf-8").strip()
