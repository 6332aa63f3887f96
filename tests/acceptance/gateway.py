"""Real `hookgate serve` processes for tests."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

ADMIN_TOKEN = "admin-canary"
Read = TypeVar("Read")

HOOKGATE = (sys.executable, "-m", "hookgate")


@dataclass
class Gateway:
    """A gateway serving one rules file on a free port. Leaving it ends it with SIGTERM."""

    rules: Path
    options: tuple[str, ...] = ()
    environ: Mapping[str, str] = field(default_factory=dict)
    banner: str = ""
    log: str = ""
    url: str = ""

    def start(self) -> None:
        """Start it and wait until it listens."""
        self.spawn()
        self.wait_until_listening()

    def spawn(self) -> None:
        """Start it."""
        self.process = subprocess.Popen(
            [*HOOKGATE, "serve", str(self.rules), "--port", "0", *self.options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **self.environ},
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()

    def wait_until_listening(self) -> None:
        """Return when it listens; `banner` and `url` are known then."""
        assert self.process.stdout is not None
        lines = []
        for line in self.process.stdout:
            lines.append(line)
            if found := re.match(r"listening on (http://\S+)", line):
                self.url = found[1]
                break
        self.banner = "".join(lines)
        assert self.url, f"it did not start:\n{self.banner}\n{self.log}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def stop(self) -> int:
        """End it with SIGTERM, unless it has ended; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def kill(self) -> None:
        """End it with SIGKILL, as a crash would."""
        self.process.kill()
        self.ended()

    def client(self) -> httpx.Client:
        """A client with the admin token."""
        return httpx.Client(
            base_url=self.url, headers={"authorization": f"Bearer {ADMIN_TOKEN}"}, timeout=30
        )

    def task(self, task_id: str) -> dict[str, Any]:
        """A task as the reading API shows it."""
        with self.client() as client:
            return dict(client.get(f"/api/tasks/{task_id}").raise_for_status().json())

    def ended_task(self, task_id: str) -> dict[str, Any]:
        """A task when it has ended."""
        for task in polled(lambda: self.task(task_id)):
            if task["status"] in ("completed", "failed"):
                return task
        raise AssertionError("unreachable")

    def ended(self) -> int:
        """Wait until it has ended; its exit code."""
        exit_code = self.process.wait(timeout=30)
        self._reader.join()
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        if not self.process.stdout.closed:
            self.banner += self.process.stdout.read()
            self.process.stdout.close()
            self.process.stderr.close()
        return exit_code

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log += line


def polled(read: Callable[[], Read], seconds: float = 20.0) -> Iterator[Read]:
    """What `read` gives, again and again until the caller has seen enough."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield read()
        time.sleep(0.02)
    raise AssertionError(f"not reached within {seconds} s")


@contextmanager
def gateway(rules: Path, *options: str, **environ: str) -> Iterator[Gateway]:
    """A gateway that has started."""
    with Gateway(rules, options, environ) as started:
        yield started


def github_signature(secret: str, body: bytes) -> str:
    """The X-Hub-Signature-256 that GitHub would send."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
