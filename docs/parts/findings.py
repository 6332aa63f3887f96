"""The sections of findings: each code with its meaning, a wrong and a right example.

What is shown as printed is what `hookgate validate` prints of the wrong example.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory

from docs.parts.markdown import marked_up, table
from hookgate.cli.findings.as_text import finding_texts
from hookgate.cli.findings.report import Checked
from hookgate.loading.explanations import Explanation, all_codes, explanation
from hookgate.loading.load import Loaded, load

_WIDTH = 100
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def findings(family: str) -> str:
    """Every code that begins with `family`, such as ``HG1``, in a table and a section each."""
    found = [explanation(code) for code in all_codes() if code.startswith(family)]
    told = [one for one in found if one is not None]
    return "\n".join([_index(told), *map(_section, told)])


def _index(told: list[Explanation]) -> str:
    rows = [
        (f"[{one.code}](#{one.code.lower()})", marked_up(one.title), one.severity.value)
        for one in told
    ]
    return table(("code", "what is wrong", "severity"), rows)


def _section(told: Explanation) -> str:
    printed = _printed(told)
    shown = (
        f"{_block(told.bad, 'yaml')}\n{_block(printed)}" if printed else _block(told.bad, "yaml")
    )
    return f"""\
### {told.code}

**{marked_up(told.title)}** ({told.severity.value})

{marked_up(told.meaning.strip())}

Wrong:

{shown}
Right:

{_block(told.good, "yaml")}"""


def _printed(told: Explanation) -> str:
    """What `validate` prints of the wrong example, as far as it is about this code.

    Nothing for a library that is missing, which it is not where the documentation is written.
    """
    loaded = _loaded(told)
    problems = tuple(problem for problem in loaded.problems if problem.code == told.code)
    about = Checked("rules.yaml", Loaded(loaded.config, problems, loaded.text))
    return _COLOUR.sub("", "\n".join(finding_texts(about, _WIDTH)))


def _loaded(told: Explanation) -> Loaded:
    """The wrong example, with the files that it needs beside it."""
    with TemporaryDirectory() as directory:
        for name, text in told.files.items():
            (Path(directory) / name).write_text(text, "utf-8")
        return load(told.bad, "rules.yaml", directory, {}, told.code.startswith("HG3"))


def _block(text: str, language: str = "") -> str:
    return f"```{language}\n{text.rstrip()}\n```\n"
