"""Makes the recorder, and the environment in which a gateway is recorded."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

_SOURCE = Path(__file__).with_name("recorder.c")


def compiler() -> str | None:
    """The C compiler of this machine; the recorder is nothing without one."""
    return shutil.which(os.environ.get("CC", "cc")) or shutil.which("gcc")


def build(directory: Path) -> Path:
    """Compile the recorder; there has to be a `compiler`."""
    recorder = directory / "recorder.so"
    command = [str(compiler()), "-O2", "-Wall", "-Werror", "-shared", "-fPIC", "-o", str(recorder)]
    subprocess.run([*command, _SOURCE, "-ldl"], check=True)
    return recorder


def recorded(
    recorder: Path, store: Path, records: Path, *, only_syncs: bool = False
) -> Mapping[str, str]:
    """The environment of a gateway whose use of `store` is recorded in `records`."""
    environ = {
        "LD_PRELOAD": str(recorder),
        "POWER_STORE": str(store),
        "POWER_RECORDS": str(records),
    }
    return environ | ({"POWER_ONLY_SYNCS": "1"} if only_syncs else {})
