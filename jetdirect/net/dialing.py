"""
Connections that we make, on descriptors of our own: to a numeric address, and at once if the other
end is on this host.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Callable
from socket import SocketType
from typing import Any

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import (
    IConnector,
    IDelayedCall,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
    IStreamClientEndpoint,
)
from twisted.python.failure import Failure
from zope.interface import implementer

from .events import OUT, Loop
from .stream import Stream, address
from .tuning import noDelay, opened

TIMEOUT = 30.0
"""Seconds in which a connection is made: as many as in Twisted."""

LEAST_CHOSEN = 10_000
"""The least port that a kernel is supposed to choose: 32,768 in Linux, unless an administrator has
lowered it, and those of printers are to be left out then."""

_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY)


class Dialing:
    """
    One attempt to connect.

    Giving up closes the descriptor at once, which is safe (L{jetdirect.net.events}).
    """

    def __init__(
        self,
        loop: Loop,
        clock: IReactorTime,
        made: Callable[[Stream], object],
        failed: Callable[[Exception], object],
    ) -> None:
        """
        @param made: is given the connection; C{failed}: why there is none.  One of the two is
            called, perhaps at once; none after C{stop}.
        """
        self._loop = loop
        self._clock = clock
        self._made = made
        self._failed = failed
        self._socket: SocketType | None = None
        self._to: Any = None
        self._expiry: IDelayedCall | None = None

    def start(
        self,
        host: str,
        port: int,
        timeout: float = TIMEOUT,
        source: tuple[str, int] | None = None,
        shared: bool = False,
    ) -> None:
        """
        @param host: a numeric address.
        @param timeout: seconds; 0: as long as the kernel tries.
        @param source: the address, or C{""}, and the port to connect from.
        @param shared: several may come from that port, to different places.
        """
        try:
            self._to = _place(host, port)
            self._socket = made = _bound(len(self._to) > 2, source, shared)
            code = made.connect_ex(self._to)
            if code in _UNDER_WAY:
                code = made.connect_ex(self._to)  # one on this host is there by now
            if code in _UNDER_WAY:
                self._loop.want(made.fileno(), self, OUT)
        except (OSError, OverflowError) as why:
            self.stop()
            self._failed(error.ConnectBindError(getattr(why, "errno", None), str(why)))
            return
        if code not in _UNDER_WAY:
            self._answered(code)
        elif timeout:
            self._expiry = self._clock.callLater(timeout, self._tooLate)

    def stop(self) -> bool:
        """Give up; C{False}: there is nothing to give up."""
        made = self._releaseSocket()
        if made is not None:
            made.close()
        return made is not None

    # Waiting

    def happened(self, events: int) -> None:
        """L{Waiting<jetdirect.net.events.Waiting>}: it may be made, or refused."""
        assert self._socket is not None
        code = self._socket.connect_ex(self._to)
        if code not in _UNDER_WAY:
            self._answered(code)

    def lost(self, reason: Failure) -> None:
        """L{Waiting<jetdirect.net.events.Waiting>}."""
        if self.stop():
            self._failed(error.ConnectError(string="the reactor has stopped"))

    # Inside.

    def _tooLate(self) -> None:
        self.stop()
        self._failed(error.TimeoutError())

    def _answered(self, code: int) -> None:
        made = self._releaseSocket()
        assert made is not None
        if code in (0, errno.EISCONN) and _isOneself(made, self._to):
            code = errno.ECONNREFUSED
        if code in (0, errno.EISCONN):
            self._made(Stream(made, self._loop, self._to, dialled=True))
        else:
            made.close()
            self._failed(error.getConnectError((code, os.strerror(code))))

    def _releaseSocket(self) -> SocketType | None:
        if self._expiry is not None and self._expiry.active():
            self._expiry.cancel()
        made, self._socket = self._socket, None
        if made is not None:
            self._loop.want(made.fileno(), self, 0)
        return made


@implementer(IConnector)
class Connector:
    """What L{IReactorTCP<twisted.internet.interfaces.IReactorTCP>} gives for a client's factory."""

    def __init__(
        self, loop: Loop, clock: IReactorTime, factory: Any, place: tuple[str, int], **how: Any
    ) -> None:
        """
        @param factory: as Twisted's C{ClientFactory} is.
        @param how: what L{Dialing.start} takes besides.
        """
        self._loop = loop
        self._clock = clock
        self._factory = factory
        self._place = place
        self._how = how
        self._dialing: Dialing | None = None
        self._stream: Stream | None = None

    def connect(self) -> None:
        """L{IConnector}."""
        self._factory.doStart()
        self._factory.startedConnecting(self)
        self._dialing = Dialing(self._loop, self._clock, self._made, self._failed)
        self._dialing.start(*self._place, **self._how)

    def stopConnecting(self) -> None:
        """L{IConnector}."""
        if self._dialing is None or not self._dialing.stop():
            raise error.NotConnectingError("we're not trying to connect")
        self._failed(error.UserError())

    def disconnect(self) -> None:
        """L{IConnector}."""
        if self._stream is None:
            self.stopConnecting()
        else:
            self._stream.loseConnection()

    def getDestination(self) -> IPv4Address | IPv6Address:
        """L{IConnector}."""
        host, port = self._place
        return address((host, port, 0, 0) if ":" in host else (host, port))

    def _made(self, stream: Stream) -> None:
        protocol = self._factory.buildProtocol(stream.getPeer())
        if protocol is None:
            stream.refuse()
        else:
            self._stream = stream
            stream.over = self._lost
            stream.begin(protocol)

    def _lost(self, reason: Failure) -> None:
        self._stream = None
        self._factory.clientConnectionLost(self, reason)  # it may connect again
        self._factory.doStop()

    def _failed(self, why: Exception) -> None:
        self._factory.clientConnectionFailed(self, Failure(why))
        self._factory.doStop()


@implementer(IStreamClientEndpoint)
class AddressEndpoint:
    """
    A numeric address, as an endpoint.

    Twisted's own puts a protocol around ours that passes on only one of the interfaces that ours
    provides.
    """

    def __init__(
        self,
        loop: Loop,
        clock: IReactorTime,
        host: str,
        port: int,
        source: tuple[str, int] | None = None,
        shared: bool = False,
    ) -> None:
        """The parameters are those of L{Dialing.start}."""
        self._loop = loop
        self._clock = clock
        self._place = host, port
        self._source = source
        self._shared = shared

    def connect(self, protocolFactory: IProtocolFactory) -> Deferred[IProtocol]:
        """L{IStreamClientEndpoint}."""

        def made(stream: Stream) -> None:
            try:
                protocol: Any = protocolFactory.buildProtocol(stream.getPeer())
            except Exception:
                stream.refuse()
                connected.errback()
                return
            if protocol is None:
                stream.refuse()
                connected.errback(error.NoProtocol())
            else:
                stream.begin(protocol)
                connected.callback(protocol)

        def failed(why: Exception) -> None:
            protocolFactory.doStop()
            connected.errback(why)

        def cancel(_: object) -> None:
            dialing.stop()
            protocolFactory.doStop()

        dialing = Dialing(self._loop, self._clock, made, failed)
        connected: Deferred[IProtocol] = Deferred(cancel)
        protocolFactory.doStart()
        dialing.start(*self._place, source=self._source, shared=self._shared)
        return connected


def _isOneself(made: SocketType, to: tuple[Any, ...]) -> bool:
    # On one host, a port that nobody listens at may be the one that the kernel has chosen for our
    # end: it then talks to itself, and a job would be "printed".
    if to[1] < LEAST_CHOSEN or (here := made.getsockname())[1] != to[1]:
        return False
    return bool(here == made.getpeername())


def _place(host: str, port: int) -> Any:
    if ":" not in host:
        return host, port
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return socket.getaddrinfo(host, port, flags=flags)[0][4]


def _bound(six: bool, source: tuple[str, int] | None, shared: bool) -> SocketType:
    made = opened(six)
    try:
        noDelay(made)
        if source is not None:
            if shared:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind(source)
    except (OSError, OverflowError):
        made.close()
        raise
    return made
