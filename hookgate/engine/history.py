"""Explaining decisions that were recorded earlier, perhaps by another rules file."""

from __future__ import annotations

from functools import lru_cache

from hookgate.core.config import Config
from hookgate.core.decide import decide_authentic
from hookgate.core.explain import Trace, explain
from hookgate.loading.load import load
from hookgate.model import Authentication
from hookgate.stores.store import StoredDelivery


def explain_stored(stored: StoredDelivery, current: Config) -> Trace | None:
    """Derive the trace again from the delivery and the configuration that decided about it.

    The authentication is taken from the record, since credentials are not stored. Values of
    ``${NAME}`` are those of the current process. None where the recorded configuration does not
    compile with this version of hookgate.
    """
    config = _config_of(stored, current)
    if config is None or stored.delivery.source not in config.sources:
        return None
    auth = Authentication(stored.decision.auth_result, stored.decision.auth_steps)
    source = config.sources[stored.delivery.source]
    decision = decide_authentic(source, stored.delivery, auth)
    return explain(config, stored.delivery, decision)


def _config_of(stored: StoredDelivery, current: Config) -> Config | None:
    if stored.decision.digest == current.digest:
        return current
    return _compiled(stored.decision.snapshot, current.directory)


@lru_cache(maxsize=8)
def _compiled(snapshot: str, directory: str) -> Config | None:
    return load(snapshot, "recorded", directory, {}, environment=False).config
