"""The exit codes of every command."""

from __future__ import annotations

import sys

OK = 0
"""All is well."""

FINDINGS = 1
"""The command did its work and found something wrong."""

USAGE = 2
"""The command was called with the wrong words."""

ENVIRONMENT = 3
"""A file, the store or the network could not be used, or hookgate itself failed."""


class Failed(Exception):  # noqa: N818 - it names the state of affairs
    """Ends a command because of its surroundings, with the exit code `ENVIRONMENT`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason

    def tell(self) -> None:
        """Say why on standard error."""
        sys.stderr.write(f"hookgate: {self.reason}\n")
