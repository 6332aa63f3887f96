"""The configuration in use."""

from __future__ import annotations

from hookgate.core.config import Config


class Current:
    """Holds it; a reload replaces it as a whole.

    Whoever needs it for several steps that belong together reads it once. A delivery is decided,
    recorded and answered by the one that was in use when its head had arrived.
    """

    def __init__(self, config: Config) -> None:
        self.config = config
