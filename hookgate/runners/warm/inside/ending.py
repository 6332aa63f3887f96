"""The end of a fork, which is that of an interpreter."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
import traceback
import weakref
from types import ModuleType


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
