"""The endpoint ``/metrics``."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from hookgate.engine.gateway import Gateway
from hookgate.server.admin import Admin, unauthorized

FRESH = 1.0
"""Seconds for which the same page is shown again, so that it costs little however many ask."""

NewPage = Callable[[], Awaitable[bytes]]


class MetricsPage:
    """The endpoint; closed to whoever has not the admin token, unless the rules file opens it."""

    def __init__(self, gateway: Gateway, admin: Admin, page: NewPage | None = None) -> None:
        """`page` makes one, where that is not for `gateway` alone to do."""
        self._gateway = gateway
        self._admin = admin
        self._new_page = page or self._own_page
        self._turn = asyncio.Lock()
        self._page = b""
        self._made_at = -math.inf

    async def show(self, request: Request) -> Response:
        """Every metric as it is now."""
        # Imported for whoever asks: where nobody does, that would be a twentieth of the start.
        from hookgate.server.exposition import CONTENT_TYPE

        if not self._open_to(request):
            return unauthorized()
        async with self._turn:
            if time.monotonic() - self._made_at > FRESH:
                self._page = await self._new_page()
                self._made_at = time.monotonic()
        return Response(self._page, media_type=CONTENT_TYPE)

    def _open_to(self, request: Request) -> bool:
        return self._gateway.config.server.metrics == "public" or self._admin.calls(request)

    async def _own_page(self) -> bytes:
        from hookgate.server.exposition import new_page

        return await new_page(self._gateway, self._gateway.metrics)
