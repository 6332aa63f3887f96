"""What deliveries cost while they wait for the store."""

from __future__ import annotations

import asyncio
import time
import tracemalloc
from pathlib import Path

import pytest

from hookgate.engine.gateway import Gateway
from hookgate.engine.receipts import Taken
from hookgate.model import Delivery
from hookgate.stores.sqlite.store import SqliteStore
from tests.rules import compiled

pytestmark = pytest.mark.anyio

RULES = """
version: 1
sources:
  forge:
    auth: {type: token, token: canary}
    rules: {push: [{program: build}]}
programs: {build: {command: [build]}}
"""
HEADERS = {"x-webhook-token": "canary", "x-event-type": "push", "content-type": "application/json"}
BODY = b"[" + b",".join([b"[]"] * 60_000) + b"]"
"""Read, it takes over twenty times as much memory."""

DELIVERIES = 40


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def delivery(gateway: Gateway) -> Delivery:
    return Delivery(
        id=gateway.new_id(),
        source="forge",
        received_at=time.time(),
        method="POST",
        path="/forge",
        query={},
        headers=HEADERS,
        body=BODY,
        peer="127.0.0.1",
    )


async def test_a_delivery_that_waits_for_the_store_keeps_its_body_and_no_parsed_payload(
    tmp_path: Path,
) -> None:
    config = compiled(RULES, directory=tmp_path)
    async with Gateway(config, SqliteStore(config.store.path), None) as gateway:
        waiting = [gateway.receive(delivery(gateway), config) for _ in range(DELIVERIES)]
        tracemalloc.start()
        try:
            receipts = await asyncio.gather(*waiting)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert all(isinstance(receipt, Taken) for receipt in receipts)
    assert peak < 5 * DELIVERIES * len(BODY)
