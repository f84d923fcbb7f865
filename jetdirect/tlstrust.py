"""
Which certificates are trusted when the gateway is the client.  Needs pyOpenSSL.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates
from zope.interface import implementer

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def signers(host: str, path: str | None) -> Any:
    """
    A certificate for C{host} that somebody known has signed.

    @param path: a PEM file with certificates: those who may sign, and those who need no signature;
        L{None}: the authorities that the system trusts.
    @raise ValueError: there is none; the message says why.
    """
    roots = None if path is None else trustRootFromCertificates(_certificates(path))
    try:
        return optionsForClientTLS(host, trustRoot=roots)
    except ValueError:
        raise ValueError(f"no certificate can be for {host!r}; write its address") from None


def _certificates(path: str) -> list[Any]:
    if not path:
        raise ValueError("tls-ca=FILE: expected a PEM file with certificates")
    try:
        pems = _CERTIFICATE.findall(Path(path).read_bytes())
        found = [Certificate.loadPEM(pem) for pem in pems]
    except OSError as why:
        raise ValueError(f"tls-ca={path}: {why.strerror}") from None
    except (crypto.Error, ValueError):
        found = []
    if not found:
        raise ValueError(f"tls-ca={path}: expected a PEM file with certificates")
    return found


def anybody() -> Any:
    """Trust every certificate: the line is encrypted, but the peer is not known."""
    return _Anybody()


@implementer(IOpenSSLClientConnectionCreator)
class _Anybody:
    def clientConnectionForTLS(self, protocol: Any) -> Any:
        """L{IOpenSSLClientConnectionCreator}."""
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        return SSL.Connection(context, None)
