"""The metrics with their labels, from what ``/metrics`` says of itself."""

from __future__ import annotations

from prometheus_client import Metric

from docs.parts.markdown import marked_up, table
from hookgate.core.backlog import Backlog
from hookgate.engine.metrics import Metrics
from hookgate.loading.load import load
from hookgate.server.exposition import Families
from hookgate.stores.store import Standing

_RULES = """\
version: 1
sources: {s: {auth: {type: token, token: "${TOKEN}"}, rules: {"*": [{program: p}]}}}
programs: {p: {command: "true"}}
"""


def metrics() -> str:
    """Every metric of hookgate's own; those of the process have names that all programs share."""
    config = load(_RULES, "rules.yaml", "/", {"TOKEN": "metrics"}).config
    assert config is not None  # noqa: S101 - the file above is valid
    work = Standing(0, 0, 0, None), Backlog(0, 0)
    families = Families(Metrics(config, 0.0), work, 0.0).collect()
    rows = [_row(family) for family in families if family.name.startswith("hookgate_")]
    return table(("metric", "type", "labels", "meaning"), rows)


def _row(family: Metric) -> tuple[str, str, str, str]:
    sample = family.samples[0]
    name = family.name if family.type == "histogram" else sample.name
    labels = ", ".join(f"`{label}`" for label in sample.labels if label != "le")
    return f"`{name}`", family.type, labels, marked_up(family.documentation)
