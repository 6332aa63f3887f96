"""A 2xx means that it is on disk, also when the power fails.

`python -m tests.power --rounds 50` is the long mode.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest

import hookgate
from tests.power.__main__ import main
from tests.power.disk import SECTOR, Disk, Image
from tests.power.recorder import build, compiler
from tests.power.records import Record, What
from tests.power.rounds import Ordeal

needs_compiler = pytest.mark.skipif(compiler() is None, reason="there is no C compiler (cc, gcc)")


@needs_compiler
def test_nothing_is_lost_or_damaged_when_the_power_is_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--rounds", "3", "--seconds", "0.5"]) == 0, capsys.readouterr().out
    told = capsys.readouterr().out
    assert "3 rounds" in told
    assert "64 connections" in told


@needs_compiler
@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_a_gateway_that_answers_before_its_commit_is_synced_is_found_out(
    tmp_path: Path, synchronous: str
) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(Path(hookgate.__file__).parent, changed / "hookgate")
    settings = changed / "hookgate/stores/sqlite/file.py"
    text = settings.read_text()
    assert "synchronous = FULL" in text
    settings.write_text(text.replace("synchronous = FULL", f"synchronous = {synchronous}"))
    environ = {"PYTHONPATH": str(changed), "PYTHONSAFEPATH": "1"}
    (done,) = Ordeal(tmp_path, 1, build(tmp_path), environ).rounds(1)
    assert any("is lost" in fault for fault in done.found)
    assert not any("recorded" in fault for fault in done.found)


def test_without_a_compiler_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main(["--rounds", "1"]) == 3
    assert "no C compiler" in capsys.readouterr().out


# --- the disk ------------------------------------------------------------------------------------

DIRECTORY, LOG, PROCESS = 1, 2, 7
OLD, NEW = b"o" * 2 * SECTOR, b"n" * 2 * SECTOR
OPEN_DIRECTORY = Record(What.OPENED, PROCESS, DIRECTORY, 0, b"/")
OPEN_LOG = Record(What.OPENED, PROCESS, LOG, 0, b"-wal")
WRITE = Record(What.WRITTEN, PROCESS, LOG, 0, NEW)


def _sync(inode: int) -> list[Record]:
    return [Record(what, PROCESS, inode, 0, b"") for what in (What.SYNCING, What.SYNCED)]


def _left(image: Image, records: list[Record]) -> set[bytes | None]:
    """What many power cuts leave of the log."""
    disk = Disk(image)
    for record in records:
        disk.apply(record)
    return {disk.cut(random.Random(seed)).get("-wal") for seed in range(200)}


def test_what_was_not_synced_may_be_there_or_not_or_in_part() -> None:
    torn = {OLD[:SECTOR] + NEW[SECTOR:], NEW[:SECTOR] + OLD[SECTOR:]}
    assert _left({"-wal": OLD}, [OPEN_LOG, WRITE]) == {OLD, NEW, *torn}


def test_what_was_synced_is_there() -> None:
    assert _left({"-wal": OLD}, [OPEN_LOG, WRITE, *_sync(LOG)]) == {NEW}


def test_what_was_written_while_a_sync_went_on_may_be_lost() -> None:
    syncing, synced = _sync(LOG)
    assert OLD in _left({"-wal": OLD}, [OPEN_LOG, syncing, WRITE, synced])


def test_a_file_that_was_made_is_found_for_sure_when_its_directory_was_synced() -> None:
    made = [OPEN_DIRECTORY, OPEN_LOG, WRITE, *_sync(LOG)]
    assert _left({}, made) == {NEW, None}
    assert _left({}, [*made, *_sync(DIRECTORY)]) == {NEW}


def test_a_file_that_was_removed_may_come_back() -> None:
    removed = [OPEN_DIRECTORY, Record(What.REMOVED, PROCESS, 0, 0, b"-wal")]
    assert _left({"-wal": OLD}, removed) == {OLD, None}
    assert _left({"-wal": OLD}, [*removed, *_sync(DIRECTORY)]) == {None}


def test_a_file_that_was_cut_may_have_its_old_length() -> None:
    cut = Record(What.CUT, PROCESS, LOG, SECTOR, b"")
    assert _left({"-wal": OLD}, [OPEN_LOG, cut]) == {OLD, OLD[:SECTOR]}
