"""The store that a command looks into, while a gateway may be using it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct

from hookgate.cli.rules_file import fail, print_problems, read_environment, read_rules
from hookgate.errors import StoreError
from hookgate.loading.interpolation import complete
from hookgate.loading.load import Loaded
from hookgate.stores.sqlite.faults import opening_faults
from hookgate.stores.sqlite.file import opened_beside


class Place(Struct, frozen=True):
    """How a command line says which store it means: by a rules file, or by its own path."""

    rules: Path
    store: Path | None
    env_file: Path | None

    def path(self) -> str:
        """The path of the store; ends the command where that cannot be told."""
        if self.store is not None:
            return str(self.store).removeprefix("sqlite:")
        loaded = read_rules(self.rules, read_environment(self.env_file), environment=False)
        if loaded.config is None:
            print_problems(loaded)
            fail(f"{self.rules} cannot be read; --store names a store without it")
        return store_of(loaded, self.rules)


def store_of(loaded: Loaded, rules: Path) -> str:
    """The path of the store; ends the command where the rules file does not tell.

    `loaded` has a configuration, and may have been loaded without its environment.
    """
    assert loaded.config is not None  # noqa: S101 - see above
    assert loaded.tree is not None  # noqa: S101 - it comes with a configuration
    named = loaded.tree.get("store", "url") or loaded.tree.get("store")
    if named is not None and named.text is not None and not complete(named.text):
        fail(f"{rules} names its store with a variable that is not set; --env-file reads variables")
    return str(loaded.config.store.path)


@contextmanager
def looked_into(path: str, *, writing: bool = False) -> Iterator[sqlite3.Connection]:
    """A connection to a store; whatever is wrong with it ends the command."""
    try:
        with opening_faults(path), opened_beside(path, writing=writing) as connection:
            yield connection
    except StoreError as error:
        fail(str(error))
