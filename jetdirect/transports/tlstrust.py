"""
Whose certificates are believed when the gateway is the client.  Needs pyOpenSSL.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
from twisted.internet.ssl import Certificate, trustRootFromCertificates
from twisted.web.client import BrowserLikePolicyForHTTPS
from twisted.web.iweb import IPolicyForHTTPS
from zope.interface import implementer

_CERTIFICATE = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def signedBy(path: str) -> Any:
    """
    Those that a certificate in this PEM file has signed, and itself.

    @raise ValueError: there is none; the message says why.
    """
    try:
        pems = _CERTIFICATE.findall(Path(path).read_bytes())
        roots = [Certificate.loadPEM(pem) for pem in pems]
    except OSError as why:
        raise ValueError(f"tls-ca={path}: {why.strerror}") from None
    except SSL.Error:
        roots = []
    if not roots:
        raise ValueError(f"tls-ca={path}: expected a PEM file with certificates")
    return BrowserLikePolicyForHTTPS(trustRootFromCertificates(roots))


def anybody() -> Any:
    """Everybody: the line is encrypted, but nobody knows to whom."""
    return _Anybody()


@implementer(IPolicyForHTTPS, IOpenSSLClientConnectionCreator)
class _Anybody:
    def creatorForNetloc(self, hostname: bytes, port: int) -> Any:
        """L{IPolicyForHTTPS}."""
        return self

    def clientConnectionForTLS(self, protocol: Any) -> Any:
        """L{IOpenSSLClientConnectionCreator}."""
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(SSL.TLS1_2_VERSION)
        return SSL.Connection(context, None)
