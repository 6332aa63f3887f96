"""Figures as a picture of bars. matplotlib is imported here alone; the extra `charts` has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def draw(parts: Sequence[tuple[str, Mapping[str, float]]], path: Path) -> None:
    """Draw one row of bars for each title, and keep the picture."""
    heights = [len(values) + 1 for _, values in parts]
    figure, axes = plt.subplots(
        len(parts), 1, figsize=(9, 0.32 * sum(heights) + 1), squeeze=False, height_ratios=heights
    )
    for axis, (title, values) in zip(axes[:, 0], parts, strict=True):
        bars = axis.barh(list(values), list(values.values()), color="#3b6ea5")
        axis.bar_label(bars, fmt="{:,.4g}", padding=3)
        axis.set_title(title, loc="left", fontsize=10)
        axis.invert_yaxis()
        axis.margins(x=0.12)
        axis.spines[["top", "right"]].set_visible(False)
    figure.tight_layout()
    figure.savefig(path, dpi=110)
    plt.close(figure)
