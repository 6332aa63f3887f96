"""Finding the store that a rules file names."""

from __future__ import annotations

from pathlib import Path

from hookgate.cli.rules_file import fail
from hookgate.loading.interpolation import complete
from hookgate.loading.load import Loaded


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
