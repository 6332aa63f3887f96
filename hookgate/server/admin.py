"""Who may read what the gateway knows: whoever has the admin token."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import Response

from hookgate.server.documents import fault


class Admin:
    """Knows the admin token."""

    def __init__(self, token: str) -> None:
        self._token = token.encode("utf-8", "surrogateescape")

    def calls(self, request: Request) -> bool:
        """Whether a request presents the token, as ``Authorization: Bearer TOKEN``."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        presented = token.strip().encode("latin-1")
        return scheme.lower() == "bearer" and hmac.compare_digest(presented, self._token)


def unauthorized() -> Response:
    """The answer to whoever has not presented it."""
    return fault(401, "the admin token is needed", {"www-authenticate": "Bearer"})
