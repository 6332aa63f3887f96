"""What a shell offers for an option when somebody presses Tab.

Commands and options complete by themselves. Here are the values that only hookgate or the rules
file knows. A shell has no use for an error, so whatever cannot be read gives no suggestion.
"""

from __future__ import annotations

from pathlib import Path

import typer


def init_sources() -> list[str]:
    """What `init --source` can be."""
    from hookgate.cli.init import choices

    return list(choices())


def sources_of_rules(context: typer.Context) -> list[str]:
    """The sources of the rules file that the command line names, or of rules.yaml."""
    named = context.params.get("rules") or "rules.yaml"
    return list(_sources(Path(str(named))))


def _sources(path: Path) -> tuple[str, ...]:
    """The names under `sources`, also in a file that has mistakes elsewhere."""
    from hookgate.loading.findings import Findings
    from hookgate.loading.reader import read

    try:
        text = path.read_text("utf-8", "surrogateescape")
    except OSError:
        return ()
    root = read(text, Findings(str(path), text))
    return tuple(root.entries("sources")) if root is not None else ()
