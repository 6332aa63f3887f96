"""What the main process tells a worker to begin with, and how the two are connected."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from hookgate.core.config import Config
from hookgate.loading.portable import unpacked

STORE_CHANNEL = b"."
"""What goes with a channel to the writing process through a worker's door."""


class Beginning(Struct, frozen=True):
    """The packed configuration, and what the command line said.

    `own_token` is the admin token of this run; `works` tells whether the main process runs
    programs. There are `workers` of them.
    """

    config: bytes
    own_token: str
    as_json: bool
    works: bool
    workers: int

    def share(self, config: bytes) -> Config:
        """A configuration with the share that one worker has of what all may take together."""
        whole = unpacked(config)
        server = whole.server
        return replace(
            whole,
            server=replace(
                server,
                max_connections=max(1, server.max_connections // self.workers),
                max_bodies=server.max_bodies // self.workers,
            ),
        )
