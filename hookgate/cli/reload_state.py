"""What a gateway tells ``hookgate reload``: a small file beside the store."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct, to_builtins

from hookgate.engine.reload import Outcome


class State(Struct, frozen=True):
    """The process that serves a store, its rules file (absolute), and how its last reload went."""

    process: int
    rules: str
    last: Outcome | None = None


def read_state(store: str) -> State | None:
    """The state that the gateway of the store wrote; None where there is none to be read."""
    try:
        document = json.loads(_path(store).read_bytes())
        last = document.pop("last")
        return State(**document, last=None if last is None else _outcome(last))
    except (OSError, ValueError, KeyError, TypeError):
        return None


@contextmanager
def kept(store: str, state: State) -> Iterator[None]:
    """While entered there is a state; see `write_state`."""
    write_state(store, state)
    try:
        yield
    finally:
        with suppress(OSError):
            _path(store).unlink(missing_ok=True)


def write_state(store: str, state: State) -> None:
    """Put a state where `read_state` finds it, whole and readable by its owner alone.

    A disk that is full does not matter: who waits for it is told to look at the log.
    """
    path = _path(store)
    with suppress(OSError):
        descriptor, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
        try:
            with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor
                json.dump(to_builtins(state), file)
            os.replace(name, path)  # noqa: PTH105 - as above
        except OSError:
            Path(name).unlink()


def _path(store: str) -> Path:
    return Path(f"{os.path.realpath(store)}.state")


def _outcome(document: dict[str, object]) -> Outcome:
    known = Outcome(**document)  # type: ignore[arg-type] # what `write_state` wrote
    return Outcome(known.began, known.successful, tuple(known.restart), known.report)
