"""From the text of a rules file to its compiled configuration, or to all that is wrong with it.

The text goes through `reader` (YAML to a tree with places), `interpolation` (``${NAME}``),
`presets` (what a provider's sources have in common), `schema` (the shape) and `compile` (the
meaning). Each reports what it finds and passes on what is sound, so that all mistakes come at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from hookgate.core.config import Config
from hookgate.loading.compile import compile_config
from hookgate.loading.context import Context
from hookgate.loading.findings import Findings
from hookgate.loading.interpolation import Interpolation
from hookgate.loading.presets import apply_presets
from hookgate.loading.problems import Problem
from hookgate.loading.reader import read
from hookgate.loading.schema import check_shape


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a rules file: its configuration unless a problem is an error, and its text."""

    config: Config | None
    problems: tuple[Problem, ...]
    text: str


def load(
    text: str, file: str, directory: str, environ: Mapping[str, str], environment: bool = True
) -> Loaded:
    """Load a rules file from its text. Never raises for what is in it.

    `file` is its name in the problems; relative paths start from `directory`, which is absolute.
    Without `environment`, variables that are not set and files that are not there are no problem
    (HG3xx); a secret that is not known then lets nobody in. Bytes that are no UTF-8 are a finding
    where the text was decoded with ``errors="surrogateescape"``.
    """
    text = text.removeprefix("\ufeff")
    findings = Findings(file, text, environment)
    config = _compiled(text, directory, environ, environment, findings)
    return Loaded(config, findings.sorted(), text)


def _compiled(
    text: str, directory: str, environ: Mapping[str, str], environment: bool, findings: Findings
) -> Config | None:
    root = read(text, findings)
    if root is None:
        return None
    interpolation = Interpolation(environ, directory, findings)
    whole = apply_presets(interpolation.fill(root), findings)
    sound = check_shape(whole, findings)
    context = Context(findings, text, whole, directory, environ, environment)
    return compile_config(sound, interpolation.unset, context)
