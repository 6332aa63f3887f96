"""What a gateway and a template process tell each other, over a socket pair."""

from __future__ import annotations

import struct

REQUEST = struct.Struct("!B4I")
"""What is wanted; the bytes of the arguments, the variables and the working directory that follow
it; and a process. Three descriptors come with a START."""
START, REAP = 1, 2

REPLY = struct.Struct("!Bi")
"""What has happened, and: the bytes of a text that follows (FAILED), a process (FORKED), an errno
(SHORT), or the status of a process (REAPED). A FORKED is sent by the fork itself."""
READY, FAILED, FORKED, SHORT, REAPED, STALE, UNFIT = range(1, 8)
LOST = 1 << 16
"""What no status can be."""

ROOM = "HOOKGATE_ROOM"
MAKES_ROOM = {ROOM: "-" * 8192}
"""A variable that makes room for those of the forks, see `surface`."""
