"""Times as people say them."""

from __future__ import annotations

_STEPS = ((60.0, 1.0, "s"), (3600.0, 60.0, "m"), (48 * 3600.0, 3600.0, "h"))


def span(seconds: float) -> str:
    """A duration in its largest fitting unit: ``4m``, ``36h``, ``12d``."""
    for below, unit, name in _STEPS:
        if seconds < below:
            return f"{seconds / unit:.0f}{name}"
    return f"{seconds / 86400:.0f}d"


def exactly(seconds: float) -> str:
    """A duration that was measured: ``12ms``, ``1.5s``, ``90.0s``."""
    return f"{seconds * 1000:.0f}ms" if seconds < 1 else f"{seconds:.1f}s"
