"""
What stands between TLS and a connection, and sees what TLS tells nobody: the bytes before they are
decrypted, and whether the end was a FIN.
"""

from __future__ import annotations

from typing import Any
from typing import Protocol as Contract

from twisted.internet import error
from twisted.internet.interfaces import (
    IHalfCloseableProtocol,
    IHandshakeListener,
    ISSLTransport,
    ITCPTransport,
)
from twisted.internet.protocol import Protocol, ServerFactory, connectionDone
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure
from zope.interface import alsoProvides, implementer

from .facts import endsInOrder


class Watcher(Contract):
    """Is told of a connection below TLS, before TLS is."""

    def came(self, data: bytes) -> None:
        """Bytes have come."""

    def over(self, inOrder: bool) -> None:
        """The connection has ended: with a FIN, or otherwise."""


@implementer(IHalfCloseableProtocol)
class BelowTLS(ProtocolWrapper):
    """The lower side of TLS, as a protocol."""

    transport: ITCPTransport

    def __init__(self, factory: Any, wrappedProtocol: Any, watcher: Watcher) -> None:
        super().__init__(factory, wrappedProtocol)
        self._watcher = watcher
        self._inOrder = False

    def dataReceived(self, data: bytes) -> None:
        """L{IProtocol<twisted.internet.interfaces.IProtocol>}."""
        self._watcher.came(data)
        super().dataReceived(data)

    def readConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}: there is no end of one direction under TLS."""
        self._inOrder = endsInOrder(self.transport)
        if self._inOrder:
            self.transport.loseConnection()
        else:
            self.transport.abortConnection()

    def writeConnectionLost(self) -> None:
        """L{IHalfCloseableProtocol}."""

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """L{IProtocol<twisted.internet.interfaces.IProtocol>}."""
        self._watcher.over(self._inOrder and reason.check(error.ConnectionDone) is not None)
        super().connectionLost(reason)


def serveTLS(protocol: Protocol, contextFactory: Any, watcher: Watcher) -> BelowTLS:
    """
    C{protocol} under TLS, with this end as the server of it.

    @param contextFactory: as that of C{startTLS}.
    @return: to be connected in its place.
    """
    from twisted.protocols.tls import TLSMemoryBIOFactory  # it needs pyOpenSSL

    factory = TLSMemoryBIOFactory(contextFactory, False, ServerFactory())
    return BelowTLS(factory, factory.protocol(factory, protocol), watcher)


def tellOfHandshake(transport: Any) -> bool:
    """
    Have the protocol told when TLS has shaken hands (C{handshakeCompleted}); before that nothing
    that was written has left.

    Its class cannot say that it wants to be (L{IHandshakeListener}): of several such interfaces
    Twisted's endpoints pass on the last one only.

    @return: C{False} if there is no TLS.
    """
    if not (isinstance(transport, ProtocolWrapper) and ISSLTransport.providedBy(transport)):
        return False
    alsoProvides(transport.wrappedProtocol, IHandshakeListener)
    return True
