"""What a disk may hold after the power was cut.

A file is what was synced, and what has been done to it since: each of that may have reached the
disk or not, in any order, and a write in parts of one sector each. The same holds for the entries
of the directory: a file that was made is found only when the directory was synced since, and one
that was removed may come back.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.power.records import Record, What

SECTOR = 512
"""What a disk writes as a whole, or not at all."""

Image = dict[str, bytes]
"""The files of a store by their names (see `Record`)."""

Survives = Callable[[], bool]
"""Whether the next thing that was not synced has reached the disk."""


@dataclass
class Entries:
    """What the names of the directory stand for."""

    named: dict[str, File] = field(default_factory=dict)

    def apply(self, name: str, file: File | None) -> None:
        """Let a name stand for a file, or for nothing."""
        if file is None:
            self.named.pop(name, None)
        else:
            self.named[name] = file


@dataclass(frozen=True, slots=True, eq=False)
class Change:
    """Something that was done and not synced yet; `number` tells what was done before what."""

    number: int
    record: Record
    file: File | None = None
    """What a name stands for from then on, where the change is one of the directory."""


@dataclass(eq=False)
class Synced:
    """What is known to be on disk of something, and what was done to it since."""

    unsynced: list[Change] = field(default_factory=list)
    syncing: dict[int, int] = field(default_factory=dict)
    """For each process that is syncing it now, the number of the last change before."""

    def settled(self, process: int) -> Iterator[Change]:
        """The changes that a sync, which has just returned, has brought to the disk."""
        last = self.syncing.pop(process)
        settled = [change for change in self.unsynced if change.number <= last]
        self.unsynced = self.unsynced[len(settled) :]
        yield from settled


@dataclass(eq=False)
class File(Synced):
    """A file of the store."""

    content: bytearray = field(default_factory=bytearray)


@dataclass(eq=False)
class Directory(Synced):
    """The directory of the store."""

    entries: Entries = field(default_factory=Entries)


class Disk:
    """A disk with the files of one store, as it follows from the records one after the other."""

    def __init__(self, image: Image) -> None:
        """`image` is what it holds when the power comes back."""
        files = {name: File(content=bytearray(content)) for name, content in image.items()}
        self._directory = Directory(entries=Entries(dict(files)))
        self._now = Entries(dict(files))
        """The directory as processes see it."""
        self._open: dict[int, Synced] = {}
        self._numbers = count(1)
        self._last = 0

    def apply(self, record: Record) -> None:
        """Go on by one record."""
        match record.what:
            case What.OPENED:
                self._open[record.inode] = self._opened(record)
            case What.REMOVED:
                self._rename(record, None)
            case What.WRITTEN | What.CUT:
                changed = self._open[record.inode]
                changed.unsynced.append(self._change(record))
            case What.SYNCING:
                self._open[record.inode].syncing[record.process] = self._last
            case What.SYNCED:
                self._sync(self._open[record.inode], record.process)
            case What.TOLD:
                pass

    def now(self) -> Image:
        """The files as processes see them."""
        return {name: bytes(_content(file, lambda: True)) for name, file in self._now.named.items()}

    def cut(self, chance: random.Random) -> Image:
        """The files after the power was cut now: a disk has many ways to hold what was unsynced."""
        survives = chance.choice(_WAYS)(chance)
        entries = Entries(dict(self._directory.entries.named))
        for change in self._directory.unsynced:
            if survives():
                entries.apply(change.record.name, change.file)
        return {name: bytes(_content(file, survives)) for name, file in entries.named.items()}

    def _opened(self, record: Record) -> Synced:
        if record.name == "/":
            return self._directory
        if record.name not in self._now.named:
            self._rename(record, File())
        return self._now.named[record.name]

    def _rename(self, record: Record, file: File | None) -> None:
        self._now.apply(record.name, file)
        self._directory.unsynced.append(self._change(record, file))

    def _change(self, record: Record, file: File | None = None) -> Change:
        self._last = next(self._numbers)
        return Change(self._last, record, file)

    def _sync(self, synced: Synced, process: int) -> None:
        for change in synced.settled(process):
            if isinstance(synced, Directory):
                synced.entries.apply(change.record.name, change.file)
            elif isinstance(synced, File):
                _change_whole(synced.content, change.record)


# --- what reaches the disk -----------------------------------------------------------------------


def _nothing(_: random.Random) -> Survives:
    return lambda: False


def _everything(_: random.Random) -> Survives:
    return lambda: True


def _the_beginning(chance: random.Random) -> Survives:
    """In the order in which it was done, file by file, up to some point."""
    left = iter(range(int(chance.expovariate(1 / 50))))
    return lambda: next(left, None) is not None


def _a_part(chance: random.Random) -> Survives:
    share = chance.random()
    return lambda: chance.random() < share


_WAYS = (_nothing, _everything, _the_beginning, _a_part, _a_part)


def _content(file: File, survives: Survives) -> bytearray:
    content = bytearray(file.content)
    for change in file.unsynced:
        record = change.record
        if record.what is What.CUT:
            if survives():
                _change_whole(content, record)
        else:
            for part in _sectors(record):
                if survives():
                    _change_whole(content, part)
    return content


def _sectors(written: Record) -> Iterator[Record]:
    """A write as the writes of the sectors that it touches."""
    end = written.place + len(written.data)
    start = written.place
    while start < end:
        stop = min(end, (start // SECTOR + 1) * SECTOR)
        data = written.data[start - written.place : stop - written.place]
        yield written._replace(place=start, data=data)
        start = stop


def _change_whole(content: bytearray, record: Record) -> None:
    end = record.place + len(record.data) if record.what is What.WRITTEN else record.place
    content += bytes(max(0, end - len(content)))
    if record.what is What.WRITTEN:
        content[record.place : end] = record.data
    else:
        del content[end:]


# --- real files ----------------------------------------------------------------------------------

_NAMES = ("", "-wal", "-journal")


def write_image(image: Image, store: Path) -> None:
    """Put the files of an image in the place of a store."""
    for name, content in image.items():
        _beside(store, name).write_bytes(content)


def read_image(store: Path) -> Image:
    """The files of a store as they are."""
    files = {name: _beside(store, name) for name in _NAMES}
    return {name: file.read_bytes() for name, file in files.items() if file.exists()}


def _beside(store: Path, name: str) -> Path:
    return store.with_name(store.name + name)
