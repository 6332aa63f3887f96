"""A template process: an interpreter with its imports done, which forks for each call of a script.

It has one thread, and is told one thing at a time. A fork leaves `serve` and goes on as the script
would in an interpreter of its own. By what the script could tell is said in docs/handlers.md, "Warm
commands", and that is to be all.
"""

from __future__ import annotations

import array
import gc
import importlib
import os
import sys
from _socket import CMSG_SPACE, SCM_RIGHTS, SOL_SOCKET, socket
from types import CodeType

from hookgate.runners.warm.inside.ending import finish
from hookgate.runners.warm.inside.running import run
from hookgate.runners.warm.inside.script import Script, stamp
from hookgate.runners.warm.inside.surface import Surface, variables_of
from hookgate.runners.warm.inside.told import (
    FAILED,
    FORKED,
    LOST,
    READY,
    REAP,
    REAPED,
    REPLY,
    REQUEST,
    SHORT,
    STALE,
    UNFIT,
)

if False:  # typing takes longer to import than all the rest
    from typing import Any

    Files = list[tuple[str, object]]

USUAL = (
    "__future__",
    "argparse",
    "datetime",
    "json",
    "logging",
    "pathlib",
    "re",
    "shutil",
    "subprocess",
)
"""What most scripts import, besides the modules that are here anyway."""


class Call:
    """One run of the script: its arguments with the interpreter's, and what it finds."""

    def __init__(self, argv: list[bytes], env: list[bytes], cwd: bytes, streams: list[int]) -> None:
        self.argv = argv
        self.env = env
        self.cwd = cwd
        self.streams = streams


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
    if script.moved() or any(stamp(path) != seen for path, seen in files):
        return REPLY.pack(STALE, 0)
    return None


# --- becoming the script ----------------------------------------------------------------------


def become(call: Call, words: int, surface: Surface) -> None:
    """Be as the interpreter is when it begins with the script; so many words come before that."""
    os.setsid()
    for number, stream in enumerate(call.streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environb.update(variables_of(call.env) | surface.set_since)
    surface.show(call.argv, call.env)
    if (threading := sys.modules.get("threading")) is not None:
        threading.main_thread()._set_native_id()
    argv = list(map(os.fsdecode, call.argv))
    sys.orig_argv[:] = argv
    sys.argv[:] = argv[words:]


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
    return [(path, stamp(path)) for path in sorted(paths)]


def _leave_no_trace(packages: str) -> None:
    """Have it be as if nothing of ours had been imported, from the directory put first."""
    sys.path.remove(packages)
    for name in [each for each in sys.modules if each.partition(".")[0] == "hookgate"]:
        del sys.modules[name]
    for place in [each for each in sys.path_importer_cache if each.startswith(packages)]:
        del sys.path_importer_cache[place]


def _prepare(assignment: dict[str, Any]) -> tuple[Script, Files, Surface]:
    script = Script(assignment["script"])
    if not getattr(sys.flags, "safe_path", False):
        sys.path[0] = script.folder
    if sys.version_info < (3, 11) or sys.implementation.name != "cpython":
        raise RuntimeError("it takes CPython 3.11 or later")
    files = _import_all(assignment["preload"])
    surface = Surface()
    os.environ.clear()  # now, as in a fork it would copy memory
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("a module that is preloaded has started a thread")
    return script, files, surface


def main(packages: str, assignment: dict[str, Any]) -> None:
    """Be a template, then one of its forks; `packages` is where hookgate was imported from."""
    _leave_no_trace(packages)
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
        reason = f"{type(error).__name__}: {error}".partition("\n")[0].encode()
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
