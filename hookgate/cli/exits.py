"""The exit codes of every command."""

from __future__ import annotations

OK = 0
"""All is well."""

FINDINGS = 1
"""The command did its work and found something wrong."""

USAGE = 2
"""The command was called with the wrong words."""

ENVIRONMENT = 3
"""A file, the store or the network could not be used, or hookgate itself failed."""
