"""The ASGI application: every route of the gateway."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from hookgate.engine.gateway import Gateway
from hookgate.errors import StoreUnavailable
from hookgate.server.admin import Admin
from hookgate.server.documents import fault
from hookgate.server.metrics import MetricsPage, NewPage
from hookgate.server.reads import Reads
from hookgate.server.webhooks import PREFIX, Webhooks


def build_app(gateway: Gateway, own_token: str, metrics: NewPage | None = None) -> App:
    """The application that serves `gateway`, which whoever runs the application has entered.

    `own_token` is the admin token while the rules file has none; see `MetricsPage` for `metrics`.
    """
    webhooks = Webhooks(gateway)
    admin = Admin(gateway, own_token)
    starlette = Starlette(
        routes=[
            *Reads(gateway, admin).routes(),
            Route("/metrics", MetricsPage(gateway, admin, metrics).show),
            Route(f"{PREFIX}{{source}}", webhooks),
            Route("/{source}", webhooks),
        ],
        middleware=[Middleware(CrossOrigin, gateway)],
        exception_handlers={HTTPException: _http_fault, StoreUnavailable: _store_fault},
    )
    starlette.router.redirect_slashes = False

    return App(webhooks, starlette)


class App:
    """Hands a sender's request straight to its endpoint: routing it costs as much again."""

    def __init__(self, webhooks: Webhooks, others: ASGIApp) -> None:
        self._webhooks = webhooks
        self._others = others
        self.take = webhooks.take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        serve = self._webhooks if self._webhooks.serves(scope) else self._others
        await serve(scope, receive, send)


class CrossOrigin:
    """Cross-origin reading, closed unless the rules file in use names who may."""

    def __init__(self, app: ASGIApp, gateway: Gateway) -> None:
        self._app = app
        self._gateway = gateway

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        app = self._app
        if origins := self._gateway.config.server.allow_origins:
            headers = ["Authorization"]
            app = CORSMiddleware(app, origins, allow_methods=["GET"], allow_headers=headers)
        await app(scope, receive, send)


async def _http_fault(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette looks it up by this type
    return fault(error.status_code, error.detail.lower(), error.headers)


async def _store_fault(_: Request, error: Exception) -> Response:
    return fault(503, "the store cannot be read at present", {"retry-after": "10"})
