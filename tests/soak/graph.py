"""The figures over time as a picture."""

from __future__ import annotations

from pathlib import Path

from tests.soak.run import Soak
from tests.soak.samples import FIGURES


def draw(seen: Soak, path: Path) -> None:
    """Write a PNG; needs matplotlib (`pip install -e '.[charts]'`)."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - nothing else needs it

    figure = Figure(figsize=(10, 1.6 * len(FIGURES)), layout="constrained")
    for axes, name in zip(figure.subplots(len(FIGURES), sharex=True), FIGURES, strict=True):
        axes.plot(seen.times, seen.figures[name], linewidth=1)
        axes.axvspan(seen.times[-1] / 2, seen.times[-1], alpha=0.1)
        axes.set_ylim(bottom=0)
        axes.set_title(f"{name} {FIGURES[name].unit}".strip(), fontsize=9, loc="left")
    axes.set_xlabel("seconds; the verdict is about the second half")
    figure.savefig(path, dpi=100)
