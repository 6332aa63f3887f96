"""hookgate store: how large a store is, whether it is sound, and making it smaller."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping

from hookgate.cli.exits import FINDINGS, OK
from hookgate.cli.json_output import show_json
from hookgate.cli.rules_file import fail
from hookgate.cli.store_file import Place, looked_into
from hookgate.cli.terminal import bad, good, printable, show
from hookgate.cli.times import span
from hookgate.errors import StoreInUse
from hookgate.model import JSON
from hookgate.server.views import moment
from hookgate.stores.sqlite import writes
from hookgate.stores.sqlite.file import held, transaction
from hookgate.stores.sqlite.whole import Figures, faults, figures, file_size

_STEP = 200
"""Deliveries deleted in one transaction, for which a gateway has to wait."""

_BETWEEN = 0.02
"""Seconds between two of these, in which the gateway has its turn."""

_UNITS = ((1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB"))


def stats(place: Place, *, as_json: bool) -> int:
    """Print what is in a store; the exit code."""
    path = place.path()
    with looked_into(path) as connection, transaction(connection, "BEGIN"):
        found = figures(connection, path)
    if as_json:
        show_json(_document(path, found))
    else:
        show("\n".join(_lines(path, found, time.time())))
    return OK


def check(place: Place, *, as_json: bool) -> int:
    """Look for damage in a store; the exit code."""
    path = place.path()
    with looked_into(path) as connection, transaction(connection, "BEGIN"):
        found = [printable(fault) for fault in faults(connection)]
    if as_json:
        show_json({"format_version": 1, "store": path, "faults": list(found)})
    else:
        show("\n".join([*map(bad, found), f"{path}: {_verdict(found)}"]))
    return FINDINGS if found else OK


def purge(place: Place, older_than: float) -> int:
    """Delete deliveries older than so many seconds whose tasks have all ended; the exit code."""
    path = place.path()
    deleted = 0
    with looked_into(path, writing=True) as connection:
        before = time.time() - older_than
        while True:
            with transaction(connection, "BEGIN IMMEDIATE"):
                step = writes.purge(connection, before, _STEP)
            deleted += step
            if step < _STEP:
                break
            time.sleep(_BETWEEN)
    show(f"deleted {deleted} {'delivery' if deleted == 1 else 'deliveries'}, with their tasks")
    return OK


def vacuum(place: Place) -> int:
    """Give what was deleted back to the file system; the exit code.

    The whole file is written again, for which no gateway may use it.
    """
    path = place.path()
    with looked_into(path):
        before = file_size(path)  # nor is a lock made where there is no store
    try:
        with held(path, patience=0), looked_into(path, writing=True) as connection:
            connection.execute("VACUUM")
    except StoreInUse:
        fail(f"{path} is in use by a gateway, which has to be stopped for this")
    show(f"{path}: {_size(before)} before, {_size(file_size(path))} now")
    return OK


def _verdict(found: list[str]) -> str:
    return "damaged; bring back a copy of it" if found else good("sound")


def _document(path: str, found: Figures) -> dict[str, JSON]:
    return {
        "format_version": 1,
        "store": path,
        "bytes": found.file,
        "free_bytes": found.free,
        "log_bytes": found.log,
        "deliveries": dict(found.deliveries),
        "oldest": moment(found.oldest),
        "tasks": dict(found.tasks),
        "pending_bytes": found.pending.bytes,
    }


def _lines(path: str, found: Figures, now: float) -> Iterator[str]:
    yield _fact("store", path)
    free = f", of which {_size(found.free)} are free" if found.free else ""
    log = f", and a log of {_size(found.log)}" if found.log else ""
    yield _fact("size", f"{_size(found.file)}{free}{log}")
    yield _fact("deliveries", _counts(found.deliveries))
    if found.oldest is not None:
        yield _fact("oldest", f"{moment(found.oldest)}, {span(max(0.0, now - found.oldest))} ago")
    yield _fact("tasks", _counts(found.tasks))
    if found.pending.tasks:
        yield _fact("pending", f"{_size(found.pending.bytes)} of bodies")
    if found.next_due is not None and found.next_due < now:
        yield _fact("due", f"for {span(now - found.next_due)}")


def _counts(counts: Mapping[str, int]) -> str:
    named = "   ".join(f"{printable(name)} {number:,}" for name, number in counts.items())
    return f"{sum(counts.values()):,}" + (f"   {named}" if named else "")


def _fact(name: str, text: str) -> str:
    return f"{name:<12}{text}"


def _size(size: int) -> str:
    for unit, name in _UNITS:
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size} B"
