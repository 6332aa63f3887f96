"""Presets of providers: what is the same for everybody who receives from GitHub, say.

A preset is a file of data in `presets/`, in the vocabulary of the rules file. A source that names
its provider is read as if it had the keys of the preset where it has none of its own; its `auth`
is laid over the preset's key by key.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from hookgate.loading.codes import Code
from hookgate.loading.findings import Findings, did_you_mean, quoted
from hookgate.loading.interpolation import complete, shown
from hookgate.loading.nodes import Node, node_of
from hookgate.model import JSON

_FOLDER = Path(__file__).with_name("presets")


@cache
def names() -> tuple[str, ...]:
    """The names of all presets, in alphabetical order."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.json")))


@cache
def preset(name: str) -> Mapping[str, JSON]:
    """A preset; `name` is one of `names()`. Its own ``name`` is the first of its keys."""
    found: Mapping[str, JSON] = json.loads((_FOLDER / f"{name}.json").read_text("utf-8"))
    return found


def apply_presets(root: Node, findings: Findings) -> Node:
    """The tree with the presets of its sources' providers put in."""
    sources = root.get("sources")
    if sources is None or not any(node.get("provider") for node in sources.entries().values()):
        return root
    entries = {name: _with_preset(node, findings) for name, node in sources.entries().items()}
    merged = Node(entries, sources.span, sources.key)
    return Node({**root.entries(), "sources": merged}, root.span, root.key)


def _with_preset(source: Node, findings: Findings) -> Node:
    provider = source.get("provider")
    if provider is None or provider.text is None or not complete(provider.text):
        return source
    if provider.text not in names():
        message = f"the provider {quoted(shown(provider.text))} is not known"
        suggestion = did_you_mean(shown(provider.text), names())
        known = f"known: {', '.join(names())}"
        findings.add(Code.UNKNOWN_PROVIDER, provider.span, message, suggestion or known)
        return source
    defaults = {
        key: node_of(value, provider.span, provider.key)
        for key, value in preset(provider.text).items()
        if key not in ("name", "title")
    }
    entries = {**defaults, **source.entries()}
    if "auth" in defaults and "auth" in source.entries():
        entries["auth"] = _laid_over(defaults["auth"], source.entries()["auth"])
    return Node(entries, source.span, source.key)


def _laid_over(preset_auth: Node, own: Node) -> Node:
    """The source's own auth over the preset's; a list or another type replaces it whole."""
    if not isinstance(own.value, dict):
        return own
    own_type = own.get("type")
    if own_type is not None and own_type.value != preset_auth.entries()["type"].value:
        return own
    return Node({**preset_auth.entries(), **own.value}, own.span, own.key)
