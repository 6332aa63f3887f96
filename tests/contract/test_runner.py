"""What a runner promises, shown with real processes."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
import tracemalloc
from collections.abc import Callable, Coroutine, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import uuid4

import pytest
import uvloop
from msgspec.structs import replace

from hookgate.core.programs import CommandProgram, Warm
from hookgate.core.templates import Fixed
from hookgate.model import JSON, Delivery, Task, TaskStatus
from hookgate.runners.command import CommandRunner
from hookgate.runners.runner import Result, Work
from hookgate.runners.warm.template import TemplateProcess
from tests.contract.witness import Witness

T = TypeVar("T")

ROOT = Path(__file__).parent.parent.parent

ENVIRON = {"PATH": os.environ.get("PATH", os.defpath), "HOME": "/nowhere", "SECRET": "s3cret"}
BECOMING = Path(__file__).with_name("becoming.py")
TASK_ID = str(uuid4())  # by it processes are found that are to be ended, also those of other runs
BODY = b'{"issue": {"key": "OPS-7"}}'


@pytest.fixture
def scratch(tmp_path: Path) -> Path:
    path = tmp_path / "scratch"
    path.mkdir()
    return path


@pytest.fixture
def plain_runner(scratch: Path) -> CommandRunner:
    return CommandRunner(ENVIRON, str(scratch), grace=0.4)


@pytest.fixture(params=["plain", "warm"])
def runner(request: pytest.FixtureRequest, scratch: Path) -> Iterator[CommandRunner]:
    """One for commands as they are, and one for what a warm script becomes."""
    kind = CommandRunner if request.param == "plain" else Warmed
    made = kind(ENVIRON, str(scratch), grace=0.4)
    yield made
    made.close()


class Warmed(CommandRunner):
    """Has a script that starts warm become each command by execvp(3)."""

    used: Mapping[str, CommandProgram] = MappingProxyType({})

    async def run(self, program: CommandProgram, work: Work) -> Result:
        words = (sys.executable, "-I", "-S", str(BECOMING))
        started = replace(
            program,
            name=str(hash(program.command)),
            command=(*((Fixed(word, word),) for word in words), *program.command),
            warm=Warm(words=3),
        )
        self.used = {**self.used, started.name: started}
        self.use(self.used.values())
        await until_ready(self, started)
        return await super().run(started, work)


async def until_ready(runner: CommandRunner, program: CommandProgram) -> TemplateProcess:
    async with asyncio.timeout(20):
        while (template := runner.warm.ready(program)) is None:  # noqa: ASYNC110
            await asyncio.sleep(0.005)  # nothing waits for a template, so nothing is told of it
    return template


def program(
    *command: str,
    working_dir: Path | str = "/",
    timeout: float = 20.0,
    env: Mapping[str, str] | None = None,
    flags: bool = False,
    max_output: int = 64 * 1024,
) -> CommandProgram:
    return CommandProgram(
        name="deploy",
        command=tuple((Fixed(item, item),) for item in command),
        working_dir=str(working_dir),
        flags=flags,
        timeout=timeout,
        env={name: (Fixed(value, value),) for name, value in (env or {}).items()},
        max_output=max_output,
    )


def shell(script: str, timeout: float = 20.0, max_output: int = 64 * 1024) -> CommandProgram:
    """A program that is a shell script; what is under test starts it without a shell."""
    return program("/bin/sh", "-c", script, timeout=timeout, max_output=max_output)


def work(body: bytes = BODY, params: Mapping[str, JSON] | None = None, attempt: int = 1) -> Work:
    delivery = Delivery("d1", "jira", 0.0, "POST", "/jira", {}, {}, body, "127.0.0.1")
    task = Task(
        id=TASK_ID,
        delivery_id="d1",
        source="jira",
        event_type="issue_created",
        event_id=None,
        rule="issue_created[0]",
        program="deploy",
        params=params or {},
        status=TaskStatus.RUNNING,
        created_at=0.0,
        next_attempt_at=0.0,
    )
    return Work(task, delivery, attempt)


def run(runner: CommandRunner, started: CommandProgram, given: Work | None = None) -> Result:
    return asyncio.run(runner.run(started, given or work()))


def on_uvloop(main: Coroutine[Any, Any, T]) -> T:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as loop:
        return loop.run(main)


# --- how it ends ----------------------------------------------------------------------------


def test_exit_0_is_success_with_what_was_printed(runner: CommandRunner) -> None:
    ended = run(runner, shell("echo out; echo err >&2"))
    assert ended == Result(exit_code=0, output="out\n", stderr="err\n", error=None)


@pytest.mark.parametrize(
    ("script", "error"),
    [
        ("echo working; echo 'no such host' >&2; echo >&2; exit 3", "exit 3: no such host"),
        ("echo 'bad issue'; echo; exit 3", "exit 3: bad issue"),
        ("exit 3", "exit 3"),
    ],
)
def test_another_exit_code_is_told_with_the_last_line_that_says_something(
    runner: CommandRunner, script: str, error: str
) -> None:
    ended = run(runner, shell(script))
    assert (ended.exit_code, ended.error) == (3, error)


@pytest.mark.parametrize("name", ["KILL", "TERM", "SEGV"])
def test_death_by_a_signal_has_no_exit_code_and_names_the_signal(
    runner: CommandRunner, name: str
) -> None:
    ended = run(runner, shell(f"echo out; kill -{name} $$"))
    assert ended == Result(None, "out\n", "", f"killed by SIG{name}")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has real-time signals")
def test_a_signal_without_a_name_is_told_by_its_number(runner: CommandRunner) -> None:
    assert run(runner, shell("kill -40 $$")).error == "killed by signal 40"


def test_it_runs_under_uvloop_as_well(runner: CommandRunner) -> None:
    ended = on_uvloop(runner.run(shell("cat"), work()))
    assert ended == Result(0, BODY.decode(), "", None)


# --- what it is given -----------------------------------------------------------------------


def test_the_environment_is_what_was_planned_and_nothing_else(
    plain_runner: CommandRunner, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_ONLY", "leaked")
    ended = run(
        plain_runner, program("/usr/bin/env", "-0", env={"REGION": "a\nb"}), work(attempt=2)
    )
    seen = dict(item.split("=", 1) for item in ended.output.split("\0") if item)
    assert Path(seen.pop("HOOKGATE_PAYLOAD_FILE")).is_relative_to(scratch)
    assert seen == {
        "PATH": ENVIRON["PATH"],
        "HOME": "/nowhere",
        "REGION": "a\nb",
        "HOOKGATE_SOURCE": "jira",
        "HOOKGATE_EVENT_TYPE": "issue_created",
        "HOOKGATE_EVENT_ID": "",
        "HOOKGATE_DELIVERY_ID": "d1",
        "HOOKGATE_TASK_ID": TASK_ID,
        "HOOKGATE_ATTEMPT": "2",
    }


def test_no_shell_looks_at_the_arguments(runner: CommandRunner, tmp_path: Path) -> None:
    evil = f"$(touch {tmp_path}/evil); `id` && \"x\" 'y' * | > {tmp_path}/evil"
    ended = run(
        runner, program("printf", "%s|", "a b", flags=True), work(params={"title": evil, "n": 1})
    )
    assert ended.output.startswith(f"a b|--title={evil}|--n=1|--event_type=issue_created|")
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("body", [b"", b"\x00\xff\r\n\x1a", os.urandom(1_000_000)])
def test_the_raw_body_is_on_standard_input_to_the_byte(
    runner: CommandRunner, tmp_path: Path, body: bytes
) -> None:
    copy = tmp_path / "copy"
    assert run(runner, shell(f"cat > {shlex.quote(str(copy))}"), work(body)).error is None
    assert copy.read_bytes() == body


def test_a_program_need_not_read_its_input(runner: CommandRunner) -> None:
    big = work(b"x" * 1_000_000)
    assert run(runner, program("true"), big).error is None
    assert run(runner, shell("exec <&-; echo fine"), big).output == "fine\n"


def test_large_input_and_large_output_do_not_wait_for_each_other(runner: CommandRunner) -> None:
    text = "x" * 1_000_000
    prints_first = shell("head -c 1000000 /dev/zero | tr '\\0' x; cat >&2", max_output=2_000_000)
    assert run(runner, prints_first, work(text.encode())) == Result(0, text, text, None)
    echoes = program("cat", max_output=2_000_000)
    assert run(runner, echoes, work(text.encode())) == Result(0, text, "", None)


def test_the_payload_file_holds_the_payload_and_is_gone_afterwards(
    runner: CommandRunner, scratch: Path
) -> None:
    ended = run(runner, shell('cat "$HOOKGATE_PAYLOAD_FILE"; ls -ld "$HOOKGATE_PAYLOAD_FILE" >&2'))
    assert ended.output == BODY.decode()
    assert ended.stderr.startswith("-rw-------")
    assert is_empty(scratch)


def test_a_payload_over_the_argument_limit_is_read_from_the_file(runner: CommandRunner) -> None:
    body = b'"' + b"x" * 200_000 + b'"'
    script = 'for last; do :; done; wc -c < "${last#--raw_payload_file=}"'
    ended = run(runner, program("/bin/sh", "-c", script, "sh", flags=True), work(body))
    assert (ended.output.strip(), ended.error) == ("200002", None)


def test_it_works_in_its_working_directory(runner: CommandRunner, tmp_path: Path) -> None:
    script = tmp_path / "deploy.sh"
    script.write_text("#!/bin/sh\npwd\n")
    script.chmod(0o755)
    ended = run(runner, program("./deploy.sh", working_dir=tmp_path))
    assert ended == Result(0, f"{tmp_path}\n", "", None)


def test_python_not_on_the_path_is_the_interpreter_of_the_gateway(scratch: Path) -> None:
    runner = CommandRunner({"PATH": str(scratch)}, str(scratch))
    ended = run(runner, program("python", "-c", "import sys; print(sys.version)"))
    assert ended == Result(0, f"{sys.version}\n", "", None)


def test_it_leads_a_session_of_its_own(runner: CommandRunner) -> None:
    ids = "import os; print(os.getpid(), os.getsid(0), os.getpgrp())"
    pid, session, group = run(runner, program(sys.executable, "-c", ids)).output.split()
    assert pid == session == group


# --- what cannot be run ---------------------------------------------------------------------


def test_a_command_that_does_not_exist_is_named(plain_runner: CommandRunner) -> None:
    error = f"the command 'no-such-command' was not found on the PATH {ENVIRON['PATH']}"
    assert run(plain_runner, program("no-such-command")) == Result(None, "", "", error)


def test_a_directory_as_the_command_is_named(plain_runner: CommandRunner) -> None:
    assert run(plain_runner, program("/usr")).error == "the command '/usr' is a directory"


def test_a_missing_working_directory_is_named(plain_runner: CommandRunner, tmp_path: Path) -> None:
    error = f"the working directory {tmp_path}/gone is not a directory that exists"
    assert run(plain_runner, program("true", working_dir=tmp_path / "gone")).error == error


@pytest.mark.parametrize(
    ("content", "mode", "error"),
    [
        ("#!/bin/sh\n", 0o644, "the command './it' is not executable ({0}/it)"),
        (
            "echo no first line\n",
            0o755,
            "the command './it' is in no format that this system can run "
            "(a script needs a first line such as #!/bin/sh)",
        ),
        (
            "#!/no/such/interpreter\n",
            0o755,
            "the command './it' could not be run: "
            "the interpreter that its first line names does not exist",
        ),
    ],
)
def test_a_file_that_cannot_be_executed_is_told_in_plain_words(
    plain_runner: CommandRunner, tmp_path: Path, content: str, mode: int, error: str
) -> None:
    (tmp_path / "it").write_text(content)
    (tmp_path / "it").chmod(mode)
    ended = run(plain_runner, program("./it", working_dir=tmp_path))
    assert ended == Result(None, "", "", error.format(tmp_path))


def test_an_environment_over_the_system_s_limit_is_told(plain_runner: CommandRunner) -> None:
    env = {f"BIG_{number}": "x" * 100_000 for number in range(100)}
    assert run(plain_runner, program("true", env=env)).error == (
        "the command 'true' has more arguments and variables than the operating system's limit "
        "allows"
    )


def test_a_nul_byte_in_a_param_is_told(plain_runner: CommandRunner) -> None:
    ended = run(plain_runner, program("true", flags=True), work(params={"title": "a\0b"}))
    assert ended.error == "param 'title' holds a NUL byte, which no command line can carry"


def test_a_variable_with_an_impossible_name_is_told(plain_runner: CommandRunner) -> None:
    ended = run(plain_runner, program("true", env={"A=B": "x"}))
    assert ended.error is not None
    assert ended.error.startswith("the command 'true' cannot be given its arguments or variables")


def test_a_payload_file_that_cannot_be_written_is_told(scratch: Path) -> None:
    runner = CommandRunner(ENVIRON, str(scratch / "gone"))
    assert run(runner, program("true")).error == (
        "the payload file could not be written: No such file or directory"
    )


# --- output ---------------------------------------------------------------------------------


def test_100_mb_of_output_leave_its_head_and_tail_and_take_no_memory(
    runner: CommandRunner,
) -> None:
    prints = shell("echo first; head -c 100000000 /dev/zero | tr '\\0' x; echo; echo last")
    tracemalloc.start()
    try:
        ended = run(runner, prints)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    head, gap, tail = ended.output.split("\n… ")[0], "99934476 bytes left out", "x\nlast\n"
    assert head == "first\n" + "x" * (32 * 1024 - 6)
    assert gap in ended.output
    assert ended.output.endswith(tail)
    assert peak < 2_000_000


def test_output_that_is_not_utf_8_is_replaced(runner: CommandRunner) -> None:
    assert run(runner, program("printf", r"caf\351")).output == "caf\ufffd"


# --- time -----------------------------------------------------------------------------------


def test_a_program_that_takes_too_long_is_ended_and_keeps_its_output(
    runner: CommandRunner, witness: Witness
) -> None:
    script = f"exec 3>{witness.path}; echo begun; sleep 60; echo never"
    ended = run(runner, shell(script, timeout=0.4))
    assert ended == Result(None, "begun\n", "", "timed out after 0.4s")
    assert witness.all_gone()


def test_a_program_may_tidy_up_when_its_time_is_over(runner: CommandRunner) -> None:
    script = "trap 'echo tidied; exit 0' TERM; sleep 60 & wait"
    ended = run(runner, shell(script, timeout=0.4))
    assert ended == Result(None, "tidied\n", "", "timed out after 0.4s")


def test_a_program_that_ignores_sigterm_is_killed_with_all_it_started(
    runner: CommandRunner, witness: Witness
) -> None:
    script = f"trap '' TERM; exec 3>{witness.path}; sleep 60 & sleep 61"
    assert run(runner, shell(script, timeout=0.4)).error == "timed out after 0.4s"
    assert witness.all_gone()


def test_a_daemon_of_a_program_that_takes_too_long_is_ended_as_well(
    runner: CommandRunner, witness: Witness
) -> None:
    script = f"exec 3>{witness.path}; setsid sleep 60 >/dev/null 2>&1 & sleep 61"
    assert run(runner, shell(script, timeout=0.4)).error == "timed out after 0.4s"
    assert witness.all_gone()


def test_a_program_that_reads_a_little_of_its_input_and_no_more_times_out_all_the_same(
    runner: CommandRunner,
) -> None:
    reads_a_page = shell("dd bs=4096 count=1 of=/dev/null 2>/dev/null; sleep 60", timeout=0.4)
    assert run(runner, reads_a_page, work(b"x" * 1_000_000)).error == "timed out after 0.4s"


def test_a_program_that_prints_without_end_times_out_all_the_same(runner: CommandRunner) -> None:
    assert run(runner, program("yes", timeout=0.4)).error == "timed out after 0.4s"


def test_a_program_that_stops_itself_times_out_all_the_same(runner: CommandRunner) -> None:
    assert run(runner, shell("kill -STOP $$", timeout=0.4)).error == "timed out after 0.4s"


def test_whole_seconds_are_shown_as_such(runner: CommandRunner) -> None:
    assert run(runner, program("sleep", "60", timeout=1)).error == "timed out after 1s"


# --- what is left behind --------------------------------------------------------------------


def test_what_still_holds_the_output_open_delays_the_end_only_shortly_and_is_ended(
    runner: CommandRunner, witness: Witness
) -> None:
    script = f"exec 3>{witness.path}; sleep 60 & echo done; exit 0"
    assert run(runner, shell(script, timeout=10)) == Result(0, "done\n", "", None)
    assert witness.all_gone()


def test_what_is_left_in_the_background_with_output_of_its_own_is_ended(
    runner: CommandRunner, witness: Witness
) -> None:
    script = f"exec 3>{witness.path}; nohup sleep 60 >/dev/null 2>&1 & exit 0"
    assert run(runner, shell(script)).error is None
    assert witness.all_gone()


def test_a_daemon_that_a_program_leaves_when_it_ends_is_left_alone(
    runner: CommandRunner, witness: Witness
) -> None:
    up = witness.path.with_name("up")
    daemon = f"setsid sh -c 'touch {up}; exec sleep 2' >/dev/null 2>&1"
    until_up = f"while ! [ -e {up} ]; do sleep 0.01; done"
    assert run(runner, shell(f"exec 3>{witness.path}; {daemon} & {until_up}")).error is None
    assert not witness.all_gone(within=0.2)


def test_what_a_pipeline_prints_just_after_the_program_is_kept(runner: CommandRunner) -> None:
    script = "(read nothing; sleep 0.1; echo late) <&3 & exit 0"
    assert run(runner, shell(f"exec 3</dev/null; {script}")).output == "late\n"


def test_no_zombie_remains(runner: CommandRunner) -> None:
    for script in ("echo $$", "echo $$; exit 3", "echo $$; kill -9 $$", "echo $$; sleep 60"):
        pid = int(run(runner, shell(script, timeout=0.4)).output)
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def is_empty(directory: Path) -> bool:
    return not any(directory.iterdir())


def open_descriptors() -> int:
    return len(list(Path("/dev/fd").iterdir()))


def test_no_descriptor_leaks(runner: CommandRunner) -> None:
    given = [program("true"), program("false"), program("no-such"), shell("kill -9 $$")]

    async def measure() -> tuple[int, int]:
        for each in given:
            await runner.run(each, work())
        before = open_descriptors()
        for _ in range(25):
            for each in given:
                await runner.run(each, work())
        return before, open_descriptors()

    before, after = asyncio.run(measure())
    assert before == after


SHORTAGE = """
import asyncio, json, os, resource, sys
from hookgate.runners.command import CommandRunner
from tests.contract.test_runner import ENVIRON, program, work

async def main(scratch):
    runner = CommandRunner(ENVIRON, scratch)
    await runner.run(program("true"), work())  # whatever is imported late is imported now
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    hoard = []
    try:
        while True:
            hoard.append(os.open("/dev/null", os.O_RDONLY))
    except OSError:
        pass
    errors = []
    while errors[-3:] != [None] * 3 and hoard:
        result = await runner.run(program("true"), work())
        assert result.shortage == (result.error is not None)
        errors.append(result.error)
        os.close(hoard.pop())
    print(json.dumps(errors))

asyncio.run(main(sys.argv[1]))
"""


@pytest.mark.skipif(
    sys.version_info < (3, 11, 4), reason="its subprocess leaks pipes in a shortage (gh-87474)"
)
def test_a_want_of_descriptors_is_a_result_wherever_it_strikes(scratch: Path) -> None:
    """In a process of its own, where only the runner opens any; one more is free each time."""
    command = [sys.executable, "-c", SHORTAGE, str(scratch)]
    ended = subprocess.run(command, capture_output=True, check=False, cwd=ROOT, text=True)
    assert ended.returncode == 0, ended.stderr
    found: list[str | None] = json.loads(ended.stdout)
    wanting = [error for error in found if error is not None]
    assert found == [*wanting, None, None, None]
    assert len(wanting) > 5
    assert all(error.endswith("Too many open files") for error in wanting)
    assert is_empty(scratch)


# --- at once --------------------------------------------------------------------------------


def test_programs_run_at_once_and_hold_none_of_each_other_s_pipes(
    runner: CommandRunner, tmp_path: Path
) -> None:
    """The second ends, though that takes the end of its input, while the first still runs."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)

    async def both() -> tuple[Result, Result]:
        first = asyncio.create_task(runner.run(program("cat", str(gate)), work()))
        second = await runner.run(shell(f"cat; exec 3>{gate}; echo opened"), work())
        return await first, second

    first, second = asyncio.run(both())
    assert (first.error, second.output) == (None, BODY.decode() + "opened\n")


def test_the_event_loop_goes_on_while_a_program_runs(
    runner: CommandRunner, witness: Witness
) -> None:
    async def meanwhile() -> Result:
        running = asyncio.create_task(runner.run(shell(f"exec >{witness.path}; echo up"), work()))
        assert await witness.line() == b"up\n"
        return await running

    assert on_uvloop(meanwhile()).error is None


def test_a_payload_that_a_killed_gateway_left_is_removed_by_the_next(scratch: Path) -> None:
    left = scratch / "hookgate-payload-left"
    left.mkdir()
    (left / "payload").write_bytes(BODY)
    CommandRunner(ENVIRON, str(scratch))
    assert is_empty(scratch)


# --- cancellation ---------------------------------------------------------------------------


async def cancel_when_up(running: asyncio.Task[Result], witness: Witness) -> None:
    assert await witness.line() == b"up\n"
    running.cancel()


@pytest.mark.parametrize("trap", ["", "trap '' TERM; "])
@pytest.mark.parametrize("loop", [asyncio.run, on_uvloop])
def test_a_cancelled_attempt_ends_all_its_processes_first(
    runner: CommandRunner,
    scratch: Path,
    witness: Witness,
    loop: Callable[[Coroutine[Any, Any, None]], None],
    trap: str,
) -> None:
    async def cancelled() -> None:
        script = shell(f"{trap}exec 3>{witness.path}; sleep 60 & echo up >&3; wait; sleep 60")
        running = asyncio.create_task(runner.run(script, work()))
        await cancel_when_up(running, witness)
        with pytest.raises(asyncio.CancelledError):
            await running
        assert is_empty(scratch)
        assert witness.all_gone(within=1)

    loop(cancelled())


def test_a_second_cancellation_does_not_cut_the_ending_short(
    runner: CommandRunner, scratch: Path, witness: Witness
) -> None:
    script = (
        f"exec 3>{witness.path}; trap 'echo term >&3' TERM; "
        "(trap '' TERM; sleep 60) & echo up >&3; while :; do wait; done"
    )

    async def cancelled_twice() -> None:
        running = asyncio.create_task(runner.run(shell(script), work()))
        await cancel_when_up(running, witness)
        assert await witness.line() == b"term\n"
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert is_empty(scratch)
        assert witness.all_gone()

    asyncio.run(cancelled_twice())


def test_a_gateway_that_ends_by_an_exception_ends_its_programs(
    runner: CommandRunner, witness: Witness
) -> None:
    async def fails() -> None:
        script = shell(f"exec 3>{witness.path}; echo up >&3; sleep 60")
        running = asyncio.create_task(runner.run(script, work()))
        assert await witness.line() == b"up\n"
        assert not running.done()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        asyncio.run(fails())
    assert witness.all_gone()
