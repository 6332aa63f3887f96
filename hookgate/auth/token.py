"""``type: token``: a shared token in a header or, where the rules file names one, in the query."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from hookgate.auth.encodings import header_bytes, text_bytes
from hookgate.auth.headers import after_scheme, stripped
from hookgate.auth.secrets import matching_index
from hookgate.model import AuthStep, Delivery

_AUTHORIZATION = "Authorization"
_OWN_HEADER = "X-Webhook-Token"


@dataclass(frozen=True, slots=True)
class TokenAuth:
    """Passes a delivery that presents one of `tokens`.

    By default that is ``Authorization: Bearer T`` (RFC 6750) or ``X-Webhook-Token: T``. `header`
    moves it to that header alone, as the bare value; in ``Authorization`` a ``Bearer`` before it is
    allowed. `query` moves it to that parameter of the query string alone.
    """

    tokens: tuple[bytes, ...] = field(repr=False)
    header: str | None = None
    query: str | None = None

    scheme: ClassVar[str] = "token"
    needs_body: ClassVar[bool] = False

    @property
    def credential_headers(self) -> frozenset[str]:
        """The headers that may carry the token, in lower case."""
        if self.query is not None:
            return frozenset()
        names = (_AUTHORIZATION, _OWN_HEADER) if self.header is None else (self.header,)
        return frozenset(name.lower() for name in names)

    @property
    def credential_query(self) -> frozenset[str]:
        """The query parameter that carries the token, if one does."""
        return frozenset() if self.query is None else frozenset({self.query})

    @property
    def secret_count(self) -> int:
        """One for each token."""
        return len(self.tokens)

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Compare all that is presented with every token; see `Verifier.verify`."""
        presented = {place: found for place, found in self._places(delivery).items() if any(found)}
        matches = {place: matching_index(found, self.tokens) for place, found in presented.items()}
        for place, index in matches.items():
            if index is not None:
                reason = f"{place} matches"
                return AuthStep(self.scheme, passed=True, reason=reason, secret_index=index)
        failure = f"{' or '.join(presented)} does not match" if presented else self._missing
        return AuthStep(self.scheme, passed=False, reason=failure)

    def _places(self, delivery: Delivery) -> dict[str, tuple[bytes, ...]]:
        """What each place where a token is looked for presents; empty where it holds none."""
        if self.query is not None:
            return {self._query_place: (text_bytes(delivery.query.get(self.query, "")),)}
        if self.header is None:
            own = _bare(delivery.headers, _OWN_HEADER)
            return {_AUTHORIZATION: (_bearer(delivery.headers),), _OWN_HEADER: (own,)}
        bare = _bare(delivery.headers, self.header)
        if self.header.lower() == _AUTHORIZATION.lower():
            return {self.header: (bare, _bearer(delivery.headers))}
        return {self.header: (bare,)}

    @property
    def _missing(self) -> str:
        if self.query is not None:
            return f"no {self._query_place}"
        return f"no {self.header or f'{_AUTHORIZATION}: Bearer or {_OWN_HEADER}'} header"

    @property
    def _query_place(self) -> str:
        return f"query parameter {self.query}"


def _bare(headers: Mapping[str, str], name: str) -> bytes:
    return header_bytes(stripped(headers.get(name.lower(), "")))


def _bearer(headers: Mapping[str, str]) -> bytes:
    return header_bytes(after_scheme(headers, "bearer") or "")
