"""``type: jwt``: a bearer token that an issuer has signed for us (RFC 7519, RFC 6750).

It proves who called, and covers nothing of the body. What it claims is looked at first, for that
costs nothing; then its signature is checked with the issuer's key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar, TypeAlias

import jwt
from msgspec import Struct

from hookgate.auth.headers import after_scheme
from hookgate.auth.jose import from_base64url, parse_object
from hookgate.auth.key_sets import JsonWebKey, KeySet
from hookgate.auth.material import Material
from hookgate.model import JSON, AuthStep, Delivery

Claim: TypeAlias = str | bool | int

_MAX_TOKEN = 16 * 1024
_MAX_TRIED = 4
"""How many keys are tried for a token that does not name its key."""

_MAX_TIME = 1e12
"""Seconds since the epoch that nobody will see."""

_SIGNATURES = jwt.PyJWS()
_TOKEN = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")
_Object: TypeAlias = Mapping[str, JSON]


class JwtAuth(Struct, frozen=True):
    """Passes a delivery with a token of one of `issuers`, made for one of `audiences`.

    Each of `claims` must be in it with exactly this value, and it must be signed by one of
    `algorithms` with a key that is at `url`. Its times may be off by `leeway` seconds.
    """

    issuers: tuple[str, ...]
    audiences: tuple[str, ...]
    claims: tuple[tuple[str, Claim], ...]
    keys: Material[KeySet]
    url: str
    algorithms: tuple[str, ...] = ("RS256",)
    leeway: float = 30.0

    scheme: ClassVar[str] = "jwt"
    needs_body: ClassVar[bool] = False
    secret_count: ClassVar[int] = 0
    credential_headers: ClassVar[frozenset[str]] = frozenset({"authorization"})
    credential_query: ClassVar[frozenset[str]] = frozenset()

    def verify(self, delivery: Delivery, now: float) -> AuthStep:
        """Check the claims, then the signature; see `Verifier.verify`."""
        token = after_scheme(delivery.headers, "bearer")
        if not token:
            return self._failed("no Authorization: Bearer header")
        head, claims = _read(token)
        if head is None or claims is None:
            return self._failed("Authorization holds no JSON Web Token")
        algorithm, key_id = head.get("alg"), head.get("kid")
        if algorithm not in self.algorithms:
            return self._failed(f"the token is not signed with {' or '.join(self.algorithms)}")
        # RFC 7515, 4.1.11: what must be understood and is not spoils the token.
        if "crit" in head or not isinstance(key_id, str | None):
            return self._failed("the token has a header that is not understood")
        fault = self._fault(claims, now)
        if fault is not None:
            return self._failed(fault)
        keys = self.keys.at(self.url, now)
        tried = [] if keys is None else keys.candidates(key_id, str(algorithm))
        if not tried:
            wanted = self.keys.wanted(self.url)
            reason = "the key that the token was signed with is not known"
            return AuthStep(self.scheme, passed=False, reason=reason, wants=wanted)
        if not any(_verifies(token, key, str(algorithm)) for key in tried[:_MAX_TRIED]):
            return self._failed("the signature of the token does not match")
        return AuthStep(self.scheme, passed=True, reason="the token is signed, for us and in time")

    def _failed(self, reason: str) -> AuthStep:
        return AuthStep(self.scheme, passed=False, reason=reason)

    def _fault(self, claims: _Object, now: float) -> str | None:
        """What is wrong with what a token claims."""
        if claims.get("iss") not in self.issuers:
            return "the token is of another issuer"
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        if not any(one in self.audiences for one in named):
            return "the token is for another audience"
        for name, value in self.claims:
            # True is 1 and 1.0 is 1 in Python, and not in JSON.
            found = claims.get(name)
            if type(found) is not type(value) or found != value:
                return f"{name} in the token is not the one that is asked for"
        return self._untimely(claims, now)

    def _untimely(self, claims: _Object, now: float) -> str | None:
        end, begin = _time(claims.get("exp")), _time(claims.get("nbf", 0))
        if end is None or begin is None:
            return "the token does not say for how long it is valid"
        if now > end + self.leeway:
            return "the token has expired"
        return "the token is not valid yet" if now < begin - self.leeway else None


def _read(token: str) -> tuple[_Object | None, _Object | None]:
    """The header and the claims of a token, before anybody knows who wrote them."""
    if len(token) > _MAX_TOKEN or not _TOKEN.fullmatch(token):
        return None, None
    head, claims = (from_base64url(part) or b"" for part in token.split(".")[:2])
    return parse_object(head), parse_object(claims)


def _time(value: JSON) -> float | None:
    """A NumericDate (RFC 7519, 2); None for what is none."""
    if not isinstance(value, int | float) or isinstance(value, bool):
        return None
    return float(value) if 0 <= value < _MAX_TIME else None


def _verifies(token: str, key: JsonWebKey, algorithm: str) -> bool:
    try:
        _SIGNATURES.decode(token, key.key, algorithms=[algorithm])
    except (jwt.PyJWTError, ValueError):
        return False
    return True
