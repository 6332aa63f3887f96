"""A script that starts warm cannot tell, but for what the documentation lists."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hookgate.core.programs import CommandProgram, Warm
from hookgate.core.templates import Placeholder
from hookgate.runners.command import CommandRunner
from hookgate.runners.runner import Result
from tests.contract.test_runner import ENVIRON, program, until_ready, work

_ADDRESS = re.compile("0x[0-9a-f]+")
PROBE = Path(__file__).with_name("probe.py")


def script(
    file: Path | str,
    *arguments: str,
    options: tuple[str, ...] = (),
    preload: tuple[str, ...] = (),
    env: Mapping[str, str] | None = None,
    working_dir: Path | str = "/",
    timeout: float = 20.0,
) -> CommandProgram:
    words = (sys.executable, *options)
    command = (*words, str(file), *arguments)
    cold = program(*command, working_dir=working_dir, timeout=timeout, env=env, flags=False)
    return replace(cold, warm=Warm(len(words), preload))


def plain(program: CommandProgram) -> CommandProgram:
    return replace(program, warm=None, name="plain")


async def both(warm: CommandProgram, scratch: Path) -> tuple[Result, Result]:
    """How it ends plain, and warm."""
    runner = CommandRunner(ENVIRON, str(scratch))
    try:
        await until_ready(runner, warm)
        return await runner.run(plain(warm), work()), await runner.run(warm, work())
    finally:
        runner.close()


def run(*programs: CommandProgram, scratch: Path) -> list[Result]:
    """Run each as soon as its template is ready."""

    async def act() -> list[Result]:
        runner = CommandRunner(ENVIRON, str(scratch))
        try:
            results = []
            for each in programs:
                await until_ready(runner, each)
                results.append(await runner.run(each, work()))
            return results
        finally:
            runner.close()

    return asyncio.run(act())


# --- what a script can see ------------------------------------------------------------------


def seen(result: Result) -> dict[str, Any]:
    assert (result.error, result.stderr) == (None, "")
    found: dict[str, Any] = json.loads(result.output)
    for variables in (found["environ"], found["environ of a child"]):
        assert "HOOKGATE_PAYLOAD_FILE" in str(variables)
    del found["environ"]["HOOKGATE_PAYLOAD_FILE"]  # of each attempt
    lines = found["environ of a child"]
    found["environ of a child"] = [each for each in lines if "PAYLOAD_FILE" not in each]
    return found


@pytest.mark.parametrize(
    ("options", "env"),
    [
        ((), {}),
        (("-uB", "-W", "error", "-Xutf8"), {"LC_ALL": "C", "TZ": "Asia/Tokyo"}),
        (("-I",), {}),
        (("-O",), {"PYTHONPATH": "/nowhere", "PYTHONUNBUFFERED": "1", "PYTHONSAFEPATH": "1"}),
    ],
)
def test_a_script_sees_the_same_of_itself(
    tmp_path: Path, options: tuple[str, ...], env: Mapping[str, str]
) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "probe.py").write_text(PROBE.read_text())
    (tmp_path / "real" / "sibling.py").write_text("VALUE = 1")
    warm = script(
        "link/probe.py",
        "--a=ä b",
        "",
        "-c",
        options=options,
        preload=("threading", "signal", "resource"),
        env={**env, "SIBLINGS": str(tmp_path / "real")},
        working_dir=tmp_path,
    )
    cold_result, warm_result = asyncio.run(both(warm, tmp_path))
    as_plain, as_warm = seen(cold_result), seen(warm_result)
    assert as_warm == as_plain


ENDS = {
    "nothing": "",
    "none": "raise SystemExit",
    "three": "raise SystemExit(3)",
    "large": "raise SystemExit(256 + 7)",
    "negative": "raise SystemExit(-1)",
    "huge": "raise SystemExit(2 ** 70)",
    "true": "raise SystemExit(True)",
    "text": "raise SystemExit('it is over')",
    "error": "def f():\n    {}['key']\nf()",
    "chained": "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise KeyError('k') from e",
    "group": "raise ExceptionGroup('g', [ValueError('a'), TypeError('b')])",
    "syntax": "x = (",
    "encoding": "# coding: no-such\n",
    "nul": "x = '\0'",
    "warning": "import warnings\nprint('\\d'); warnings.warn('old', stacklevel=1)",
    "interrupt": "raise KeyboardInterrupt",
    "sigterm": "import os, signal; os.kill(os.getpid(), signal.SIGTERM)",
    "_exit": "import os; print('lost', end=''); os._exit(4)",
    "hook": "import sys\nsys.excepthook = lambda *a: print('hooked', a[0].__name__)\n1 / 0",
    "bad hook": "import sys\nsys.excepthook = lambda *a: 1 // 0\nraise ValueError('v')",
    "leaving hook": "import sys\nsys.excepthook = lambda *a: sys.exit(9)\n1 / 0",
    "atexit": "import atexit\nfor n in 1, 2: atexit.register(print, n)\nraise SystemExit(5)",
    "bad atexit": "import atexit\natexit.register(lambda: 1 / 0)\nprint('on')",
    "thread": "import threading, time\n"
    "threading.Thread(target=lambda: (time.sleep(0.05), print('late'))).start()\nprint('main')",
    "daemon thread": "import threading, time\n"
    "threading.Thread(target=time.sleep, args=(60,), daemon=True).start()",
    "unflushed": "f = open(__file__ + '.out', 'w'); f.write('kept')",
    "finalizer": "class A:\n    def __del__(self): print('gone', len)\na = A(); a.me = a",
    "closed output": "import os, sys; print('x'); os.close(1)",
    "output closed": "import sys; print('x'); sys.stdout.close()",
    "other output": "import io, sys\n"
    "sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='latin-1')\nprint('\xe4')",
    "output kept": "import io, sys\nkept = sys.stdout\nkept.write('first')\n"
    "sys.stdout = io.StringIO(); kept.write('second')",
    "no output": "import sys; sys.stdout = None",
    "recursion": "def f(): f()\ntry: f()\nexcept RecursionError: print('deep')",
    "future": "x: int = unknown",
    "pool": "import concurrent.futures as c\n"
    "with c.ThreadPoolExecutor(2) as p: print(list(p.map(abs, [-1, 2])))",
    "fork": "import os, sys\npid = os.fork()\nif not pid: print('child'); sys.exit(3)\n"
    "print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))",
    "spawn": "import multiprocessing as m, os\n"
    "def f(q): q.put(__name__)\n"
    "if __name__ == '__main__':\n"
    "    m.set_start_method('spawn'); q = m.SimpleQueue(); p = m.Process(target=f, args=(q,))\n"
    "    p.start(); print(q.get()); p.join(); print(p.exitcode)",
    "pickle": "import pickle\nclass A: pass\nprint(type(pickle.loads(pickle.dumps(A()))) is A)",
    "source": "import inspect\ndef f(): pass\nprint(inspect.getsource(f))",
}


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A runner, whose one script is another each time: a template reads it anew."""
    directory = tmp_path_factory.mktemp("ends")
    file = directory / "script.py"
    file.write_text("")
    runner = CommandRunner(ENVIRON, str(directory))
    warm = script(file, timeout=10)
    asyncio.run(until_ready(runner, warm))
    yield runner, warm, file
    runner.close()


@pytest.mark.parametrize("end", ENDS)
def test_a_script_ends_the_same(
    template: tuple[CommandRunner, CommandProgram, Path], end: str
) -> None:
    runner, warm, file = template
    file.write_text(ENDS[end])
    written = file.with_name("script.py.out")
    ended = []
    for each in (plain(warm), warm):
        written.unlink(missing_ok=True)
        assert each.warm is None or runner.warm.ready(each)
        ended.append(
            (asyncio.run(runner.run(each, work())), written.exists() and written.read_text())
        )
    assert _ADDRESS.sub("0x", str(ended[1])) == _ADDRESS.sub("0x", str(ended[0]))
