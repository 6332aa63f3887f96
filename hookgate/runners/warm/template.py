"""A template process: an interpreter with its imports done, which forks for each call of a script.

It is run by its path, by the interpreter that the command names: it needs nothing but the standard
library of CPython 3.11. It has one thread, and is told one thing at a time over a socket. The fork
leaves `serve` and goes on as the script would in an interpreter of its own. What is written in the
documentation as the difference is the whole of it (docs/handlers.md, "Warm commands").
"""

from __future__ import annotations

import array
import atexit
import gc
import importlib
import json
import os
import signal
import struct
import sys
import traceback
import warnings
import weakref
import zipimport
from _socket import CMSG_SPACE, SCM_RIGHTS, SOL_SOCKET, socket
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType, TracebackType

if False:  # typing takes longer to import than all the rest
    from typing import Any

    Files = list[tuple[str, object]]

USUAL = (
    "__future__",
    "argparse",
    "datetime",
    "logging",
    "pathlib",
    "re",
    "shutil",
    "subprocess",
)
"""What most scripts import, besides the modules above."""

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
"""A variable that makes room for those of the forks, see `_Surface`."""


class Call:
    """One run of the script: its arguments with the interpreter's, and what it finds."""

    def __init__(self, argv: list[bytes], env: list[bytes], cwd: bytes, streams: list[int]) -> None:
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.streams = streams


class Script:
    """The file that is run: where it is, and its code for as long as it is the same file."""

    def __init__(self, written: str) -> None:
        self._written = written
        self.path = os.path.abspath(written)
        self.folder = self._folder()
        self._code: CodeType | None = None
        self._seen: object = None

    def moved(self) -> bool:
        """Whether it is in another directory than before, by a symbolic link."""
        return self._folder() != self.folder

    def read(self) -> CodeType | None:
        """Its code; None where there is something to say about it, for an interpreter to say."""
        seen = _stamp(self.path)
        if seen != self._seen:
            self._seen, self._code = seen, self._quietly_compiled()
        return self._code

    def _quietly_compiled(self) -> CodeType | None:
        if _is_archive(self.path):
            return None
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                with open(self.path, "rb") as file:
                    return compile(file.read(), self.path, "exec", dont_inherit=True)
            except Exception:
                return None

    def _folder(self) -> str:
        return os.path.dirname(os.path.realpath(self._written))


def _is_archive(path: str) -> bool:
    try:
        zipimport.zipimporter(path)
    except zipimport.ZipImportError:
        return path.endswith(".pyc")
    return True


# --- what the kernel shows of a process -------------------------------------------------------


class _Surface:
    """The memory in which the kernel finds a process's arguments and variables, for /proc.

    The gateway finds what a task left running by its variables (hookgate/strays.py), and a fork
    would show those of its template. The C library has its own copy of each that was set anew, so
    this memory is free to be written over.

    `set_since` are the variables that the interpreter or a module has set: each run has them too.
    """

    def __init__(self) -> None:
        with open("/proc/self/stat", "rb") as file:
            fields = file.read().rpartition(b") ")[2].split()
        self._arguments, self._variables = fields[45:47], fields[47:49]
        with open("/proc/self/environ", "rb") as file:
            first = _variables(file.read().split(b"\0"))
        self.set_since = {
            name: value for name, value in os.environb.items() if first.get(name) != value
        }
        self.show([], [])

    def show(self, arguments: list[bytes], variables: list[bytes]) -> None:
        """Show these, as far as there is room; nothing given leaves it as it is."""
        memory = os.open("/proc/self/mem", os.O_RDWR | os.O_CLOEXEC)
        try:
            for (start, end), items in (
                (map(int, self._arguments), arguments),
                (map(int, self._variables), variables),
            ):
                shown = _fitting(items, end - start)
                os.pwrite(memory, shown or os.pread(memory, end - start, start), start)
        finally:
            os.close(memory)


def _variables(entries: list[bytes]) -> dict[bytes, bytes]:
    pairs = (entry.partition(b"=") for entry in entries if entry)
    return {name: value for name, _, value in pairs}


def _fitting(items: list[bytes], room: int) -> bytes:
    shown = b""
    for item in items:
        if len(shown) + len(item) < room:
            shown += item + b"\0"
    return shown and shown.ljust(room, b"\0")


# --- serving ----------------------------------------------------------------------------------


def _receive(channel: socket) -> Call | int:
    """The next call, or a process to be reaped. Ends this process where the gateway has gone."""
    head, ancillary, _, _ = channel.recvmsg(REQUEST.size, CMSG_SPACE(3 * 4))
    if not head:
        os._exit(0)
    streams = array.array("i")
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_SOCKET, SCM_RIGHTS):
            streams.frombytes(data)
    head += _exactly(channel, REQUEST.size - len(head))
    wanted, argv_size, env_size, cwd_size, process = REQUEST.unpack(head)
    if wanted == REAP:
        return int(process)
    argv, env, cwd = (_exactly(channel, size) for size in (argv_size, env_size, cwd_size))
    return Call(argv.split(b"\0"), env.split(b"\0") if env else [], cwd, list(streams))


def _exactly(channel: socket, size: int) -> bytes:
    received = bytearray()
    while len(received) < size:
        chunk = channel.recv(size - len(received))
        if not chunk:
            os._exit(0)
        received += chunk
    return bytes(received)


def serve(channel: socket, script: Script, files: Files) -> tuple[Call, CodeType]:
    """Do what is asked for; returns in each fork, with the call that it is for, and its code."""
    while True:
        request = _receive(channel)
        if isinstance(request, int):
            channel.sendall(REPLY.pack(REAPED, _reaped(request)))
            continue
        refusal, code = _refusal(request, script, files), script.read()
        try:
            if refusal is None and code is None:
                refusal = REPLY.pack(UNFIT, 0)
            elif refusal is None and code is not None and os.fork() == 0:
                return request, code
        except OSError as error:
            refusal = REPLY.pack(SHORT, error.errno or 0)
        for stream in request.streams:
            os.close(stream)
        if refusal is not None:
            channel.sendall(refusal)


def _reaped(process: int) -> int:
    """Its status; LOST where there is none."""
    try:
        _, status = os.waitpid(process, 0)
    except ChildProcessError:
        return LOST
    return os.waitstatus_to_exitcode(status)


def _refusal(call: Call, script: Script, files: Files) -> bytes | None:
    try:
        os.chdir(call.cwd)
    except OSError as error:
        return REPLY.pack(SHORT, error.errno or 0)
    if script.moved() or any(_stamp(path) != seen for path, seen in files):
        return REPLY.pack(STALE, 0)
    return None


def _stamp(path: str) -> object:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


# --- becoming the script ----------------------------------------------------------------------


def become(call: Call, words: int, surface: _Surface) -> None:
    """Be as the interpreter is when it begins with the script; so many words come before that."""
    os.setsid()
    for number, stream in enumerate(call.streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environb.update(_variables(call.env) | surface.set_since)
    surface.show(call.argv, call.env)
    if (threading := sys.modules.get("threading")) is not None:
        threading.main_thread()._set_native_id()
    argv = list(map(os.fsdecode, call.argv))
    sys.orig_argv[:] = argv
    sys.argv[:] = argv[words:]


def run(path: str, code: CodeType) -> tuple[int, bool]:
    """Run the script; its exit status, and whether it was interrupted."""
    main = ModuleType("__main__")
    main.__loader__ = SourceFileLoader("__main__", path)
    main.__dict__.update(__annotations__={}, __builtins__=sys.modules["builtins"], __file__=path)
    main.__dict__["__cached__"] = None
    sys.modules["__main__"] = main
    try:
        exec(code, main.__dict__)  # noqa: S102 - it is there for this
    except BaseException as error:
        raised = error
    else:
        return 0, False
    return _told(raised)


def _told(raised: BaseException) -> tuple[int, bool]:
    """What becomes of an exception that nothing has caught."""
    if isinstance(raised, SystemExit):
        return _exit_status(raised), False
    raised.__traceback__ = _without_ours(raised.__traceback__)
    sys.last_type, sys.last_value, sys.last_traceback = type(raised), raised, raised.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = raised
    try:
        sys.excepthook(type(raised), raised, raised.__traceback__)
    except SystemExit as leaving:
        return _exit_status(leaving), False
    except BaseException as error:
        error.__traceback__ = _without_ours(error.__traceback__)
        error.__context__ = None
        print("Error in sys.excepthook:", file=sys.stderr)
        traceback.print_exception(error)
        print("\nOriginal exception was:", file=sys.stderr)
        traceback.print_exception(raised)
    return 1, isinstance(raised, KeyboardInterrupt)


def _without_ours(frames: TracebackType | None) -> TracebackType | None:
    while frames is not None and frames.tb_frame.f_code.co_filename == __file__:
        frames = frames.tb_next
    return frames


def _exit_status(leaving: SystemExit) -> int:
    code = leaving.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if -(2**63) <= code < 2**63 else 0xFF
    print(code, file=sys.stderr)
    return 1


# --- its end ----------------------------------------------------------------------------------


def finish(status: int, interrupted: bool, known: set[str]) -> None:
    """End as the interpreter does, but leave to the kernel what was there before the fork.

    To take that apart would touch, and so copy, most of the memory that is shared.
    """
    if (threading := sys.modules.get("threading")) is not None:
        threading._shutdown()
    atexit._run_exitfuncs()
    if not _flush(tell=True):
        status = 120
    sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__
    _release(known)
    _flush(tell=False)
    if interrupted:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.kill(os.getpid(), signal.SIGINT)
    os._exit(status)


def _flush(tell: bool) -> bool:
    done = True
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None and not stream.closed:
                stream.flush()
        except BaseException as error:
            done = False
            if tell and stream is sys.stdout and sys.stderr is not None:
                line = "".join(traceback.format_exception_only(error))
                print(f"Exception ignored in: {stream!r}\n{line}", end="", file=sys.stderr)
    return done


def _release(known: set[str]) -> None:
    """Let go of what the script has made, so that files are written and finalizers run."""
    for name in ("last_type", "last_value", "last_traceback", "last_exc"):
        if hasattr(sys, name):
            setattr(sys, name, None)
    ours = known - {"__main__"}
    own = [sys.modules.pop(name) for name in list(sys.modules) if name not in ours]
    still_there = [weakref.ref(module) for module in own if isinstance(module, ModuleType)]
    own.clear()
    gc.collect()
    for module in filter(None, (each() for each in still_there)):
        variables = module.__dict__
        for private in (True, False):
            for name in list(variables):
                if name.startswith("_") is private and name != "__builtins__":
                    variables[name] = None
    gc.collect()


# --- the beginning ----------------------------------------------------------------------------


def _import_all(names: list[str]) -> Files:
    """Import the usual modules and these; the files that must not change from now on."""
    for name in USUAL:
        importlib.import_module(name)
    before = set(sys.modules)
    for name in names:
        importlib.import_module(name)
    found = (getattr(sys.modules[name], "__file__", None) for name in set(sys.modules) - before)
    paths = {os.path.realpath(sys.executable), os.__file__, *filter(None, found)}
    return [(path, _stamp(path)) for path in sorted(paths)]


def _prepare(assignment: dict[str, Any]) -> tuple[Script, Files, _Surface]:
    script = Script(assignment["script"])
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = script.folder
    if sys.version_info < (3, 11) or sys.implementation.name != "cpython":
        raise RuntimeError("it takes CPython 3.11 or later")
    files = _import_all(assignment["preload"])
    surface = _Surface()
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("a module that is preloaded has started a thread")
    return script, files, surface


def main() -> None:
    """Be a template, then one of its forks."""
    assignment = json.loads(sys.argv[1])
    channel = socket(fileno=assignment["channel"])
    # The streams are pipes at first, as those of a fork are: what Python asks them it asks once.
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    os.close(nothing)
    try:
        script, files, surface = _prepare(assignment)
        sys.stdout.flush()
    except BaseException as error:
        reason = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1].encode()
        channel.sendall(REPLY.pack(FAILED, len(reason)) + reason)
        os._exit(1)
    known = set(sys.modules)
    collects = gc.isenabled()
    gc.disable()
    gc.collect()
    gc.freeze()
    channel.sendall(REPLY.pack(READY, 0))
    call, code = serve(channel, script, files)
    try:
        become(call, assignment["words"], surface)
        channel.sendall(REPLY.pack(FORKED, os.getpid()))
    except OSError as error:
        channel.sendall(REPLY.pack(SHORT, error.errno or 0))
        os._exit(1)
    channel.close()
    os.close(assignment["lifeline"])
    if collects:
        gc.enable()
    finish(*run(script.path, code), known)


if __name__ == "__main__":
    main()
