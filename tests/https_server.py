"""A real HTTPS server on this machine, with a certificate of a test authority."""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.certificates import Issued, root, server

ROOT = root("Test HTTPS Root")


@dataclass(frozen=True)
class Served:
    """What a path answers. `slowly` is a pause in seconds after every byte of the body."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    slowly: float = 0.0


@dataclass
class HttpsServer:
    """What it serves by path, and the paths that it was asked for.

    While `gate` is closed, whoever asks has to wait.
    """

    host: str
    served: dict[str, Served] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        """Its address, without a slash at the end."""
        return f"https://{self.host}"


@contextmanager
def https_server(certificate: Issued | None = None) -> Iterator[HttpsServer]:
    """A server on a free port of localhost."""
    certificate = certificate or server(ROOT, "localhost", now=time.time())
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as file:
        file.write(certificate.key_pem + certificate.pem)
        file.flush()
        context.load_cert_chain(file.name)
    with _Server(("localhost", 0), _Handler) as listening:
        listening.state = HttpsServer(f"localhost:{listening.server_port}")
        listening.state.gate.set()
        # The handshake belongs to the thread of the request: one that never ends holds up no other.
        listening.socket = context.wrap_socket(
            listening.socket, server_side=True, do_handshake_on_connect=False
        )
        thread = threading.Thread(target=listening.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield listening.state
        finally:
            listening.state.gate.set()
            listening.shutdown()
            thread.join()


def trusting(issued: Issued = ROOT) -> ssl.SSLContext:
    """The context of a client that trusts one authority and no other."""
    return ssl.create_default_context(cadata=issued.pem.decode())


async def until(condition: Callable[[], bool]) -> None:
    """Wait for something that another thread or task does."""
    async with asyncio.timeout(20):
        while True:
            if condition():
                return
            await asyncio.sleep(0.01)


def root_file(folder: Path) -> Path:
    """The authority's certificate as a file."""
    file = folder / "root.pem"
    file.write_bytes(ROOT.pem)
    return file


class _Server(ThreadingHTTPServer):
    state: HttpsServer
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that does not trust it, or has gone, is no fault of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        state = self.server.state
        state.asked.append(self.path)
        assert state.gate.wait(30)
        found = state.served.get(self.path, Served(status=404))
        self.send_response(found.status)
        headers = {"Content-Length": str(len(found.body)), **found.headers}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if not found.slowly:
            self.wfile.write(found.body)
            return
        for byte in found.body:
            self.wfile.write(bytes([byte]))
            time.sleep(found.slowly)

    def log_message(self, *_: object) -> None:
        """It has nothing to say."""
