"""A script that starts warm cannot tell, but for what the documentation lists."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hookgate.core.programs import CommandProgram, Warm
from hookgate.core.templates import Placeholder
from hookgate.runners.command import CommandRunner
from hookgate.runners.runner import Result
from tests.acceptance.gateway import polled
from tests.contract.test_runner import ENVIRON, ROOT, program, until_ready, work
from tests.contract.witness import Witness

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
        runner.use([warm])
        await until_ready(runner, warm)
        return await runner.run(plain(warm), work()), await runner.run(warm, work())
    finally:
        runner.close()


@asynccontextmanager
async def used(scratch: Path, *programs: CommandProgram) -> AsyncIterator[CommandRunner]:
    """A runner that has a template for each of these, if it can have one."""
    runner = CommandRunner(ENVIRON, str(scratch))
    runner.use(programs)
    try:
        yield runner
    finally:
        runner.close()


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


TELLS = """
import inspect, os, sys
print("json" in sys.modules, len(inspect.stack()), os.getppid())
"""


def test_a_script_could_tell_by_what_the_documentation_lists(tmp_path: Path) -> None:
    (tmp_path / "script.py").write_text(TELLS)
    warm = script(tmp_path / "script.py")

    async def act() -> list[Any]:
        async with used(tmp_path, warm) as runner:
            template = await until_ready(runner, warm)
            results = [await runner.run(each, work()) for each in (plain(warm), warm)]
            return [template.process, *(result.output for result in results)]

    template, as_plain, as_warm = asyncio.run(act())
    assert as_plain == f"False 1 {os.getpid()}\n"
    assert as_warm == f"True {1 + 3} {template}\n"


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
    runner.use([warm])
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


# --- what is the same again, and what is not ------------------------------------------------


NUMBERS = """
import os, random, uuid
print(random.random(), uuid.uuid4(), os.urandom(8).hex(), hash("a"))
"""


def test_random_numbers_are_those_of_each_run_and_hashes_those_of_the_template(
    tmp_path: Path,
) -> None:
    (tmp_path / "script.py").write_text(NUMBERS)
    warm = script(tmp_path / "script.py", preload=("random", "uuid"))

    async def act() -> list[Result]:
        async with used(tmp_path, warm) as runner:
            await until_ready(runner, warm)
            return [await runner.run(warm, work()) for _ in range(2)]

    first, second = (result.output.split() for result in asyncio.run(act()))
    assert all(one != other for one, other in zip(first[:-1], second[:-1], strict=True))
    assert first[-1] == second[-1]


SAYS = "import os, part; print(part.VALUE, os.getppid())"


def test_what_has_changed_is_what_runs(tmp_path: Path) -> None:
    for release, value in (("one", "1"), ("two", "2")):
        (tmp_path / release).mkdir()
        (tmp_path / release / "script.py").write_text(SAYS)
        (tmp_path / release / "part.py").write_text(f"VALUE = {value}")
    current = tmp_path / "current"
    current.symlink_to("one")
    warm = script("current/script.py", working_dir=tmp_path, preload=("part",))

    async def act() -> list[tuple[str, bool]]:
        async with used(tmp_path, warm) as runner:

            async def said() -> tuple[str, bool]:
                template = await until_ready(runner, warm)
                value, parent = (await runner.run(warm, work())).output.split()
                return value, int(parent) == template.process

            found = [await said()]
            (tmp_path / "one" / "part.py").write_text("VALUE = 'changed'")
            found += [await said(), await said()]
            (tmp_path / "one" / "script.py").write_text(SAYS.replace("part.VALUE", "'other'"))
            found += [await said()]
            current.unlink()
            current.symlink_to("two")
            return [*found, await said(), await said()]

    assert asyncio.run(act()) == [
        ("1", True),
        ("changed", False),  # and another template is made ready meanwhile
        ("changed", True),
        ("other", True),  # no template has anything of the script itself
        ("2", False),
        ("2", True),
    ]


@pytest.mark.parametrize(
    ("content", "env"),
    [
        (None, {}),  # the interpreter says that there is no such file
        ("x = (", {}),
        ("print('\\d')", {}),
        ("import time; print(time.tzname)", {"TZ": (Placeholder("place"),)}),
    ],
)
def test_what_no_template_can_do_is_started_from_nothing(
    tmp_path: Path, content: str | None, env: dict[str, Any]
) -> None:
    if content is not None:
        (tmp_path / "script.py").write_text(content)
    warm = replace(script(tmp_path / "script.py"), env=env)

    async def act() -> tuple[Result, Result]:
        async with used(tmp_path, warm) as runner:
            await until_ready(runner, warm)
            given = work(params={"place": "Asia/Tokyo"})
            return await runner.run(warm, given), await runner.run(plain(warm), given)

    as_warm, as_plain = asyncio.run(act())
    assert as_warm == as_plain


def test_a_zip_file_is_run_as_one(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "script.pyz", "w") as file:
        file.writestr("__main__.py", "print(__spec__ is not None)")
    warm = script(tmp_path / "script.pyz")
    as_plain, as_warm = asyncio.run(both(warm, tmp_path))
    assert as_warm == as_plain == Result(0, "True\n", "", None)


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        ("no_such_module", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("threads", "RuntimeError: a module that is preloaded has started a thread"),
        ("leaves", "it ended before it was ready"),
    ],
)
def test_a_template_that_cannot_be_had_is_told_once_and_the_script_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, module: str, reason: str
) -> None:
    (tmp_path / "script.py").write_text("print('it runs')")
    (tmp_path / "threads.py").write_text(
        "import threading, time\nthreading.Thread(target=time.sleep, args=(9,)).start()"
    )
    (tmp_path / "leaves.py").write_text("import os; os._exit(0)")
    warm = script(tmp_path / "script.py", preload=(module,))

    async def act() -> list[Result]:
        async with used(tmp_path, warm) as runner:
            results = []
            for records in polled(lambda: list(caplog.records)):
                results.append(await runner.run(warm, work()))
                if records:
                    break
            return [*results, await runner.run(warm, work())]

    assert {str(result) for result in asyncio.run(act())} == {str(Result(0, "it runs\n", "", None))}
    (record,) = caplog.records
    assert vars(record)["fields"] == {
        "program": "deploy",
        "reason": f"it is started from nothing: {reason}",
    }


# --- ends -----------------------------------------------------------------------------------


WAITS = """
import time
print(flush=True)
seen = open({0!r}, 'w')
print('up', file=seen, flush=True)
time.sleep({1})
"""


def is_there(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


def test_a_template_that_is_lost_takes_its_scripts_along(tmp_path: Path, witness: Witness) -> None:
    (tmp_path / "script.py").write_text(WAITS.format(str(witness.path), 60))
    warm = script(tmp_path / "script.py")

    async def act() -> Result:
        async with used(tmp_path, warm) as runner:
            template = await until_ready(runner, warm)
            running = asyncio.create_task(runner.run(warm, work()))
            assert await witness.line() == b"up\n"
            os.kill(template.process, signal.SIGKILL)
            lost = await running
            assert runner.warm.ready(warm) is None
            assert not is_there(template.process)
            (tmp_path / "script.py").write_text("print('again')")
            assert (await runner.run(warm, work())).output == "again\n"
            return lost

    error = "the exit status is lost: the interpreter that it was forked from has ended"
    assert asyncio.run(act()) == Result(None, "\n", "", error)
    assert witness.all_gone()


def test_a_template_that_is_not_used_any_more_ends_after_its_last_script(
    tmp_path: Path, witness: Witness
) -> None:
    (tmp_path / "script.py").write_text(WAITS.format(str(witness.path), 0.2))
    warm = script(tmp_path / "script.py")

    async def act() -> None:
        async with used(tmp_path, warm) as runner:
            template = await until_ready(runner, warm)
            running = asyncio.create_task(runner.run(warm, work()))
            assert await witness.line() == b"up\n"
            runner.use([])
            assert is_there(template.process)
            assert (await running).error is None
            assert not is_there(template.process)

    asyncio.run(act())


def test_a_template_leaves_when_its_gateway_is_gone(tmp_path: Path) -> None:
    """Also one that is still busy with its imports."""
    (tmp_path / "script.py").write_text("")
    (tmp_path / "slow.py").write_text("import time\nprint\ntime.sleep(60)")
    gateway = subprocess.Popen(
        [sys.executable, "-c", GATEWAY, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT, text=True
    )
    assert gateway.stdout is not None
    with gateway:
        templates = [int(line) for line in gateway.stdout.readline().split()]
        gateway.kill()
    assert len(templates) == 2
    for left in polled(lambda: list(filter(is_running, templates))):
        if not left:
            break


GATEWAY = """
import asyncio, sys, time
from pathlib import Path
from tests.contract.test_runner import until_ready
from tests.contract.test_warm_commands import script, used

async def main(directory):
    idle = script(directory / "script.py")
    busy = script(directory / "script.py", preload=("slow",))
    async with used(directory, idle) as one, used(directory, busy) as other:
        ready = await until_ready(one, idle)
        print(ready.process, other.warm._slots["deploy"]._template.process, flush=True)
        time.sleep(60)

asyncio.run(main(Path(sys.argv[1])))
"""


def is_running(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
