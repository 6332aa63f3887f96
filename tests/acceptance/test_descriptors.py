"""A gateway whose programs hold more descriptors than it was given to begin with."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.acceptance.gateway import HOOKGATE, Gateway, gateway

FUNCTIONS = 12
RULES = """\
version: 1
server: {admin_token: admin-canary, concurrency: 1, max_connections: 4}
store: sqlite:hookgate.db
sources:
  s:
    auth: {type: none}
    rules:
      all: []
      echo: [{program: echo}]
programs:
  echo: {command: [echo, hi]}
"""


def with_functions() -> str:
    names = [f"f{number}" for number in range(FUNCTIONS)]
    rules = ", ".join(f"{{program: {name}}}" for name in names)
    programs = "".join(f'  {name}: {{python: "f.py:f", concurrency: 1}}\n' for name in names)
    return RULES.replace("all: []", f"all: [{rules}]").replace("auth:", "match: all\n    auth:") + (
        programs
    )


@contextmanager
def few_descriptors() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def send(served: Gateway, event_type: str) -> list[str]:
    with served.client() as client:
        answer = client.post("/s", json={}, headers={"x-event-type": event_type}).json()
    tasks = [task["task_id"] for task in answer["tasks"]]
    return [served.ended_task(task)["status"] for task in tasks]


def test_the_processes_of_functions_leave_descriptors_for_everything_else(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f():\n    pass\n")
    rules = tmp_path / "rules.yaml"
    rules.write_text(with_functions())
    with few_descriptors(), gateway(rules) as served:
        assert send(served, "all") == ["completed"] * FUNCTIONS
        assert send(served, "echo") == ["completed"]


def test_nor_do_those_that_a_reload_brings(tmp_path: Path) -> None:
    (tmp_path / "f.py").write_text("def f():\n    pass\n")
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with few_descriptors(), gateway(rules) as served:
        assert send(served, "echo") == ["completed"]
        rules.write_text(with_functions())
        reload = [*HOOKGATE, "reload", str(rules)]
        assert subprocess.run(reload, capture_output=True, check=False).returncode == 0
        assert send(served, "all") == ["completed"] * FUNCTIONS
        assert send(served, "echo") == ["completed"]
