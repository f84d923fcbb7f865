"""
What listens at a place of C{--web}: C{tls:8631} has the sessions' certificate in front of its site.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IProtocolFactory
from zope.interface import implementer

from ..certificate import ServerCertificate

_TLS = "tls:"


def isSecure(place: str) -> bool:
    """Does TLS come first there?"""
    return place.startswith(_TLS)


def listening(
    place: str, site: IProtocolFactory, certificate: Callable[[], ServerCertificate | None]
) -> tuple[str, IProtocolFactory]:
    """
    A server endpoint string for Twisted, and what makes connections there.

    @param certificate: as it is by now; it is asked for each connection.
    """
    if not isSecure(place):
        return place, site
    from twisted.protocols.tls import TLSMemoryBIOFactory  # needs pyOpenSSL

    factory = TLSMemoryBIOFactory(_Connections(certificate), False, site)
    return f"tcp:{place.removeprefix(_TLS)}", factory


@implementer(IOpenSSLServerConnectionCreator)
class _Connections:
    def __init__(self, certificate: Callable[[], ServerCertificate | None]) -> None:
        self._certificate = certificate

    def serverConnectionForTLS(self, tlsProtocol: Any) -> Any:
        """L{IOpenSSLServerConnectionCreator}."""
        from OpenSSL.SSL import Connection

        certificate = self._certificate()
        assert certificate is not None, "a configuration without one names no such place"
        return Connection(certificate.webContext, None)
