"""Runs every benchmark and writes docs/performance.md, and the chart beside it: ``make bench``.

``--quick`` takes few rounds and small stores, to see that all of it works. A section is a function
of `Scale` that gives its text; a new benchmark gets one of its own, and a line in `SECTIONS`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sqlite3
import statistics
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TypeAlias

from benchmarks import ack, chart, claims, growth, handlers, profile, rest, verify
from benchmarks.load import Figures
from benchmarks.servers import ROOT

PAGE = ROOT / "docs/performance.md"
CHART = ROOT / "docs/performance.png"
VERSIONS = ("hookgate", "uvicorn", "starlette", "uvloop", "httptools", "orjson")


@dataclass(frozen=True)
class Scale:
    """How thoroughly everything is measured."""

    rounds: int = 5
    seconds: float = 5.0
    tasks: int = 100_000
    rules: int = 10_000
    deliveries: int = 1_000_000
    events: Mapping[str, int] = field(default_factory=lambda: handlers.COUNTS)
    burst: int = 2_000
    starts: int = 15
    idle: float = 20.0


QUICK = Scale(
    rounds=1,
    seconds=1.0,
    tasks=1_000,
    rules=100,
    deliveries=1_000,
    events={"function": 500, "warm": 100, "plain": 20},
    burst=200,
    starts=3,
    idle=2.0,
)


@dataclass(frozen=True)
class Bars:
    """One part of the chart: a value for each label."""

    title: str
    values: dict[str, float]


@dataclass(frozen=True)
class Section:
    """A part of the page, and of the chart where it has one."""

    title: str
    lines: tuple[str, ...]
    bars: Bars | None = None


Cells: TypeAlias = Iterable[object]


def answers(scale: Scale) -> Section:
    """Verified and recorded answers beside an empty endpoint, and beside adnanh/webhook."""
    rounds = tuple(ack.figures(scale.rounds, scale.seconds, peer=True))
    peers = [each.peer for each in rounds if each.peer is not None]
    rows = [
        [number, *_load(each.ours), *_load(each.bare), f"{each.ratio:.2f}",
         *(_load(each.peer.figures) if each.peer else ["left out", ""])]
        for number, each in enumerate(rounds, 1)
    ]  # fmt: skip
    ratios = [each.ratio for each in rounds]
    per_second = {
        "hookgate": statistics.median(each.ours.per_second for each in rounds),
        "empty endpoint": statistics.median(each.bare.per_second for each in rounds),
    }
    if peers:
        per_second["webhook"] = statistics.median(each.figures.per_second for each in peers)
    heads = ["round", "hookgate/s", "p99 ms", "empty/s", "p99 ms", "ratio", "webhook/s", "p99 ms"]
    return Section(
        "The answer",
        (
            "A signed GitHub push of 6 KB: verified, decided, recorded with `synchronous=FULL` and "
            "answered 202, against a bare Starlette route that reads the body, under the same "
            "uvicorn settings with 64 connections (`python -m benchmarks.ack --peer`).",
            "",
            *_table(heads, rows),
            "",
            f"Ratio: median {statistics.median(ratios):.2f}, {min(ratios):.2f} to "
            f"{max(ratios):.2f} in {len(ratios)} rounds. Memory: {rounds[-1].memory:.0f} MiB after "
            f"{rounds[-1].ours.requests:,} answers.",
            "",
            *_peer_text(rounds),
        ),
        Bars("answers a second", per_second),
    )


def _load(found: Figures) -> list[str]:
    return [f"{found.per_second:,.0f}", f"{found.p99_ms:.1f}"]


def _peer_text(rounds: Sequence[ack.Round]) -> Iterable[str]:
    line = ack.beside_peer(rounds)
    yield f"{line[0].upper()}{line[1:]}."
    if rounds[-1].peer is not None:
        started = "`webhook -hooks hooks.json -ip 127.0.0.1 -port PORT`"
        yield from ("", f"It is {_webhook_version()}, started with {started} and this file:")
        yield from ("", "```json", json.dumps(ack.PEER_RULES, indent=2), "```")


def verifying(_: Scale) -> Section:
    """What verifying costs beside the HMAC."""
    rows = [
        [
            cost.sender,
            f"{cost.size:,}",
            *_decimals(cost.digested, cost.verified),
            f"{cost.ratio:.2f}",
        ]
        for cost in verify.figures()
    ]
    heads = ["sender", "bytes", "bare HMAC us", "verified us", "ratio"]
    return Section("Verifying (`python -m benchmarks.verify`)", tuple(_table(heads, rows)))


def the_way(_: Scale) -> Section:
    """Where the time of an answer goes."""
    steps = profile.figures()
    rows = [[step, *_decimals(cost)] for step, cost in steps.items()]
    return Section(
        "Where the time goes (`python -m benchmarks.profile`)",
        tuple(_table(["step", "us of the processor"], rows)),
        Bars("microseconds of a step", steps),
    )


def running(scale: Scale) -> Section:
    """Tasks that are run to their end, beside adnanh/webhook with the same script."""
    rounds = tuple(handlers.figures(scale.rounds, scale.events))
    heads = ["round", *(f"{kind}/s" for kind in handlers.KINDS), "webhook/s"]
    rows = [
        [number, *_decimals(*each.completed.values()),
         "left out" if each.peer is None else f"{each.peer:.1f}"]
        for number, each in enumerate(rounds, 1)
    ]  # fmt: skip
    ratios = {kind: [each.ratio(kind) for each in rounds] for kind in handlers.KINDS}
    beside = "webhook" if rounds[-1].peer is not None else "the plain command"
    soon = handlers.starts(scale.burst)
    return Section(
        "The handler (`python -m benchmarks.handlers`)",
        (
            "The guide's Jira handler as a function in Python, as a command that starts warm, and "
            "as a plain one, each event and each end recorded; webhook runs the same script and "
            "waits for it (`include-command-output-in-response`), recording nothing.",
            "",
            f"The function has {2 * handlers.PROCESSORS} processes (its `concurrency`). "
            f"Plain commands run {handlers.KINDS['plain'].concurrency} at a time "
            "(`server.concurrency`), as they do nothing but compute; webhook, which has no such "
            f"bound, runs one for each of {handlers.CONNECTIONS} connections.",
            "",
            *_table(heads, rows),
            "",
            f"Beside {beside}, median and spread: "
            + "; ".join(f"{kind} {handlers.spread(found)}" for kind, found in ratios.items())
            + ".",
            "",
            *_table(
                ["from arrival to the function", "p50 ms", "p99 ms"],
                [[when, *_decimals(found.p50_ms, found.p99_ms)] for when, found in soon.items()],
            ),
        ),
        Bars(
            f"completed tasks a second, times {beside}",
            {kind: statistics.median(found) for kind, found in ratios.items()},
        ),
    )


def claiming(scale: Scale) -> Section:
    """What claims and records cost beside long lines of tasks."""
    rows = [
        [line.shape, *(f"{line.many[step]:.3f} ({line.ratio(step):.2f})" for step in claims.STEPS)]
        for line in claims.figures(100, scale.tasks)
    ]
    heads = ["tasks", *(f"{step} ms (ratio)" for step in claims.STEPS)]
    text = f"Beside {scale.tasks:,} pending tasks, against 100 (`python -m benchmarks.claims`)."
    return Section("Claims", (text, "", *_table(heads, rows)))


def growing(scale: Scale) -> Section:
    """What rules, sources and stored deliveries add to a step."""
    found = tuple(growth.figures(scale.rules, scale.deliveries))
    rows = [
        [each.step, f"{each.few:,}", *_decimals(each.beside_few), f"{each.many:,}",
         *_decimals(each.beside_many), f"{each.ratio:.2f}"]
        for each in found
    ]  # fmt: skip
    heads = ["step", "beside", "us", "beside", "us", "ratio"]
    return Section(
        "Growth (`python -m benchmarks.growth`)",
        tuple(_table(heads, rows)),
        Bars("times the cost, beside many", {each.step: each.ratio for each in found}),
    )


def resting(scale: Scale) -> Section:
    """Start, memory and processor of a gateway without deliveries."""
    found = rest.figures(scale.starts, scale.idle)
    rows = [
        ["start to listening, median", f"{found.start_ms:.0f} ms"],
        ["least and most", f"{min(found.starts_ms):.0f} and {max(found.starts_ms):.0f} ms"],
        ["memory, proportional (PSS)", f"{found.pss:.1f} MiB"],
        ["memory, resident (what both share counted twice)", f"{found.rss:.1f} MiB"],
        ["processor", f"{found.idle:.2f} %"],
    ]
    text = "The shipped rules file; the gateway and the process that writes, together."
    return Section(
        "At rest (`python -m benchmarks.rest`)", (text, "", *_table(["what", "measured"], rows))
    )


SECTIONS: tuple[Callable[[Scale], Section], ...] = (
    answers,
    verifying,
    the_way,
    running,
    claiming,
    growing,
    resting,
)


def main() -> None:
    """Measure, then write the page and the chart."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true")
    scale = QUICK if options.parse_args().quick else Scale()
    sections = []
    for measure in SECTIONS:
        print(f"{measure.__name__} ...", flush=True)
        sections.append(measure(scale))
    PAGE.write_text("\n".join(_page(sections)), "utf-8")
    chart.draw([(s.bars.title, s.bars.values) for s in sections if s.bars is not None], CHART)
    print(f"wrote {PAGE.relative_to(ROOT)} and {CHART.relative_to(ROOT)}")


# --- the page -------------------------------------------------------------------------------


def _page(sections: Iterable[Section]) -> Iterable[str]:
    yield from ("# Performance", "", "Written by `make bench`. The ratios count: both sides of one")
    yield "took turns. Absolute figures are those of this machine, and of what else it did:"
    yield from ("", *_machine(), "", "![The figures as bars](performance.png)", "")
    for section in sections:
        yield from (f"## {section.title}", "", *section.lines, "")


def _machine() -> Iterable[str]:
    one, _, fifteen = os.getloadavg()
    yield f"- {datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} cores"
    yield f"- {platform.system()} {platform.release()}, SQLite {sqlite3.sqlite_version}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    yield "- " + ", ".join([python, *(f"{name} {version(name)}" for name in VERSIONS)])
    yield f"- load average at the end {one:.1f}, over a quarter of an hour {fifteen:.1f}"


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def _webhook_version() -> str:
    told = subprocess.run(["webhook", "-version"], capture_output=True, check=True, text=True)
    return told.stdout.strip()


def _table(heads: list[str], rows: Iterable[Cells]) -> Iterable[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(map(str, row))} |"


def _decimals(*numbers: float) -> list[str]:
    return [f"{number:,.1f}" for number in numbers]


if __name__ == "__main__":
    main()
