"""The one boundary at which SQLite's errors become the store's."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from hookgate.errors import StoreError, StoreFormatError, StoreUnavailable

_REFUSED = (sqlite3.IntegrityError, sqlite3.DataError)


def fault_of(error: Exception, path: str) -> Exception:
    """What a caller is told about `error`; what does not come from SQLite stays as it is.

    A write that breaks a constraint is a `StoreError` of that write alone; anything else that
    SQLite cannot do (disk full, I/O error, read-only, locked, malformed) is `StoreUnavailable`.
    """
    if isinstance(error, _REFUSED):
        fault: Exception = StoreError(f"the store {path} refused a record: {error}")
    elif isinstance(error, sqlite3.Error):
        fault = StoreUnavailable(f"the store {path} cannot be used now: {error}")
    else:
        return error
    fault.__cause__ = error
    return fault


def locked(error: Exception) -> bool:
    """Whether another program held the file for longer than we wait."""
    return _code(error) == sqlite3.SQLITE_BUSY


@contextmanager
def opening_faults(path: str) -> Iterator[None]:
    """SQLite's errors while the store at `path` is opened, with what to do about them."""
    try:
        yield
    except sqlite3.Error as error:
        if _code(error) in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
            fault: Exception = StoreFormatError(
                f"{path} is not a SQLite database, or a damaged one ({error}); "
                "bring back a copy of it, or name another file as the store"
            )
        else:
            fault = StoreUnavailable(
                f"cannot open {path}: {error}; see that its disk has room and can be written to, "
                "and that no other program is writing to it"
            )
        raise fault from error


def _code(error: Exception) -> int:
    """SQLite's primary result code (https://sqlite.org/rescode.html), 0 where there is none."""
    extended: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    return extended & 0xFF
