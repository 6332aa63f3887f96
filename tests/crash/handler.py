"""The program that a gateway under test runs: it tells when it begins and ends, in a journal.

Called as: handler.py DIRECTORY MODE SECONDS. It works for so long, at its first attempt, and holds
a lock of its task meanwhile, so that it knows when it is not alone. Another attempt takes no time,
so that it comes while a first one that was not ended would still be there.

Its imports are few: it is started very often.
"""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time

MODES = ("plain", "deaf", "daemon")


def main(directory: str, mode: str, seconds: float) -> None:
    """Work on the task that the environment names."""
    lock = os.open(_path(directory, f"{os.environ['HOOKGATE_TASK_ID']}.lock"), _READ_WRITE, 0o600)
    if os.environ["HOOKGATE_ATTEMPT"] != "1":
        seconds = 0.0
    if mode == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        tell(directory, "overlap")
    tell(directory, "start")
    if mode == "daemon":
        _work_in_a_daemon(directory, seconds)
    else:
        time.sleep(seconds)
    tell(directory, "end")


def tell(directory: str, what: str) -> None:
    """Write a line to the journal: what, the task, the attempt, the process and the event."""
    task, attempt = os.environ["HOOKGATE_TASK_ID"], os.environ["HOOKGATE_ATTEMPT"]
    event = os.environ["HOOKGATE_EVENT_ID"] or "-"
    journal = os.open(_path(directory, "journal"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(journal, f"{what} {task} {attempt} {os.getpid()} {event}\n".encode())
    os.close(journal)


def _work_in_a_daemon(directory: str, seconds: float) -> None:
    """Let a process of another session do the work, which shares the lock, and wait for it."""
    daemon = os.fork()
    if not daemon:
        os.setsid()
        tell(directory, "daemon")
        time.sleep(seconds)
        os._exit(0)
    os.waitpid(daemon, 0)


def _path(directory: str, name: str) -> str:
    return f"{directory}/{name}"


_READ_WRITE = os.O_RDWR | os.O_CREAT

if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
