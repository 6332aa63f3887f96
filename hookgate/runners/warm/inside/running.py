"""Running a script as an interpreter does that was started for it."""

from __future__ import annotations

import sys
import traceback
from importlib.machinery import SourceFileLoader
from types import CodeType, ModuleType, TracebackType


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
    raised.__traceback__ = _below(raised)
    sys.last_type, sys.last_value, sys.last_traceback = type(raised), raised, raised.__traceback__
    if sys.version_info >= (3, 12):
        sys.last_exc = raised
    try:
        sys.excepthook(type(raised), raised, raised.__traceback__)
    except SystemExit as leaving:
        return _exit_status(leaving), False
    except BaseException as error:
        error.__traceback__ = _below(error)
        error.__context__ = None
        print("Error in sys.excepthook:", file=sys.stderr)
        traceback.print_exception(error)
        print("\nOriginal exception was:", file=sys.stderr)
        traceback.print_exception(raised)
    return 1, isinstance(raised, KeyboardInterrupt)


def _below(raised: BaseException) -> TracebackType | None:
    """Its traceback without the frame in which we have caught it."""
    return raised.__traceback__ and raised.__traceback__.tb_next


def _exit_status(leaving: SystemExit) -> int:
    code = leaving.code
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF if -(2**63) <= code < 2**63 else 0xFF
    print(code, file=sys.stderr)
    return 1
