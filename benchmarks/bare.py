"""The measure of all answers: a Starlette route that reads the body and answers 202."""

from __future__ import annotations

import asyncio
import socket

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hookgate.server.process import Server, loop_factory


async def _take(request: Request) -> JSONResponse:
    await request.body()
    return JSONResponse({"status": "accepted"}, status_code=202)


def main() -> None:
    """Serve on a free port, under the settings that hookgate serves under."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    app = Starlette(routes=[Route("/github", _take, methods=["POST"])])
    address = f"listening on http://127.0.0.1:{listener.getsockname()[1]}"
    server = Server(app, 1000, on_listening=lambda: print(address, flush=True))
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(server.serve(sockets=[listener]))


if __name__ == "__main__":
    main()
