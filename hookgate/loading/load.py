"""From the text of a rules file to its compiled configuration, or to all that is wrong with it.

The text goes through `reader` (YAML to a tree with places), `interpolation` (``${NAME}``),
`presets` (what a provider's sources have in common), `schema` (the shape) and `compile` (the
meaning). Each reports what it finds and passes on what is sound, so that all mistakes come at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hookgate.core.config import Config
from hookgate.loading.compile import compile_config
from hookgate.loading.context import Context
from hookgate.loading.findings import Findings
from hookgate.loading.interpolation import Interpolation
from hookgate.loading.nodes import Node
from hookgate.loading.presets import apply_presets
from hookgate.loading.problems import Problem
from hookgate.loading.reader import read
from hookgate.loading.schema import check_shape

if TYPE_CHECKING:
    from hookgate.loading.cases import Case


@dataclass(frozen=True, slots=True)
class Loaded:
    """What came of a rules file: its configuration unless a problem is an error, and its text.

    `cases` are the tests in it and `tree` is what it holds, with presets and variables put in;
    neither is there without a configuration. `files` are the other files that were read for it, or
    would have been if they were there.
    """

    config: Config | None
    problems: tuple[Problem, ...]
    text: str
    cases: tuple[Case, ...] = ()
    tree: Node | None = field(default=None, repr=False)
    files: frozenset[str] = field(default=frozenset(), repr=False)


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
    root = read(text, findings)
    if root is None:
        return Loaded(None, findings.sorted(), text)
    interpolation = Interpolation(environ, directory, findings)
    whole = apply_presets(_filled(root, interpolation), findings)
    sound = check_shape(whole, findings)
    files = interpolation.files
    context = Context(findings, text, whole, directory, environ, environment, files)
    cases = _cases(sound, file, context)
    config = compile_config(sound, interpolation.unset, context)
    if config is None:
        return Loaded(None, findings.sorted(), text, files=frozenset(files))
    return Loaded(config, findings.sorted(), text, cases, whole, frozenset(files))


def _cases(root: Node, file: str, context: Context) -> tuple[Case, ...]:
    tests = root.get("tests")
    if tests is None:
        return ()
    from hookgate.loading.tests import compile_tests

    return compile_tests(tests, file, context)


def _filled(root: Node, interpolation: Interpolation) -> Node:
    """The tree with every variable put in, but not in the tests, which are taken as written."""
    tests = root.get("tests")
    if tests is None:
        return interpolation.fill(root)
    others = {key: child for key, child in root.entries().items() if key != "tests"}
    filled = interpolation.fill(Node(others, root.span, root.key))
    return Node({**filled.entries(), "tests": tests}, root.span, root.key)
