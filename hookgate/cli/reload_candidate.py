"""Reading the rules file again, and running its tests, to see whether it can be used."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path

from hookgate.cli.exits import Failed
from hookgate.cli.rules_file import read_environment, read_rules
from hookgate.cli.stamps import Stamp, stamps
from hookgate.core.config import Config
from hookgate.engine.reload import Candidate
from hookgate.loading.load import Loaded


class RulesFile:
    """The rules file that `serve` was started with, and all that belongs to it.

    `adjust` makes of its configuration the one that this process would use.
    """

    def __init__(
        self, path: Path, env_file: Path | None, adjust: Callable[[Config], Config]
    ) -> None:
        self.path = path
        self._env_file = env_file
        self._adjust = adjust
        self._given = {path} if env_file is None else {path, env_file}
        self._read: frozenset[Path] = frozenset()

    def load(self) -> Loaded:
        """Load it, adjusted; ends the command where it cannot be read at all."""
        loaded = read_rules(self.path, read_environment(self._env_file))
        self._read = frozenset(map(Path, loaded.files))
        if loaded.config is None:
            return loaded
        return dataclasses.replace(loaded, config=self._adjust(loaded.config))

    def candidate(self) -> Candidate:
        """Load it, check it and run its tests; whatever is wrong with it is in what this gives."""
        # Imported only where it is needed, for what runs tests makes the start slower.
        from hookgate.cli.candidates import candidate_of
        from hookgate.cli.config_tests.suites import suite_of

        try:
            loaded = self.load()
            suite = suite_of(self.path, loaded)
        except Failed as failed:
            return Candidate(None, (failed.reason,), failed.reason)
        self._read |= suite.watched
        return candidate_of(suite, loaded.config)

    def stamps(self) -> Mapping[Path, Stamp]:
        """The stamps of all that was read the last time, and of what would be read as well now."""
        from hookgate.cli.config_tests.suites import possible_tests

        return stamps(self._read.union(self._given, possible_tests(self.path.parent)))

    def known_after(self, before: Mapping[Path, Stamp]) -> Mapping[Path, Stamp]:
        """The stamps of what was read after `before`: what changed meanwhile has changed."""
        return {file: before.get(file, stamp) for file, stamp in self.stamps().items()}
