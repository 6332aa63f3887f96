"""How often the process that writes waits for the disk, for each event that it records."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ack import RULES, measure
from tests.acceptance.gateway import Gateway
from tests.crash.moments import writing_processes
from tests.power.recorder import recorded
from tests.power.records import What, read_records


@dataclass(frozen=True, slots=True)
class Syncs:
    """Calls of fsync and fdatasync that the writing process made, and what was answered 202."""

    connections: int
    events: int
    syncs: int
    per_second: float

    def __str__(self) -> str:
        return (
            f"{self.connections} connections: {self.events} events at {self.per_second:.0f}/s, "
            f"{self.syncs} syncs, {self.syncs / self.events:.3f} an event"
        )


def syncs_under_load(directory: Path, recorder: Path, connections: int, seconds: float) -> Syncs:
    """Record signed pushes of 6 KB for a while; nothing is run."""
    home = directory / f"load-{connections}"
    home.mkdir()
    rules, records = home / "rules.yaml", home / "records"
    rules.write_text(RULES)
    environ = recorded(recorder, home / "bench.db", records, only_syncs=True)
    with Gateway(rules, ("--no-work",), environ) as gateway:
        (writing,) = writing_processes(gateway)
        figures = measure(int(gateway.url.rpartition(":")[2]), connections, seconds)
        gateway.stop()
    done = Counter((record.what, record.process) for record in read_records(records))
    return Syncs(connections, figures.requests, done[What.SYNCED, writing], figures.per_second)
