"""The script, and the files that must not change while a template is of use."""

from __future__ import annotations

import os
import warnings
import zipimport
from types import CodeType


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
        seen = stamp(self.path)
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


def stamp(path: str) -> object:
    """What differs where a file has changed; None where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino
