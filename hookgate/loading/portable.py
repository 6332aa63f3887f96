"""A compiled configuration as bytes, so that another process can have the very same one.

Reading the rules file again there would give another one where a file or a variable has changed
meanwhile. The bytes hold secrets, and whoever reads them trusts whoever made them: they go over a
socket pair between processes of hookgate, and nowhere else.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from typing import Any

from hookgate.auth.templates import BODY
from hookgate.core.config import Config
from hookgate.expr.conditions import Condition, parse_condition
from hookgate.loading.interpolation import Filled


def packed(config: Config) -> bytes:
    """The configuration as bytes."""
    packing = io.BytesIO()
    _Packer(packing, protocol=5).dump(config)
    return packing.getvalue()


def unpacked(content: bytes) -> Config:
    """The configuration that `packed` made these bytes of."""
    config: Config = pickle.loads(content)  # noqa: S301 - see the module's docstring
    return config


class _Packer(pickle.Pickler):
    """Packs what records are made from; what follows from that is made again where they are."""

    def reducer_override(self, part: Any) -> Any:
        """How a part is made again: a callable and its arguments, or the name of a constant."""
        if part is BODY:
            return "BODY"
        if isinstance(part, Condition):
            return _condition, (part.text, part.names)
        if isinstance(part, Filled):
            return Filled, (part.pieces, part.complete)
        if type(part).__module__.startswith("cryptography."):
            return _from_der, _as_der(part)
        if is_dataclass(type(part)) and "__reduce__" not in vars(type(part)):
            return _record, (
                type(part),
                {each.name: getattr(part, each.name) for each in fields(part) if each.init},
            )
        return NotImplemented


def _record(kind: Callable[..., object], values: dict[str, Any]) -> object:
    """Also one whose fields can be given by name alone."""
    return kind(**values)


def _condition(text: str, names: frozenset[str]) -> Condition:
    parsed = parse_condition(text, names)
    assert isinstance(parsed, Condition)  # noqa: S101 - it was parsed before
    return parsed


def _as_der(part: Any) -> tuple[str, bytes]:
    """A certificate or a public key, and which of them it is."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from cryptography.x509 import Certificate

    if isinstance(part, Certificate):
        return "certificate", part.public_bytes(Encoding.DER)
    return "public key", part.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _from_der(kind: str, der: bytes) -> object:
    from cryptography.hazmat.primitives.serialization import load_der_public_key
    from cryptography.x509 import load_der_x509_certificate

    return load_der_x509_certificate(der) if kind == "certificate" else load_der_public_key(der)
