"""
What Twisted's transports have no hook for: here methods of its objects are replaced, one by one.

Each function says what is missing.  C{tests/test_gaps.py} has a test for each that fails when it is
there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import main
from twisted.internet.interfaces import IHalfCloseableProtocol, IHandshakeListener, ISSLTransport
from twisted.protocols.policies import ProtocolWrapper
from twisted.python.failure import Failure
from zope.interface import alsoProvides

from .facts import isPlain, realTransport, unwritten


def readInKernel(transport: Any, take: Callable[[int], int]) -> None:
    """
    Offer the socket of C{transport} to C{take} before anything is read from it.

    That there is nothing, and that it is the end, is not believed of splice(2): it says so of
    urgent data, too, behind which recv(2) goes on.

    @param transport: one for which L{isPlain<jetdirect.net.facts.isPlain>} holds.
    @param take: is given the descriptor; answers as L{IKernelConsumer.take
        <jetdirect.interfaces.IKernelConsumer.take>} does.
    """
    read = transport.doRead

    def doRead() -> Any:
        try:
            taken = take(transport.fileno())
        except OSError:  # the kernel reports it once; Twisted would then see a clean end
            return main.CONNECTION_LOST
        return None if taken else read()

    transport.doRead = doRead


def _isIdle(transport: Any) -> bool:
    # What the reactor's next turn would do can be done now.
    return isPlain(transport) and transport.connected and not unwritten(transport)


def sendNow(transport: Any, data: bytes) -> None:
    """
    Write, and not at the reactor's next turn but now if the kernel takes it.

    That spares the reactor an event, and two changes of what it waits for.
    """
    if _isIdle(transport):
        sent = transport.writeSomeData(data)
        if not isinstance(sent, int):  # reported once: Twisted would see a clean end
            transport.abortConnection()
            return
        data = data[sent:]
    transport.write(data)


def halfClose(transport: Any, look: Callable[[], None]) -> None:
    """
    End our direction, and call C{look} in the last moment before our FIN.

    Twisted has no such place: between C{loseWriteConnection} and the end of its direction lies a
    turn of the reactor, in which the peer may have closed first.  Where nothing waits to be
    written, that turn is not waited for.
    """
    real = realTransport(transport)
    close = getattr(real, "_closeWriteConnection", None)
    if close is not None:

        def closing() -> None:
            look()
            close()

        real._closeWriteConnection = closing
    transport.loseWriteConnection()
    if _isIdle(transport) and transport.doWrite() is not None:  # reported once, as in L{sendNow}
        transport.abortConnection()


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


def passOn(protocol: Any) -> None:
    """
    Have Twisted see which interfaces C{protocol} provides, now that its connection is made.

    Of several Twisted's client endpoints pass on the last one only (24.3 to 26.10): a protocol
    that they dialled for is not half-closeable then, though its class says so.
    """
    wrapping = realTransport(protocol.transport).protocol
    for interface in (IHalfCloseableProtocol, IHandshakeListener):
        if interface.providedBy(protocol):
            alsoProvides(wrapping, interface)


def beforeClose(transport: Any, look: Callable[[], None]) -> None:
    """
    Call C{look} when TLS is about to close the connection: the peer has said its close_notify.

    Twisted tells nobody: bytes that are written after it are dropped, and the connection ends in
    order (C{ConnectionDone}), with what the peer has not acknowledged in the kernel.
    """
    real = realTransport(transport)
    close = real.loseConnection

    def closing() -> None:
        if real.connected:
            look()
        close()

    real.loseConnection = closing


def readBeforeLoss(transport: Any) -> None:
    """
    Read once more when a write fails: what the peer said before its reset is in the kernel still.

    Twisted closes the socket before it tells anybody, and a server that refuses in mid-job often
    closes right behind its answer (3 of 75 answers were lost, measured).
    """
    real = realTransport(transport)
    write = getattr(real, "writeSomeData", None)
    if write is None:
        return  # in memory

    def writing(data: bytes) -> Any:
        sent = write(data)
        if not isinstance(sent, int) and real.connected:
            real.doRead()
        return sent

    real.writeSomeData = writing


def beneathTLS(
    transport: Any, came: Callable[[bytes], object], over: Callable[[Failure], object]
) -> None:
    """
    Show what comes over a connection before TLS has it, and how the connection ends.

    TLS tells its protocol of no byte, and makes a loss of every end without close_notify.

    @param transport: one whose C{startTLS} was called.
    @param came: is given the bytes; C{over}: the reason of the end.
    """
    layer = transport.protocol
    received, told = layer.dataReceived, layer.connectionLost

    def dataReceived(data: bytes) -> None:
        came(data)
        received(data)

    def connectionLost(reason: Failure) -> None:
        over(reason)
        told(reason)

    layer.dataReceived, layer.connectionLost = dataReceived, connectionLost


def whenProxied(transport: Any, came: Callable[[], object]) -> None:
    """
    Call C{came} when the PROXY header is there, for each piece that comes behind it.

    Twisted passes on what follows the header, and tells nobody of the header itself; a client of
    FTP says nothing before it is greeted.

    @param transport: what a listener at C{haproxy:} gives its protocols.
    """
    received = transport.dataReceived

    def dataReceived(data: bytes) -> None:
        received(data)
        if transport._proxyInfo is not None:
            came()

    transport.dataReceived = dataReceived
