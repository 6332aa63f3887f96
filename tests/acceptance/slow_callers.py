"""Many callers that send their requests slowly and never to the end, in a process of their own.

``python -m tests.acceptance.slow_callers PORT COUNT`` keeps COUNT connections begun, makes another
for each that is ended, and prints a line when all of them have been made.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import resource
import sys

_BEGUN = (
    b"",
    b"POST /open HTTP/1.1\r\nHost: gateway\r\nX-Slow: ",
    b"POST /open HTTP/1.1\r\nHost: gateway\r\nContent-Length: 1000000\r\n\r\n",
    b"POST /open HTTP/1.1\r\nHost: gateway\r\nTransfer-Encoding: chunked\r\n\r\n5;",
)
"""What a caller sends at once; then comes a byte every few seconds."""

_MAKING_AT_ONCE = 100


async def _stay(port: int, begun: bytes, making: asyncio.Semaphore, made: asyncio.Event) -> None:
    while True:
        with contextlib.suppress(OSError):
            async with making:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(begun)
            made.set()
            trickling = asyncio.create_task(_trickle(writer))
            with contextlib.suppress(OSError):
                await reader.read(-1)
            trickling.cancel()
            writer.close()
            continue
        await asyncio.sleep(0.05)


async def _trickle(writer: asyncio.StreamWriter) -> None:
    while True:
        await asyncio.sleep(3)
        writer.write(b"a")


async def _main(port: int, count: int) -> None:
    making = asyncio.Semaphore(_MAKING_AT_ONCE)
    made = [asyncio.Event() for _ in range(count)]
    async with asyncio.TaskGroup() as callers:
        for begun, event in zip(itertools.cycle(_BEGUN), made, strict=False):
            callers.create_task(_stay(port, begun, making, event))
        for event in made:
            await event.wait()
        print("made", flush=True)


def possible(wanted: int) -> int:
    """How many of the connections wanted a process can have here."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return wanted if hard == resource.RLIM_INFINITY else min(wanted, hard - 100)


if __name__ == "__main__":
    asyncio.run(_main(int(sys.argv[1]), possible(int(sys.argv[2]))))
