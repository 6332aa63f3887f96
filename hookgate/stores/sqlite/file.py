"""The file of a store: taking it for ourselves, making it, checking that it is ours."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from hookgate.errors import StoreFormatError, StoreInUse, StoreUnavailable
from hookgate.stores.sqlite.statements import sql

SCHEMA_VERSION = 1
APPLICATION_ID = 0x686B6774  # "hkgt", as in schema.sql

_SETTINGS = (
    # A commit is on the disk when it returns, also when the power fails (on macOS fsync alone
    # would leave it in the drive's cache).
    "PRAGMA synchronous = FULL",
    "PRAGMA fullfsync = ON",
    "PRAGMA cache_size = -32768",
)

_LOOK_AGAIN = 0.02
"""Seconds between two looks at a lock that another holds."""


@contextmanager
def held(path: str, patience: float) -> Iterator[int]:
    """Hold ``<path>.lock`` exclusively; gives its descriptor.

    The kernel drops the lock when the last process that has the descriptor ends. Where another
    holds it, wait `patience` seconds: that may be the writing process of a gateway that was killed.
    Raises `StoreInUse` with the holder's process id where it is known, and `StoreUnavailable`.
    """
    descriptor = _open_private(f"{os.path.realpath(path)}.lock")
    try:
        _lock(descriptor, path, time.monotonic() + patience)
        yield descriptor
    finally:
        os.close(descriptor)


def holder(path: str) -> int | None:
    """The process that holds ``<path>.lock``, as far as it can be told; None where none does.

    Raises `StoreUnavailable`.
    """
    lock = Path(f"{os.path.realpath(path)}.lock")
    try:
        with lock.open("rb") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return None
    except BlockingIOError:
        written = lock.read_bytes().strip()
        return int(written) if written.isdigit() else None
    except OSError as error:
        raise StoreUnavailable(f"cannot look at {lock}: {error.strerror}") from error
    return None


@contextmanager
def opened(path: str) -> Iterator[sqlite3.Connection]:
    """A connection for writing to the store at `path`, which is made where there is none.

    Raises `StoreFormatError` for what is no store of this version, `StoreUnavailable`, and
    SQLite's own errors (see `opening_faults`).
    """
    os.close(_open_private(path))
    with _connected(path) as connection:
        made = _is_made(connection, path)
        # What a statement may have to undo is noted in memory, not in a file of its own.
        connection.execute("PRAGMA temp_store = MEMORY")
        _use_write_ahead_log(connection, path)
        if not made:
            connection.executescript(sql("schema"))
        yield connection


@contextmanager
def opened_for_reading(path: str) -> Iterator[sqlite3.Connection]:
    """A second connection to a store that is open; what is read never waits for a write."""
    with _connected(path) as connection:
        connection.execute("PRAGMA query_only = ON")
        yield connection


@contextmanager
def opened_beside(path: str, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection to a store that a gateway may have open; it is neither made nor migrated.

    Whoever writes does so in transactions so short that the gateway hardly waits for them. Raises
    as `opened` does.
    """
    if not Path(path).is_file():
        raise StoreUnavailable(f"there is no store at {path} yet; a gateway makes it at its start")
    with _connected(path, "rw") as connection:
        if not _is_made(connection, path):
            raise StoreFormatError(f"{path} is empty; a gateway makes a store of it at its start")
        if not writing:
            # Opened as read-only, SQLite would leave its files beside a store that nobody uses.
            connection.execute("PRAGMA query_only = ON")
        yield connection


@contextmanager
def transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    """COMMIT at the end; whatever goes wrong, COMMIT included, leaves nothing behind."""
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


# --- the files ------------------------------------------------------------------------------


def _open_private(path: str) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        advice = _advice(error, Path(path).parent)
        raise StoreUnavailable(f"cannot open {path}: {error.strerror}; {advice}") from error


def _advice(error: OSError, directory: Path) -> str:
    if isinstance(error, FileNotFoundError):
        return f"create the directory {directory} first"
    if isinstance(error, PermissionError):
        return f"let the user who runs hookgate write to it and to {directory}"
    return "name a file on a writable disk as the store"


def _lock(descriptor: int, path: str, deadline: float) -> None:
    try:
        while not _locked(descriptor):
            if time.monotonic() > deadline:
                raise StoreInUse(
                    f"the store {path} is in use by another gateway{_holder(descriptor)}; stop "
                    "that one, or give this one a store of its own"
                )
            time.sleep(_LOOK_AGAIN)
    except OSError as error:
        raise StoreUnavailable(
            f"cannot lock {path}.lock: {error.strerror}; keep the store on a local disk"
        ) from error
    with suppress(OSError):  # the number only serves the message; a full disk must not matter
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(descriptor: int) -> str:
    written = os.read(descriptor, 32).strip()
    return f" (process {int(written)})" if written.isdigit() else ""


# --- the database ---------------------------------------------------------------------------


@contextmanager
def _connected(path: str, mode: str = "rwc") -> Iterator[sqlite3.Connection]:
    # isolation_level None: transactions begin and end where the code says so. The connection for
    # reading is opened here and then used by one other thread alone.
    url = f"file:{quote(os.path.realpath(path))}?mode={mode}"
    connection = sqlite3.connect(url, isolation_level=None, check_same_thread=False, uri=True)
    connection.row_factory = sqlite3.Row
    try:
        for setting in _SETTINGS:
            connection.execute(setting)
        yield connection
    finally:
        connection.close()


def _is_made(connection: sqlite3.Connection, path: str) -> bool:
    """Whether the tables are there; raises `StoreFormatError` for those of somebody else."""
    application = _number(connection, "PRAGMA application_id")
    version = _number(connection, "PRAGMA user_version")
    tables = _number(connection, "SELECT count(*) FROM sqlite_schema")
    if application == version == tables == 0:
        return False
    if application != APPLICATION_ID:
        raise StoreFormatError(
            f"{path} is the database of another program; name another file as the store"
        )
    if version != SCHEMA_VERSION:
        raise StoreFormatError(
            f"{path} is a store of version {version}, and this hookgate reads version "
            f"{SCHEMA_VERSION}; run the hookgate that wrote it, or name another file as the store"
        )
    return True


def _number(connection: sqlite3.Connection, query: str) -> int:
    value: int = connection.execute(query).fetchone()[0]
    return value


def _use_write_ahead_log(connection: sqlite3.Connection, path: str) -> None:
    mode: str = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    if mode != "wal":
        raise StoreUnavailable(
            f"{path} cannot have a write-ahead log (its journal is {mode!r}); "
            "keep the store on a local disk"
        )
