"""What all tests share."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

import certifi
import pytest


@pytest.fixture(autouse=True, scope="session")
def _authorities_are_read_once() -> Iterator[None]:
    """Each client of httpx reads the file of all authorities: 30 ms, of thousands of clients."""
    make, of_all = ssl.create_default_context, ssl.create_default_context(cafile=certifi.where())

    def context(*args: Any, **named: Any) -> ssl.SSLContext:
        return of_all if named == {"cafile": certifi.where()} else make(*args, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", context)
        yield
