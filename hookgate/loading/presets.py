"""Presets of providers: what is the same for everybody who receives from GitHub, say.

A preset is a file of data in `presets/`, of the shape that `preset.schema.json` describes, in the
vocabulary of the rules file. A source that names its provider is read as if it had the keys of the
preset where it has none of its own; its `auth` is laid over the preset's key by key, and so is a
`handshake` without an answer. What comes of it is checked like anything else in the rules file.
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
_OF_A_SOURCE = ("auth", "event_type", "event_id", "handshake")
_PLACES_OF_A_TIMESTAMP = frozenset({"header", "field", "path"})


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
        hint = suggestion or "'hookgate providers' lists them"
        findings.add(Code.UNKNOWN_PROVIDER, provider.span, message, hint)
        return source
    defaults = {
        key: node_of(value, provider.span, provider.key)
        for key, value in preset(provider.text).items()
        if key in _OF_A_SOURCE
    }
    entries = {**defaults, **source.entries()}
    if "auth" in source.entries():
        entries["auth"] = _auth(defaults.get("auth"), source.entries()["auth"], provider, findings)
    if "handshake" in source.entries():
        own = source.entries()["handshake"]
        entries["handshake"] = _handshake(defaults.get("handshake"), own, provider, findings)
    elif _lacks_token(defaults.get("handshake")):
        message = f"the handshake of the provider {quoted(provider.string)} needs its token"
        suggestion = "handshake: {auth: {token: ...}}; handshake: null answers none"
        findings.add(Code.MISSING_KEY, provider.span, message, suggestion)
        del entries["handshake"]
    return Node(entries, source.span, source.key)


def _auth(preset_auth: Node | None, own: Node, provider: Node, findings: Findings) -> Node:
    """The source's own auth, laid over that of the preset where it has one."""
    if preset_auth is None:
        _report_open_entries(own, provider, findings)
        return own
    if isinstance(own.value, list):
        return Node([_laid_over(preset_auth, e) for e in own.value], own.span, own.key)
    return _laid_over(preset_auth, own)


def _laid_over(preset_auth: Node, own: Node) -> Node:
    """One entry of auth over the preset's; another type replaces it whole."""
    if not isinstance(own.value, dict):
        return own
    own_type = own.get("type")
    if own_type is not None and own_type.value != preset_auth.entries()["type"].value:
        return own
    entries = {**preset_auth.entries(), **own.value}
    preset_timestamp, timestamp = preset_auth.get("timestamp"), own.get("timestamp")
    if preset_timestamp is not None and timestamp is not None:
        entries["timestamp"] = _timestamp_laid_over(preset_timestamp, timestamp)
    return Node(entries, own.span, own.key)


def _timestamp_laid_over(preset_timestamp: Node, own: Node) -> Node:
    """Another tolerance, say, leaves the place as it is; another place replaces it whole."""
    if not isinstance(own.value, dict) or _PLACES_OF_A_TIMESTAMP & own.value.keys():
        return own
    return Node({**preset_timestamp.entries(), **own.value}, own.span, own.key)


def _lacks_token(handshake: Node | None) -> bool:
    """Whether a preset's handshake proves itself by a token, which only the receiver knows."""
    kind = None if handshake is None else handshake.get("auth", "type")
    return kind is not None and kind.value == "token"


def _handshake(
    preset_handshake: Node | None, own: Node, provider: Node, findings: Findings
) -> Node:
    """The source's own handshakes; what has no answer is laid over those of the preset."""
    presets = [] if preset_handshake is None else _listed(preset_handshake)
    handshakes: list[Node] = []
    for node in _listed(own):
        partial = isinstance(node.value, dict) and "answer" not in node.value
        if partial and presets:
            handshakes += [_handshake_laid_over(preset, node) for preset in presets]
            continue
        if partial:
            message = f"the provider {quoted(provider.string)} has no handshake: it needs an answer"
            findings.add(Code.MISSING_KEY, node.place, message)
        handshakes.append(node)
    if len(handshakes) == 1 and not isinstance(own.value, list):
        return handshakes[0]
    return Node(handshakes, own.span, own.key)


def _listed(node: Node) -> list[Node]:
    return node.value if isinstance(node.value, list) else [node]


def _handshake_laid_over(preset_handshake: Node, own: Node) -> Node:
    entries = {**preset_handshake.entries(), **own.entries()}
    preset_auth, auth = preset_handshake.get("auth"), own.get("auth")
    if preset_auth is not None and auth is not None:
        entries["auth"] = _laid_over(preset_auth, auth)
    return Node(entries, own.span, own.key)


def _report_open_entries(own: Node, provider: Node, findings: Findings) -> None:
    """Some senders prove nothing: the rules file must then say in so many words who may call."""
    for entry in own.items():
        if isinstance(entry.value, dict) and "type" not in entry.value:
            message = (
                f"the provider {quoted(provider.string)} proves nothing: its auth needs a type"
            )
            suggestion = "such as {type: token, query: token, token: ...}"
            findings.add(Code.MISSING_KEY, entry.place, message, suggestion)
