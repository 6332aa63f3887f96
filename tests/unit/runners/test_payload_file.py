from __future__ import annotations

import fcntl
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from hookgate.runners.payload_file import payload_place, remove_left_behind, write_payload

HOLD_A_PAYLOAD = """
import sys
from pathlib import Path
from hookgate.runners.payload_file import payload_place, write_payload
with payload_place(sys.argv[1]) as place:
    write_payload(place, b"private")
    print(place, flush=True)
    sys.stdin.read()
"""


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_the_payload_is_for_this_user_alone_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with payload_place(str(tmp_path)) as place:
            write_payload(place, b"\x00exact\xff")
            assert place.read_bytes() == b"\x00exact\xff"
            assert (mode(place), mode(place.parent)) == (0o600, 0o700)
    finally:
        os.umask(before)


def test_nothing_remains_after_the_attempt_even_if_the_program_put_files_beside_it(
    tmp_path: Path,
) -> None:
    with payload_place(str(tmp_path)) as place:
        write_payload(place, b"{}")
        (place.parent / "deep").mkdir()
        (place.parent / "deep" / "copy").write_bytes(b"{}")
    assert list(tmp_path.iterdir()) == []


def test_nothing_remains_after_an_attempt_that_failed(tmp_path: Path) -> None:
    def fails() -> None:
        with payload_place(str(tmp_path)) as place:
            write_payload(place, b"{}")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fails()
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_waits_at_the_place_is_not_written_through(tmp_path: Path) -> None:
    with payload_place(str(tmp_path)) as place:
        place.symlink_to(tmp_path / "elsewhere")
        with pytest.raises(FileExistsError):
            write_payload(place, b"{}")
    assert not (tmp_path / "elsewhere").exists()


def test_a_killed_gateway_s_payload_is_removed_and_a_living_one_s_is_not(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD_A_PAYLOAD, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as gateway:
        assert gateway.stdout is not None
        place = Path(gateway.stdout.readline().strip())
        remove_left_behind(str(tmp_path))
        assert place.read_bytes() == b"private"
        gateway.send_signal(signal.SIGKILL)
    assert place.exists()
    remove_left_behind(str(tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_an_attempt_that_has_not_written_yet_keeps_its_directory(tmp_path: Path) -> None:
    with payload_place(str(tmp_path)) as place:
        remove_left_behind(str(tmp_path))
        write_payload(place, b"{}")


def test_a_directory_too_new_to_be_locked_is_left_alone(tmp_path: Path) -> None:
    new = tmp_path / "hookgate-payload-new"
    new.mkdir()
    remove_left_behind(str(tmp_path))
    assert new.is_dir()


def test_what_a_symbolic_link_points_to_is_left_alone(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.mkdir()
    (target / "payload").write_bytes(b"not ours")
    link = tmp_path / "hookgate-payload-link"
    link.symlink_to(target)
    remove_left_behind(str(tmp_path))
    assert (target / "payload").exists()
    assert link.is_symlink()


def test_a_file_with_such_a_name_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "hookgate-payload-file"
    file.write_bytes(b"")
    remove_left_behind(str(tmp_path))
    assert file.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make what belongs to another user")
def test_a_directory_of_another_user_is_left_alone(tmp_path: Path) -> None:
    other = tmp_path / "hookgate-payload-other"
    other.mkdir()
    (other / "payload").write_bytes(b"")
    os.chown(other, 65534, 65534)
    remove_left_behind(str(tmp_path))
    assert (other / "payload").exists()


def test_the_lock_on_a_payload_is_shared_so_that_it_needs_no_right_to_write(tmp_path: Path) -> None:
    """NFS grants an exclusive flock only to those who opened for writing; directories cannot be."""
    with payload_place(str(tmp_path)) as place:
        beside = os.open(place.parent, os.O_RDONLY)
        try:
            fcntl.flock(beside, fcntl.LOCK_SH | fcntl.LOCK_NB)
        finally:
            os.close(beside)
