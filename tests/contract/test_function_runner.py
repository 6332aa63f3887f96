"""What the function runner promises, shown with real processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeVar, cast
from uuid import uuid4

import pytest
import uvloop

from hookgate.core.programs import FunctionProgram
from hookgate.core.templates import Fixed, Placeholder
from hookgate.model import JSON, Delivery, Task, TaskStatus
from hookgate.runners.functions.living import LivingProcess
from hookgate.runners.functions.pool import Pool
from hookgate.runners.functions.runner import FunctionRunner
from hookgate.runners.runner import Result, Work
from tests.contract.witness import Witness
from tests.shortage import no_threads

T = TypeVar("T")

ENVIRON = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nowhere", "SECRET": "s3cret"}
AGAIN = "it asked to be called again"
TOO_LARGE = "(after: int too large to convert to float)"
FORM = "application/x-www-form-urlencoded"
ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "app" / "jobs.py"


def write(file: Path, text: str) -> None:
    file.parent.mkdir(exist_ok=True)
    file.write_text(dedent(text))


def program(file: Path, function: str = "handle", **fields: Any) -> FunctionProgram:
    return FunctionProgram(
        **{
            "name": "act",
            "working_dir": str(file.parent),
            "file": str(file),
            "function": function,
            "shown": f"{file.name}:{function}",
            "concurrency": 1,
            "timeout": 20.0,
            **fields,
        }
    )


TASK_ID = str(uuid4())
"""Of this run alone: what another leaves running must not be found by it."""


def work(
    params: Mapping[str, JSON] | None = None,
    body: bytes = b'{"issue": {"key": "OPS-7"}}',
    headers: Mapping[str, str] | None = None,
    task_id: str = TASK_ID,
    content_type: str | None = None,
) -> Work:
    delivery = Delivery("d1", "jira", 5.5, "POST", "/jira", {"q": "1"}, headers or {}, body, "::1")
    task = Task(
        id=task_id,
        delivery_id="d1",
        source="jira",
        event_type="created",
        event_id="e1",
        rule="created[0]",
        program="act",
        params=params or {},
        status=TaskStatus.RUNNING,
        created_at=0.0,
        next_attempt_at=0.0,
    )
    return Work(task, delivery, 2, content_type)


def running(act: Callable[[FunctionRunner], Awaitable[T]], grace: float = 0.5) -> T:
    """What comes of it, on the loop that `serve` has; afterwards no process may be left."""

    async def main() -> T:
        runner = FunctionRunner(ENVIRON, grace)
        try:
            return await act(runner)
        finally:
            await runner.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        found = loop.run(main())
    assert children() == []
    return found


def children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def is_running(process: str) -> bool:
    """Whether a process is there and no zombie, which has no command line any more."""
    try:
        return Path("/proc", process, "cmdline").read_text() != ""
    except (FileNotFoundError, ProcessLookupError):
        return False


def is_zombie(process: int) -> bool:
    """Whether a process has ended, with all descriptors closed, and was not reaped."""
    return ") Z " in Path(f"/proc/{process}/stat").read_text()


def run(called: FunctionProgram, *works: Work) -> list[Result]:
    """The results of some work, one after the other."""

    async def act(runner: FunctionRunner) -> list[Result]:
        return [await runner.run(called, each) for each in works or (work(),)]

    return running(act)


def printed(result: Result) -> Any:
    assert result.error is None, result
    return json.loads(result.output)


# --- what a function is given, and what it gives back ---------------------------------------


def test_a_function_is_given_the_event(file: Path) -> None:
    write(
        file,
        """
        import dataclasses
        def handle(event):
            return dataclasses.asdict(event)
        """,
    )
    called = run(program(file), work({"key": "A"}, headers={"x-a": "[redacted]"}))
    assert printed(called[0]) == {
        "payload": {"issue": {"key": "OPS-7"}},
        "params": {"key": "A"},
        "source": "jira",
        "event_type": "created",
        "event_id": "e1",
        "delivery_id": "d1",
        "task_id": TASK_ID,
        "attempt": 2,
        "program": "act",
        "rule": "created[0]",
        "headers": {"x-a": "[redacted]"},
        "query": {"q": "1"},
        "received_at": 5.5,
    }


@pytest.mark.parametrize(
    ("signature", "given"),
    [
        ("key, n=7", {"key": "A", "n": 1}),
        ("key, other=7", {"key": "A", "other": 7}),
        ("event, *, key", {"event": TASK_ID, "key": "A"}),
        ("key, **others", {"key": "A", "others": {"n": 1}}),
        ("", {}),
    ],
)
def test_params_are_passed_by_name(file: Path, signature: str, given: object) -> None:
    write(
        file,
        f"""
        def handle({signature}):
            found = dict(locals())
            if "event" in found:
                found["event"] = found["event"].task_id
            return found
        """,
    )
    assert printed(run(program(file), work({"key": "A", "n": 1}))[0]) == given


def test_only_the_listed_params_are_passed(file: Path) -> None:
    write(file, "def handle(event, **params): return [params, dict(event.params)]")
    called = run(program(file, params=("b", "c")), work({"a": 1, "b": 2}))
    assert printed(called[0]) == [{"b": 2, "c": None}, {"b": 2, "c": None}]


@pytest.mark.parametrize(
    ("body", "headers", "content_type", "payload"),
    [
        (b"a=1&b=2", {"content-type": FORM}, None, "{'a': '1', 'b': '2'}"),
        (b'{"n": 12345678901234567890123}', {}, None, "{'n': 12345678901234567890123}"),
        (b"hello", {"content-type": "text/plain"}, None, "'hello'"),
        (b'{"a": 1}', {"content-type": "text/plain"}, "application/json", "{'a': 1}"),
        (b"", {}, None, "None"),
    ],
)  # fmt: skip
def test_the_payload_is_what_the_body_means(
    file: Path, body: bytes, headers: Mapping[str, str], content_type: str | None, payload: str
) -> None:
    write(file, "def handle(event): return repr(event.payload)")
    given = work(body=body, headers=headers, content_type=content_type)
    assert run(program(file), given)[0].output == payload


@pytest.mark.parametrize(
    ("returned", "output"),
    [("'done'", "done"), ("None", ""), ("{'é': [1, True]}", '{"é": [1, true]}\n'), ("0", "0\n")],
)
def test_what_it_returns_is_output_after_what_it_prints(
    file: Path, returned: str, output: str
) -> None:
    write(
        file,
        f"""
        import os, sys
        def handle():
            print("first")
            print("to stderr", file=sys.stderr)
            os.system("echo a child")
            return {returned}
        """,
    )
    assert run(program(file)) == [Result(0, f"a child\nfirst\n{output}", "to stderr\n", None)]


def test_what_is_printed_belongs_to_its_call(file: Path) -> None:
    write(
        file,
        """
        import sys
        def handle(n):
            print(n)
            print(n, file=sys.stderr)
        """,
    )
    found = run(program(file), *(work({"n": n}) for n in range(300)))
    assert [(each.output, each.stderr) for each in found] == [(f"{n}\n",) * 2 for n in range(300)]


def test_a_coroutine_function_keeps_its_loop_from_call_to_call(file: Path) -> None:
    write(
        file,
        """
        import asyncio
        loops = []
        async def handle(event):
            await asyncio.sleep(0)
            loops.append(asyncio.get_running_loop())
            return len(set(map(id, loops)))
        """,
    )
    assert [printed(each) for each in run(program(file), work(), work())] == [1, 1]


def test_large_payloads_and_large_output_do_not_wait_for_each_other(file: Path) -> None:
    write(file, "def handle(event):\n    print('x' * 3_000_000)\n    return len(event.payload)")
    body = json.dumps("y" * 2_000_000).encode()
    done = run(program(file, max_output=1000), work(body=body), work(body=b'"z"'))
    assert [each.error for each in done] == [None, None]
    assert done[0].output.endswith("x\n2000000\n")
    assert "bytes left out" in done[0].output
    assert len(done[0].output) < 1100


# --- failing ---------------------------------------------------------------------------------


def test_an_exception_is_told_with_the_frames_of_the_handler_alone(file: Path) -> None:
    write(
        file,
        """
        def inner():
            raise ValueError("no such issue")
        def handle():
            inner()
        """,
    )
    failed = run(program(file))[0]
    assert (failed.exit_code, failed.error) == (1, "exit 1: ValueError: no such issue")
    assert failed.stderr.count("File ") == 2
    assert str(ROOT) not in failed.stderr


@pytest.mark.parametrize(
    ("raised", "result"),
    [
        ("SystemExit(3)", Result(3, "", "", "exit 3")),
        ("SystemExit('why')", Result(1, "", "why\n", "exit 1: why")),
        ("SystemExit()", Result(0, "", "", None)),
        ("RetryLater('busy', after=7)", Result(75, "", "busy\n", "exit 75: busy", retry_after=7.0)),
        (
            "RetryLater('busy', after='7')",
            Result(75, "", "busy\n", "exit 75: busy", retry_after=7.0),
        ),
        (
            "RetryLater(after=10**400)",
            Result(75, "", f"{TOO_LARGE}\n", f"exit 75: {TOO_LARGE}"),
        ),
        (
            "RetryLater()",
            Result(75, "", f"{AGAIN}\n", f"exit 75: {AGAIN}"),
        ),
        ("RetryLater('busy')", Result(75, "", "busy\n", "exit 75: busy")),
    ],
)
def test_it_may_leave_as_a_program_does(file: Path, raised: str, result: Result) -> None:
    write(file, f"from hookgate import RetryLater\ndef handle(): raise {raised}")
    assert run(program(file)) == [result]


@pytest.mark.parametrize("value", ["object()", "[float('nan')]", "{'a': float('inf')}"])
def test_what_it_returns_must_be_json(file: Path, value: str) -> None:
    write(file, f"def handle(): return {value}")
    failed = run(program(file))[0]
    assert failed.error is not None
    assert failed.error.startswith("exit 1: TypeError: what the function returned is not JSON")


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("import gone_module", "exit 1: ModuleNotFoundError: No module named 'gone_module'"),
        ("def handle(:", "exit 1: SyntaxError: invalid syntax"),
        ("x = 1", "exit 1: AttributeError: module 'jobs' has no attribute 'handle'"),
        ("raise SystemExit(75)", "exit 75"),
    ],
)
def test_a_file_that_cannot_be_loaded_fails_each_task_until_it_can(
    file: Path, text: str, error: str
) -> None:
    write(file, text)

    async def act(runner: FunctionRunner) -> list[str | None]:
        runner.use([program(file)])
        errors = [(await runner.run(program(file), work())).error for _ in range(2)]
        write(file, "def handle(): return 'mended'")
        return [*errors, (await runner.run(program(file), work())).error]

    assert running(act) == [error, error, None]


@pytest.mark.parametrize(
    ("act", "error"),
    [
        ("os._exit(0)", "its process exited before the function returned"),
        ("os._exit(9)", "exit 9: last words"),
        ("os.kill(os.getpid(), 11)", "killed by SIGSEGV"),
        ("os.closerange(3, 100); time.sleep(60)", "killed by SIGTERM"),
    ],
)
def test_a_crash_costs_one_task(file: Path, act: str, error: str) -> None:
    write(
        file,
        f"""
        import os, sys, time
        def handle(crash):
            if crash:
                print("last words", file=sys.stderr)
                {act}
            return os.getpid()
        """,
    )
    works = [work({"crash": crash}) for crash in (False, True, False)]
    first, crashed, last = run(program(file), *works)
    assert crashed.error == error
    assert crashed.exit_code == (9 if error.startswith("exit 9") else None)
    assert printed(last) != printed(first)


WRITES = """
import json, os, sys, threading
channel = json.loads(sys.argv[2])["channel"]
def handle(written=0, value=0, told=None):
    if told:
        os.mkfifo(told)
        threading.Thread(target=flood, args=(told,), daemon=True).start()
    os.write(channel, bytes([value] * written))
    return os.getpid()
def flood(told):
    open(told).read()
    while True:
        os.write(channel, bytes(65536))
"""


@pytest.mark.parametrize(("written", "value"), [(20, 0), (10, 3), (10, 255), (1_000_000, 0)])
def test_a_function_that_writes_what_is_no_answer_loses_its_process(
    file: Path, written: int, value: int
) -> None:
    write(file, WRITES)
    works = [work(), work({"written": written, "value": value}), work()]
    first, failed, last = run(program(file), *works)
    assert failed.error is not None
    assert printed(last) != printed(first)


def test_a_process_that_speaks_unasked_is_replaced(file: Path) -> None:
    write(file, WRITES)
    told = file.parent / "told"

    async def act(runner: FunctionRunner) -> list[Result]:
        first = await runner.run(program(file), work({"told": str(told)}))
        told.write_text("")
        while is_running(first.output.strip()):  # noqa: ASYNC110 - it ends in its own time
            await asyncio.sleep(0.01)
        return [first, await runner.run(program(file), work())]

    with hanging_fails(seconds=20):
        first, second = map(printed, running(act))
    assert first != second


def test_a_call_that_a_dying_process_cannot_take_is_made_in_another(file: Path) -> None:
    write(file, "import os\ndef handle(): return os.getpid()")

    async def act(runner: FunctionRunner) -> list[Result]:
        first = await runner.run(program(file), work())
        process = int(first.output)
        os.kill(process, signal.SIGKILL)
        while not is_zombie(process):
            pass  # the loop gets no turn
        return [first, await runner.run(program(file), work())]

    first, second = map(printed, running(act))
    assert first != second


def test_a_process_whose_output_the_function_has_closed_is_replaced(file: Path) -> None:
    write(
        file, "import sys\ndef handle(close):\n    if close: sys.stdout.close()\n    return 'said'"
    )
    closed, after = run(program(file), work({"close": True}), work({"close": False}))
    assert closed.error == "exit 1: ValueError: I/O operation on closed file."
    assert after.output == "said"


@pytest.mark.parametrize(
    ("ends", "status"),
    [("sys.exit(3)", 3), ("return 'of the child'", 0), ("raise ValueError", 1)],
)
def test_a_fork_of_a_function_neither_answers_for_it_nor_takes_its_calls(
    file: Path, ends: str, status: int
) -> None:
    write(
        file,
        f"""
        import os, sys
        made = []
        def handle():
            made.append(os.getpid())
            child = os.fork()
            if child == 0:
                {ends}
            _, ended = os.waitpid(child, 0)
            return [made, os.waitstatus_to_exitcode(ended)]
        """,
    )
    first, second = run(program(file, timeout=3.0), work(), work())
    returned = [json.loads(each.output.removeprefix("of the child")) for each in (first, second)]
    process = returned[0][0][0]
    assert returned == [[[process], status], [[process] * 2, status]]


def test_a_fork_of_a_file_that_is_loaded_takes_no_calls(file: Path) -> None:
    write(
        file,
        """
        import os
        loading = os.getpid()
        child = os.fork()
        if child:
            os.waitpid(child, 0)
        def handle():
            return os.getpid() == loading
        """,
    )
    assert printed(run(program(file, timeout=3.0))[0]) is True


def test_a_timeout_ends_the_process_and_what_it_started_and_tells_where_it_was(file: Path) -> None:
    write(
        file,
        """
        import subprocess, time
        def handle(slow):
            if slow:
                child = subprocess.Popen(["setsid", "sleep", "600"])
                print(child.pid, flush=True)
                time.sleep(600)
            return "fine"
        """,
    )
    works = [
        work({"slow": False}),
        work({"slow": True}, task_id=str(uuid4())),
        work({"slow": False}),
    ]
    first, slow, last = run(program(file, timeout=0.5), *works)
    assert (first.output, last.output) == ("fine", "fine")
    assert (slow.exit_code, slow.error) == (None, "timed out after 0.5s")
    assert f'File "{file}", line 7 in handle' in slow.stderr
    assert not is_running(slow.output.strip())


def test_a_timeout_ends_what_the_function_has_forked_into_a_session_of_its_own(
    file: Path,
) -> None:
    write(
        file,
        """
        import os, time
        def handle(slow):
            if slow:
                child = os.fork()
                if not child:
                    os.setsid()
                    print(os.getpid(), flush=True)
                time.sleep(600)
            return open("/proc/self/environ").read().strip("\\0")
        """,
    )
    slow = work({"slow": True}, task_id=str(uuid4()))
    first, slow_one, _ = run(
        program(file, timeout=1.0), work({"slow": False}), slow, work({"slow": False})
    )
    assert f"HOOKGATE_TASK_ID={TASK_ID}\0" in first.output
    assert slow_one.error == "timed out after 1s"
    assert not is_running(slow_one.output.strip())


def test_a_process_that_ignores_sigterm_is_killed(file: Path) -> None:
    write(
        file,
        """
        import signal, time
        def handle():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            time.sleep(600)
        """,
    )
    assert run(program(file, timeout=0.3))[0].error == "timed out after 0.3s"


def test_a_cancelled_call_ends_its_process_before_it_goes_on(file: Path) -> None:
    write(
        file,
        """
        import os, pathlib, time
        def handle(told):
            pathlib.Path(told).write_text(str(os.getpid()))
            time.sleep(600)
        """,
    )
    told = file.parent / "told"

    async def act(runner: FunctionRunner) -> None:
        call = asyncio.ensure_future(runner.run(program(file), work({"told": str(told)})))
        while not (told.exists() and told.read_text()):  # noqa: ASYNC110 - another process tells
            await asyncio.sleep(0.01)
        call.cancel()
        await asyncio.wait([call])
        assert call.cancelled()
        assert not is_running(told.read_text())

    running(act)


# --- living ----------------------------------------------------------------------------------

PID = """
import os
def handle(*, n=0, **_):
    global kept
    if n:
        kept = bytearray(n)
    return os.getpid()
"""


def test_a_process_is_kept_and_replaced_after_its_tasks(file: Path) -> None:
    write(file, PID)
    pids = [printed(each) for each in run(program(file, max_tasks=2), *[work()] * 5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


def test_a_process_that_holds_too_much_is_replaced_after_the_task(file: Path) -> None:
    write(file, PID)
    works = [work(), work({"n": 60_000_000}), work()]
    first, big, last = map(printed, run(program(file, max_memory=50_000_000), *works))
    assert first == big != last


def test_changed_files_are_called_from_the_next_task_on(file: Path) -> None:
    write(file, "import beside\ndef handle(): return beside.WORD + '!'")
    write(file.parent / "beside.py", "WORD = 'old'")

    async def act(runner: FunctionRunner) -> list[str]:
        found = [(await runner.run(program(file), work())).output]
        write(file.parent / "beside.py", "WORD = 'newer'")
        found.append((await runner.run(program(file), work())).output)
        write(file, "def handle(): return 'changed'")
        found.append((await runner.run(program(file), work())).output)
        return found

    assert running(act) == ["old!", "newer!", "changed"]


def test_as_many_calls_run_side_by_side_as_there_are_processes(file: Path) -> None:
    write(
        file,
        """
        import os, pathlib, time
        def handle(mine, other):
            pathlib.Path(mine).touch()
            while not pathlib.Path(other).exists():
                time.sleep(0.01)
            return os.getpid()
        """,
    )
    a, b = str(file.parent / "a"), str(file.parent / "b")

    async def act(runner: FunctionRunner) -> list[Result]:
        two = program(file, concurrency=2)
        works = [work({"mine": a, "other": b}), work({"mine": b, "other": a})]
        return await asyncio.gather(*(runner.run(two, each) for each in works))

    first, second = map(printed, running(act))
    assert first != second


def test_short_calls_are_taken_ahead_and_still_made_one_at_a_time(file: Path) -> None:
    write(
        file,
        """
        import os, time
        def handle(seconds):
            time.sleep(seconds)
            return os.getpid()
        """,
    )
    short, long = program(file), program(file, name="long", concurrency=2)

    async def act(runner: FunctionRunner) -> tuple[list[int], list[Result]]:
        rooms = [runner.room(short), runner.room(long)]
        await runner.run(long, work({"seconds": 0.1}))
        for _ in range(30):  # until the start of an interpreter is forgotten
            await runner.run(short, work({"seconds": 0}))
        rooms += [runner.room(short), runner.room(long)]
        together = [runner.run(short, work({"seconds": 0.001})) for _ in range(5)]
        return rooms, await asyncio.gather(*together)

    (one, two, more, still_two), together = running(act)
    assert (one, two, still_two) == (1, 2, 2)
    assert more > 1
    assert len({printed(each) for each in together}) == 1


def test_nothing_is_taken_ahead_of_a_call_that_takes_long_nor_after_one_that_timed_out(
    file: Path,
) -> None:
    write(
        file,
        """
        import time
        def handle(seconds):
            time.sleep(seconds)
        """,
    )
    hanging = program(file, timeout=0.6)

    async def act(runner: FunctionRunner) -> tuple[bool, Result, int]:
        while runner.room(hanging) == 1:  # until the start of an interpreter is forgotten
            await runner.run(hanging, work({"seconds": 0}))
        hangs = asyncio.create_task(runner.run(hanging, work({"seconds": 60})))
        while runner.room(hanging) > 1 and not hangs.done():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
        over = hangs.done()
        return over, await hangs, runner.room(hanging)

    over, hung, room = running(act)
    assert (over, hung.error, room) == (False, "timed out after 0.6s", 1)


def test_another_configuration_has_processes_of_its_own_and_running_calls_end_on_the_old(
    file: Path,
) -> None:
    write(
        file,
        """
        import os, pathlib, time
        def handle(told=None):
            if told:
                pathlib.Path(told).touch()
                while pathlib.Path(told).exists():
                    time.sleep(0.01)
            return os.environ["A"]
        """,
    )
    told = file.parent / "told"
    old = program(file, env={"A": (Fixed("old", "old"),)})
    new = program(file, env={"A": (Fixed("new", "new"),)})

    async def act(runner: FunctionRunner) -> list[str]:
        runner.use([old])
        slow = asyncio.ensure_future(runner.run(old, work({"told": str(told)})))
        while not told.exists():  # noqa: ASYNC110 - another process tells
            await asyncio.sleep(0.01)
        runner.use([new])
        quick = await runner.run(new, work())
        told.unlink()
        found = [quick.output, (await slow).output]
        while len(children()) > 1:  # noqa: ASYNC110 - the old one ends in its own time
            await asyncio.sleep(0.01)
        return found

    assert running(act) == ["new", "old"]


def test_a_process_is_ready_before_the_first_call_and_again_after_a_crash(file: Path) -> None:
    write(file, "import os\ndef handle(crash): os._exit(1) if crash else None")

    async def act(runner: FunctionRunner) -> list[int]:
        runner.use([program(file)])
        counts = [len(children())]
        for crash in (False, True):
            await runner.run(program(file), work({"crash": crash}))
            counts.append(len(children()))
        runner.use([])
        while children():  # noqa: ASYNC110 - processes end in their own time
            await asyncio.sleep(0.01)
        return counts

    assert running(act) == [1, 1, 1]


# --- surroundings ----------------------------------------------------------------------------


def test_it_sees_the_variables_of_its_own_task_alone(file: Path) -> None:
    write(
        file,
        """
        import os
        at_start = dict(os.environ)
        def handle():
            found = dict(os.environ)
            found.pop("LC_CTYPE", None)
            os.environ["LEFT"] = "over"
            return [at_start.get("A"), found]
        """,
    )
    env = {"A": (Fixed("1", "1"),), "B": (Placeholder("key"),)}
    first, second = (
        printed(each)
        for each in run(
            program(file, env=env), work({"key": "x"}, task_id=TASK_ID), work({"key": "y"})
        )
    )
    expected = {
        "PATH": ENVIRON["PATH"],
        "HOME": "/nowhere",
        "A": "1",
        "HOOKGATE_SOURCE": "jira",
        "HOOKGATE_EVENT_TYPE": "created",
        "HOOKGATE_EVENT_ID": "e1",
        "HOOKGATE_DELIVERY_ID": "d1",
        "HOOKGATE_TASK_ID": TASK_ID,
        "HOOKGATE_ATTEMPT": "2",
    }
    assert first == ["1", {**expected, "B": "x"}]
    assert second == ["1", {**expected, "B": "y"}]


def test_a_variable_that_cannot_be_set_is_told(file: Path) -> None:
    write(file, "def handle(): pass")
    failed = run(program(file, env={"A": (Placeholder("key"),)}), work({"key": "a\0b"}))[0]
    assert failed.hopeless
    assert failed.error is not None
    assert "variable A" in failed.error


def test_it_works_in_its_directory_with_nothing_else_of_the_gateway(
    file: Path, tmp_path: Path
) -> None:
    write(
        file,
        """
        import os, subprocess, sys
        def handle():
            found = [os.getcwd(), sys.stdin.read(), os.getsid(0) == os.getpid()]
            os.chdir("/")
            script = "import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[:-1])"
            child = [sys.executable, "-c", script]
            done = subprocess.run(child, capture_output=True, text=True, close_fds=False)
            return [*found, done.stdout]
        """,
    )
    with (tmp_path / "open in the gateway").open("w") as held:
        os.set_inheritable(held.fileno(), True)
        found = [printed(each) for each in run(program(file), work(), work())]
    assert found == [[str(file.parent), "", True, "[0, 1, 2]\n"]] * 2


def test_a_missing_working_directory_is_told(file: Path) -> None:
    write(file, "def handle(): pass")
    error = run(program(file, working_dir="/nowhere/at/all"))[0].error
    assert error == "no process could be started for jobs.py:handle: No such file or directory"


def test_a_module_may_have_the_name_of_one_that_others_need(tmp_path: Path) -> None:
    file = tmp_path / "app" / "json.py"
    write(file, "def handle(): return [1]")
    assert printed(run(program(file))[0]) == [1]


def test_no_descriptor_leaks(file: Path) -> None:
    write(file, "import os\ndef handle(crash): os._exit(1) if crash else None")

    async def act(runner: FunctionRunner) -> tuple[int, int]:
        counts = []
        for _ in range(2):
            for crash in (False, True, False):
                await runner.run(program(file), work({"crash": crash}))
            await runner.close()
            counts.append(descriptors())
        return counts[0], counts[1]

    before, after = running(act)
    assert before == after


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_a_call_leaves_is_ended_also_where_no_thread_can_be_started(
    file: Path, cancelled: bool
) -> None:
    write(
        file,
        """
        import pathlib, subprocess, time
        def handle(told):
            child = subprocess.Popen(["setsid", "sleep", "600"])
            pathlib.Path(told).write_text(f"{child.pid}.")
            time.sleep(600)
        """,
    )
    told = file.parent / "told"

    async def act(runner: FunctionRunner) -> str:
        before = descriptors()
        called = program(file, timeout=20.0 if cancelled else 1.0)
        slow = work({"told": str(told)}, task_id=str(uuid4()))
        call = asyncio.ensure_future(runner.run(called, slow))
        while not (told.exists() and told.read_text().endswith(".")):  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        with no_threads():
            if cancelled:
                call.cancel()
            await asyncio.wait([call])
        assert descriptors() == before
        return "cancelled" if call.cancelled() else str(call.result().error)

    assert running(act) == ("cancelled" if cancelled else "timed out after 1s")
    assert not is_running(told.read_text().removesuffix("."))


# --- the gateway's own end -------------------------------------------------------------------

GATEWAY = """
import asyncio, sys
from pathlib import Path
from hookgate.runners.functions.living import LivingProcess
from hookgate.runners.functions.pool import Pool
from hookgate.runners.functions.runner import FunctionRunner
from tests.contract.test_function_runner import ENVIRON, program, work

async def main():
    runner = FunctionRunner(ENVIRON)
    file = Path(sys.argv[1])
    idle = program(file, "idle", name="idle")
    runner.use([idle])
    await runner.run(idle, work())
    await runner.run(program(file, "busy"), work())

asyncio.run(main())
"""

BUSY = """
import os, subprocess, sys, threading, time
held = os.open(HELD, os.O_WRONLY)
os.set_inheritable(held, True)
def idle():
    pass
def busy():
    subprocess.Popen(["sleep", "600"], close_fds=False)
    os.write(held, b"busy")
    int("1" * 4000) ** 100_000  # no other thread gets a turn
"""


def test_no_process_outlives_a_gateway_that_was_killed(file: Path, tmp_path: Path) -> None:
    witness = Witness(tmp_path / "held")
    write(file, BUSY.replace("HELD", repr(str(witness.path))))
    try:
        with subprocess.Popen([sys.executable, "-c", GATEWAY, str(file)], cwd=ROOT) as gateway:
            try:
                assert asyncio.run(witness.line()) == b"busy"
            finally:
                gateway.send_signal(signal.SIGKILL)
        assert witness.all_gone()
    finally:
        witness.close()


def test_a_pool_is_closed_also_when_its_processes_end_right_after_each_other(file: Path) -> None:
    async def main() -> None:
        pool = Pool(program(file), ENVIRON, 0.5)
        go = asyncio.Event()

        async def ends(turns: int) -> int:
            await go.wait()
            for _ in range(turns):
                await asyncio.sleep(0)
            return 0

        for turns in (0, 1, 2, 3):
            pool._ending_task(cast(LivingProcess, Ended()), ends(turns))
        closing = asyncio.create_task(pool.close())
        await asyncio.sleep(0)
        go.set()
        await closing

    with hanging_fails(seconds=20):
        asyncio.run(main())


class Ended:
    """A process that has never answered."""

    answered = 0


@contextmanager
def hanging_fails(seconds: int) -> Iterator[None]:
    """Raise TimeoutError out of what never lets the event loop go on."""

    def fail(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, fail)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
