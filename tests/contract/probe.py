"""A script that prints all that it can see of itself, as JSON.

It is none of our modules on purpose: what it finds at its top level is what is compared.
"""

# mypy: ignore-errors
# ruff: noqa: PTH208, TRY301, PTH109, RUF063

import gc
import json
import os
import pathlib
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
import traceback
import warnings

sys.path.insert(0, os.environ.get("SIBLINGS", sys.path[0]))
import sibling


def descriptors():
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with_it = None
        try:
            with_it = os.fstat(int(name))
        except OSError:
            continue  # the one that lists them
        kind = stat.S_IFMT(with_it.st_mode)
        found[name] = (kind, os.get_inheritable(int(name)), os.get_blocking(int(name)))
    return found


def raised():
    try:
        raise ValueError("of the probe")
    except ValueError:
        return traceback.format_exc()


def stream(each):
    return {
        "name": each.name,
        "mode": each.mode,
        "encoding": each.encoding,
        "errors": each.errors,
        "newlines": repr(each.newlines),
        "line_buffering": each.line_buffering,
        "write_through": each.write_through,
        "isatty": each.isatty(),
        "seekable": each.seekable(),
        "readable": each.readable(),
        "closed": each.closed,
        "kind": [type(each).__name__, type(each.buffer).__name__],
    }


main = sys.modules["__main__"]
mask = os.umask(0o22)
os.umask(mask)
seen = {
    "argv": sys.argv,
    "orig_argv": sys.orig_argv,
    "environ": dict(os.environ),
    "environ of a child": subprocess.check_output(["env"], text=True).splitlines(),
    "cwd": os.getcwd(),
    "name": __name__,
    "file": __file__,
    "doc": __doc__,
    "spec": repr(__spec__),
    "package": repr(__package__),
    "loader": [type(__loader__).__name__, __loader__.name, __loader__.path],
    "cached": repr(main.__dict__.get("__cached__")),
    "annotations": main.__dict__.get("__annotations__"),
    "builtins": repr(__builtins__),
    "globals": sorted(globals()),
    "path": sys.path,
    "flags": [
        getattr(sys.flags, name)
        for name in dir(sys.flags)
        if not name.startswith(("_", "count", "index"))
    ],
    "xoptions": sys._xoptions,
    "warnoptions": sys.warnoptions,
    "filters": [repr(each) for each in warnings.filters],
    "executable": sys.executable,
    "prefixes": [sys.prefix, sys.base_prefix, sys.exec_prefix],
    "excepthook": sys.excepthook is sys.__excepthook__,
    "streams": [stream(each) for each in (sys.stdin, sys.stdout, sys.stderr)],
    "stdin": sys.stdin.read(),
    "descriptors": descriptors(),
    "leads": [os.getpid() == os.getpgrp() == os.getsid(0)],
    "signals": {
        each.name: repr(signal.getsignal(each))
        for each in signal.valid_signals()
        if isinstance(each, signal.Signals)
    },
    "mask of signals": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, ())),
    "ignored": [
        line
        for line in pathlib.Path("/proc/self/status").read_text().splitlines()
        if line.startswith(
            (
                "SigP",
                "SigB",
                "SigI",
                "SigC",
                "Shd",
                "Cap",
                "NoNewPrivs",
                "Seccomp:",
                "Uid",
                "Gid",
                "Groups",
                "TracerPid",
                "Threads",
            )
        )
    ],
    "umask": mask,
    "nice": os.nice(0),
    "limits": {
        name: resource.getrlimit(getattr(resource, name))
        for name in dir(resource)
        if name.startswith("RLIMIT_")
    },
    "threads": [
        threading.active_count(),
        threading.current_thread() is threading.main_thread(),
        threading.main_thread().native_id == os.getpid(),
        threading.main_thread().ident == threading.get_ident(),
    ],
    "recursion": sys.getrecursionlimit(),
    "switches": sys.getswitchinterval(),
    "traced": [sys.gettrace(), sys.getprofile()],
    "collects": [gc.isenabled(), gc.get_threshold(), gc.callbacks],
    "hashes": sys.hash_info.algorithm,
    "timezone": [time.tzname, time.strftime("%Z")],
    "traceback": raised(),
    "sibling": [sibling.__name__, sibling.__file__, sibling.VALUE],
    "command line": pathlib.Path("/proc/self/cmdline").read_bytes().rstrip(b"\0").decode(),
    "ours": [each for each in (*sys.modules, *sys.path_importer_cache) if "hookgate" in each],
    "title": pathlib.Path("/proc/self/comm").read_text(),
}
json.dump(seen, sys.stdout, default=str)
