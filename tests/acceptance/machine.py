"""Faults of a machine, made on purpose for a process or a directory of a test."""

from __future__ import annotations

import resource
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MIB = 1 << 20


@contextmanager
def small_disk(directory: Path, options: str) -> Iterator[Path]:
    """A file system of its own, which takes the right to mount one."""
    directory.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "none", str(directory)],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("nothing may be mounted here")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """While entered, there is no room left on a small disk."""
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)) == 4096:
                pass
        except OSError:
            pass
    yield
    filler.unlink()


@contextmanager
def file_size_limit(process: int, file: Path) -> Iterator[None]:
    """While entered, a process cannot make its files larger than this one."""
    resource.prlimit(process, resource.RLIMIT_FSIZE, (file.stat().st_size, -1))
    yield
    resource.prlimit(process, resource.RLIMIT_FSIZE, (-1, -1))


@contextmanager
def failing_calls(process: int, calls: str, error: str) -> Iterator[None]:
    """While entered, these system calls of a process fail with an error, by strace."""
    if shutil.which("strace") is None:
        pytest.skip("there is no strace")
    inject = ["-e", f"trace={calls}", "-e", f"inject={calls}:error={error}"]
    with subprocess.Popen(
        ["strace", "-f", "-p", str(process), *inject],
        stderr=subprocess.PIPE,
        text=True,
    ) as tracer:
        assert tracer.stderr is not None
        if "attached" not in tracer.stderr.readline():
            pytest.skip("no process may be traced here")
        yield
        tracer.send_signal(signal.SIGINT)
        tracer.stderr.read()


@contextmanager
def few_descriptors(process: int, more: int) -> Iterator[None]:
    """While entered, a process can open `more` files beside those that it has open."""
    before = resource.prlimit(process, resource.RLIMIT_NOFILE)
    open_now = {int(each.name) for each in Path(f"/proc/{process}/fd").iterdir()}
    free = [number for number in range(max(open_now) + more + 2) if number not in open_now]
    resource.prlimit(process, resource.RLIMIT_NOFILE, (free[more], before[1]))
    yield
    resource.prlimit(process, resource.RLIMIT_NOFILE, before)
