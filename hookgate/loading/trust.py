"""The certificates that this machine trusts, wherever its OpenSSL looks for them."""

from __future__ import annotations

import re
import ssl
import warnings
from collections.abc import Iterator
from pathlib import Path

from hookgate.auth.certificates import Certificates, read_certificates
from hookgate.loading.machine import is_directory

_WRITTEN = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


def system_certificates() -> Certificates:
    """The certificates of the system's store; none where there is no such store."""
    with warnings.catch_warnings():
        # Old roots offend against newer rules, of which the library warns; nobody here can help it.
        warnings.simplefilter("ignore")
        return tuple(
            certificate
            for file in _files()
            for written in _WRITTEN.findall(_content(file))  # one by one: the others may do
            for certificate in read_certificates(written) or ()
        )


def _files() -> Iterator[Path]:
    paths = ssl.get_default_verify_paths()
    if paths.cafile is not None:
        yield Path(paths.cafile)
    elif paths.capath is not None and is_directory(paths.capath):
        # As OpenSSL looks for them there: by the hash of the name, and a number.
        yield from sorted(Path(paths.capath).glob("[0-9a-f]*.[0-9]"))


def _content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:
        return b""
