"""Callers that go while their requests are being answered."""

from __future__ import annotations

import socket
import struct
from pathlib import Path

import httpx

from tests.acceptance.gateway import gateway, polled

RULES = """\
version: 1
server: {admin_token: admin-canary}
store: sqlite:hookgate.db
sources:
  s:
    auth: {type: none}
    rules:
      slow: [{program: wait}]
programs:
  wait: {command: [sh, -c, "touch up; until test -e go; do sleep 0.02; done"], run_async: false}
"""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


def request(event_type: str) -> bytes:
    return b"POST /s HTTP/1.1\r\nHost: h\r\nX-Event-Type: %b\r\nContent-Length: 2\r\n\r\n{}" % (
        event_type.encode()
    )


def test_a_caller_that_goes_in_the_middle_of_several_requests_breaks_nothing(
    tmp_path: Path,
) -> None:
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    with gateway(rules) as served:
        port = int(served.url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(request("other") + request("slow") + request("other"))
            for up in polled((tmp_path / "up").exists):
                if up:
                    break
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        httpx.get(f"{served.url}/healthz")  # by now it has seen that the caller has gone
        (tmp_path / "go").touch()
        for ended in polled(lambda: "#1 exit 0" in served.log):
            if ended:
                break
        assert httpx.get(f"{served.url}/healthz").status_code == 200
    assert "Traceback" not in served.log
