"""Signatures that hold for ever, and timestamps that anybody can write anew."""

from __future__ import annotations

from collections.abc import Iterator

from hookgate.auth.signature import SignatureAuth
from hookgate.core.config import Source
from hookgate.loading.codes import Code
from hookgate.loading.lint.subject import Subject
from hookgate.loading.nodes import Node


def check_replay(subject: Subject) -> None:
    """Report signed sources where a delivery that was overheard can be sent again, and counts."""
    for source, entry, verifier in _signatures(subject):
        timestamp = verifier.timestamp
        if source.event_id or (timestamp is not None and timestamp.tolerance is not None):
            continue
        message = "a signed delivery can be sent again by whoever overhears it, and counts again"
        suggestion = "set event_id, or a timestamp with a tolerance"
        subject.context.findings.add(Code.REPLAYABLE, entry.place, message, suggestion)


def check_timestamps(subject: Subject) -> None:
    """Report timestamps outside of what is signed."""
    for _, entry, verifier in _signatures(subject):
        timestamp, node = verifier.timestamp, entry.get("timestamp")
        if timestamp is None or node is None or "ts" in verifier.template.slots:
            continue
        if timestamp.tolerance is not None and node.get("path") is None:
            message = "the timestamp is not signed, so anybody can put a new one"
            suggestion = "write {ts} in the template where the sender signs it"
            subject.context.findings.add(Code.UNSIGNED_TIMESTAMP, node.place, message, suggestion)


def _signatures(subject: Subject) -> Iterator[tuple[Source, Node, SignatureAuth]]:
    """Every signature that a source describes by itself; what a preset lacks its provider lacks."""
    for name, source in subject.sources.items():
        node = subject.root.entries("sources")[name]
        for entry, verifier in zip(node.items("auth"), source.auth, strict=False):
            if isinstance(verifier, SignatureAuth) and node.get("provider") is None:
                yield source, entry, verifier
