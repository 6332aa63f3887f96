"""The processes that call a gateway, and what they were answered."""

from __future__ import annotations

import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path

PROCESSES, CONNECTIONS, EVENTS = 2, 3, 6
"""Those of a crash. EVENTS is how many each connection sends at most."""


@dataclass
class Senders:
    """Started at once, they call as soon as they are told whom."""

    round_number: int
    seed: int
    connections: int = CONNECTIONS
    events: int = EVENTS
    tasks: dict[str, str] = field(default_factory=dict)
    """The ids of the tasks that were answered 2xx, with those of their events."""
    refused: int = 0

    def __post_init__(self) -> None:
        self._processes = [self._start(number) for number in range(PROCESSES)]
        self._readers = [
            threading.Thread(target=self._read, args=(process,)) for process in self._processes
        ]
        for reader in self._readers:
            reader.start()

    def call(self, url: str) -> None:
        """Begin to call a gateway; an empty address means that there is none."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(url.removeprefix("http://") + "\n")
            process.stdin.close()

    @property
    def are_done(self) -> bool:
        """Whether they have sent everything, or lost their gateway."""
        return all(process.poll() is not None for process in self._processes)

    def join(self) -> None:
        """Wait until they have ended; their gateway is gone."""
        for reader in self._readers:
            reader.join()

    def _start(self, number: int) -> subprocess.Popen[str]:
        prefix = f"{self.round_number}-{number}"
        words = (prefix, self.connections, self.events, self.seed)
        return subprocess.Popen(
            [sys.executable, "-I", "-S", Path(__file__).with_name("load.py"), *map(str, words)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def _read(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout as answers:
            for line in answers:
                status, event_id, task_id = line.split()
                if status.startswith("2"):
                    self.tasks[task_id] = event_id
                else:
                    self.refused += 1
        process.wait()
