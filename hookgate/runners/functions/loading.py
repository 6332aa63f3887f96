"""Finding the function, and telling whether its files are still those that were read."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

Function: TypeAlias = Callable[..., Any]

_Stamp: TypeAlias = tuple[int, int, int]


class Files:
    """The files that a function was read from: its own and the modules beside it."""

    def __init__(self, file: str) -> None:
        self._beside = str(Path(file).parent) + os.sep
        self._stamps = {file: _stamp(file)}
        self._modules = 0

    def note_imports(self) -> None:
        """Take in what has been imported from the directory of the file since the last time."""
        if len(sys.modules) == self._modules:
            return
        self._modules = len(sys.modules)
        for module in list(sys.modules.values()):
            path = getattr(module, "__file__", None)
            if isinstance(path, str) and self._is_beside(path) and path not in self._stamps:
                self._stamps[path] = _stamp(path)

    def _is_beside(self, path: str) -> bool:
        # An environment of installed packages may be beside it too; those are not being edited.
        return path.startswith(self._beside) and not path.startswith(sys.prefix + os.sep)

    def changed(self) -> bool:
        """Whether one is not what it was."""
        return any(_stamp(path) != stamp for path, stamp in self._stamps.items())


def _stamp(path: str) -> _Stamp | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - before every call, and Path takes three times as long
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def load_function(file: str, name: str) -> Function:
    """Run a file as a module, with its directory first on the path as a script has it.

    It is read from its source: compiled files tell changes by whole seconds.
    """
    path = Path(file)
    sys.path.insert(0, str(path.parent))
    spec = importlib.util.spec_from_file_location(_module_name(path.stem), file)
    if spec is None:
        raise ImportError(f"{file} is no module")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    exec(compile(path.read_bytes(), file, "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    function: Function = getattr(module, name)
    return function


def _module_name(stem: str) -> str:
    """The name of the file, unless a module that others need has it."""
    taken = stem in sys.modules or stem in sys.stdlib_module_names
    return f"_function_{stem}" if taken else stem
