"""The embedded store: one SQLite file, one gateway.

Start at `store.SqliteStore`. Writes go to one thread that commits them in groups (`writer`), reads
to another that never waits for it (`reader`). What a verb does to the tables stands in `writes`
and `reads`, its SQL in `sql/`, the form of a record in `rows`, and opening the file in `file`.
"""

from __future__ import annotations

from hookgate.stores.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
