"""Who may read what the gateway knows: whoever has the admin token."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import Response

from hookgate.engine.gateway import Gateway
from hookgate.server.documents import fault


class Admin:
    """Knows the admin token: that of the rules file, or `own` where it has none."""

    def __init__(self, gateway: Gateway, own: str) -> None:
        self._gateway = gateway
        self._own = own

    def calls(self, request: Request) -> bool:
        """Whether a request presents the token, as ``Authorization: Bearer TOKEN``."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        presented = token.strip().encode("latin-1")
        expected = self._gateway.config.server.admin_token or self._own
        known = expected.encode("utf-8", "surrogateescape")
        return scheme.lower() == "bearer" and hmac.compare_digest(presented, known)


def unauthorized() -> Response:
    """The answer to whoever has not presented it."""
    return fault(401, "the admin token is needed", {"www-authenticate": "Bearer"})
