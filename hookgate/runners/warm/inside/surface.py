"""What the kernel shows of a process: its arguments and its variables."""

from __future__ import annotations

import os


class Surface:
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
            first = variables_of(file.read().split(b"\0"))
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


def variables_of(entries: list[bytes]) -> dict[bytes, bytes]:
    """Entries of an environment as a mapping."""
    pairs = (entry.partition(b"=") for entry in entries if entry)
    return {name: value for name, _, value in pairs}


def _fitting(items: list[bytes], room: int) -> bytes:
    shown = b""
    for item in items:
        if len(shown) + len(item) < room:
            shown += item + b"\0"
    return shown and shown.ljust(room, b"\0")
