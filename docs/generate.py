"""Writes the parts of the documentation that the code knows; `make docs` runs it.

In a page, what is between ``<!-- generated: NAME WORDS -->`` and ``<!-- end -->`` comes from the
part of that name, which is given the words. Everything else is prose and written by hand.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable

from docs.parts.commands import commands, options
from docs.parts.findings import findings
from docs.parts.keys import keys
from docs.parts.metrics import metrics
from docs.parts.printed import ROOT, printed
from docs.parts.providers import providers
from docs.parts.senders import senders

PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))

PARTS: dict[str, Callable[..., str]] = {
    "commands": commands,
    "findings": findings,
    "keys": keys,
    "metrics": metrics,
    "options": options,
    "printed": printed,
    "providers": providers,
    "senders": senders,
}

_GENERATED = re.compile(
    r"(?P<begin><!-- generated: (?P<part>\w+)(?P<words>[^>]*) -->\n).*?(?P<end><!-- end -->\n)",
    re.DOTALL,
)


def regenerated(text: str) -> str:
    """The text of a page with its generated parts as they should be now."""
    return _GENERATED.sub(_written, text)


def _written(found: re.Match[str]) -> str:
    text = PARTS[found["part"]](*shlex.split(found["words"]))
    return f"{found['begin']}{text}{found['end']}"


def main() -> None:
    """Write every page anew."""
    for page in PAGES:
        page.write_text(regenerated(page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
