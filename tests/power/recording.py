"""Recording a gateway: from its start on what a power cut has left, under load, to its end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.gateway import ADMIN_TOKEN, Gateway
from tests.crash.checks import Evidence, broken
from tests.crash.senders import Senders
from tests.power.checks import Promised
from tests.power.disk import Disk, Image, read_image, write_image
from tests.power.recorder import recorded
from tests.power.records import Record, read_records

RULES = f"""\
version: 1
server: {{admin_token: {ADMIN_TOKEN}, concurrency: 16}}
store: sqlite:hookgate.db
sources:
  load:
    auth: {{type: none}}
    event_id: {{header: X-Id}}
    params: {{line: line}}
    rules: {{lined: [{{program: work, key: line}}], apart: [{{program: waited_for}}]}}
programs:
  work: {{command: [/bin/true], pass: none}}
  waited_for: {{command: [/bin/true], pass: none, run_async: false}}
"""

CONNECTIONS, EVENTS = 4, 12
"""Of each process that sends; enough for the write-ahead log to be folded into the file."""


@dataclass(frozen=True, slots=True)
class Recording:
    """`answered` are the tasks of which callers heard; `files` is what is there at the end."""

    records: Sequence[Record]
    answered: frozenset[str]
    files: Image
    log: str
    exit_code: int


def record(
    home: Path, number: int, image: Image, seed: int, recorder: Path, environ: Mapping[str, str]
) -> Recording:
    """Have a gateway with the store `image` called; its files and its records are in `home`."""
    rules, store, records = home / "rules.yaml", home / "hookgate.db", home / "records"
    rules.write_text(RULES)
    write_image(image, store)
    senders = Senders(number, seed, CONNECTIONS, EVENTS)
    with Gateway(rules, environ={**recorded(recorder, store, records), **environ}) as gateway:
        senders.call(gateway.url)
        senders.join()
        exit_code = gateway.stop()
    answered = frozenset(senders.tasks)
    return Recording(read_records(records), answered, read_image(store), gateway.log, exit_code)


def unsound(recording: Recording, image: Image) -> Iterator[str]:
    """What speaks against the gateway, or against the record: it must tell all that was done."""
    yield from broken(Evidence({}, {}, [], [recording.log], [recording.exit_code]))
    disk, promised = Disk(image), Promised()
    for each in recording.records:
        disk.apply(each)
        promised.tell(each)
    for name in sorted({*disk.now(), *recording.files}):
        if disk.now().get(name) != recording.files.get(name):
            yield f"not everything that was done to hookgate.db{name} was recorded"
    for task_id in sorted(recording.answered - promised.tasks.keys()):
        yield f"the answer with task {task_id} was not recorded"
