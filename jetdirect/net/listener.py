"""
Listening ports of our own: closed when they say so, and never deaf.
"""

from __future__ import annotations

import errno
import os
import socket
from contextlib import suppress
from socket import SocketType
from typing import Any

from twisted.internet import error
from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import (
    IDelayedCall,
    IListeningPort,
    ILoggingContext,
    IProtocolFactory,
    IReactorTime,
)
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import Interface, implementer

from .events import IN, Loop
from .stream import Stream, address
from .tuning import accepted, keepAlive, noDelay, opened, urgentInLine

REST = 1.0
"""Seconds for which nobody is accepted when the system has no room for a connection: the listener
stays readable, and would be looked at without an end (chosen)."""

TOLD_EVERY = 60.0
"""Seconds for which one line says that there are no descriptors: a peer can cause that as often as
it likes."""

_NO_ROOM = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)


class IRefusals(Interface):
    """A factory that is told of connections that had no room."""

    def connectionRefused(peer: IPv4Address | IPv6Address) -> None:
        """A connection from C{peer} was closed at once: no descriptor was left for it."""


class Reserve:
    """
    A descriptor that is kept for the moment when there is no other.

    A connection that comes then is accepted in its place and closed at once: its peer knows, and
    does not wait in a queue.
    """

    _log = Logger()

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._descriptor = -1
        self._listeners = 0
        self._silentUntil = 0.0

    def enter(self) -> None:
        """One more listener may need it."""
        self._listeners += 1
        self.keep()

    def leave(self) -> None:
        """One listener less."""
        self._listeners -= 1
        if not self._listeners:
            self._free()

    def refuse(self, listener: SocketType) -> Any:
        """
        Close the next that waits to be accepted.

        @return: its address; C{()} if it has gone; C{None} if it cannot be done.
        """
        now = self._clock.seconds()
        if now >= self._silentUntil:
            self._silentUntil = now + TOLD_EVERY
            self._log.warn(
                "no file descriptor is left: a connection was refused, and others may be; raise"
                " the limit of open files (ulimit -n, LimitNOFILE), or lower --max-sessions"
            )
        if self._descriptor < 0:
            return None
        self._free()
        try:
            refused, peer = accepted(listener)
            refused.close()
        except BlockingIOError:
            return ()
        except OSError:
            return None
        finally:
            self.keep()
        return peer

    def keep(self) -> None:
        """Have one, if there is one to be had."""
        if self._descriptor < 0:
            with suppress(OSError):  # there may be none
                self._descriptor = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)

    def _free(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def bequeath(listening: SocketType, tuned: bool) -> None:
    """Set what those that are accepted inherit."""
    urgentInLine(listening)
    if tuned:
        noDelay(listening)
        keepAlive(listening)


@implementer(IListeningPort)
class Listener:
    """
    A TCP port.

    What is accepted inherits the options of the listening socket; an urgent byte may be there
    before anybody could set them.  Accepted is one at a time: the first may be the reason to close.
    Closing at once is safe, an event that is late finds nothing (L{jetdirect.net.events}).
    """

    _log = Logger()

    def __init__(
        self,
        loop: Loop,
        clock: IReactorTime,
        reserve: Reserve,
        factory: IProtocolFactory,
        quiet: bool = False,
    ) -> None:
        """
        @param reserve: shared with all other listeners.
        @param quiet: it is there for a moment: the log is not to say when it begins and ends, and
            its connections are tuned if they last.
        """
        self.factory = factory
        self._loop = loop
        self._clock = clock
        self._reserve = reserve
        self._quiet = quiet
        self._tuned = not quiet
        self._socket: SocketType | None = None
        self._rest: IDelayedCall | None = None
        self._place: Any = None

    def bind(self, number: int, interface: str, backlog: int) -> None:
        """
        Listen.

        @raise error.CannotListenError: the port is not free, or there is no descriptor left.
        """
        self._place = (number, interface, backlog)
        self.startListening()

    def startListening(self) -> None:
        """L{IListeningPort}."""
        number, interface, backlog = self._place
        six = ":" in interface
        made = None
        try:
            made = opened(six)
            if number:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bequeath(made, self._tuned)
            place: Any = (interface, number)
            if six:
                flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
                [(*_, place), *_] = socket.getaddrinfo(interface, number, flags=flags)
            made.bind(place)
            made.listen(backlog)
            self._loop.want(made.fileno(), self, IN)
        except (OSError, OverflowError) as why:
            if made is not None:
                made.close()
            raise error.CannotListenError(interface, number, why) from None
        self._socket = made
        self._reserve.enter()
        self.factory.doStart()
        if not self._quiet:
            named = ILoggingContext(self.factory, None)
            who = type(self.factory).__name__ if named is None else named.logPrefix()
            self._log.info("{who} starting on {port}", who=who, port=self.getHost().port)

    def getHost(self) -> IPv4Address | IPv6Address:
        """L{IListeningPort}."""
        if self._socket is None:
            number, interface, _ = self._place
            return address((interface, number, 0, 0) if ":" in interface else (interface, number))
        return address(self._socket.getsockname())

    @property
    def number(self) -> int:
        """The TCP port, while it listens."""
        assert self._socket is not None
        number: int = self._socket.getsockname()[1]
        return number

    def stopListening(self) -> Deferred[None]:
        """L{IListeningPort}: at once; connections that were not accepted yet get a RST."""
        listening = self._socket
        if listening is not None:
            if not self._quiet:
                self._log.info("(TCP Port {port} Closed)", port=self.getHost().port)
            self._socket = None
            self._loop.forget(listening.fileno())
            listening.close()
            self._reserve.leave()
            self._restNoMore()
            self.factory.doStop()
        return succeed(None)

    # As Twisted's ports.

    def stopReading(self) -> None:
        """Accept nobody for now: who comes waits in the kernel."""
        self._restNoMore()
        if self._socket is not None:
            self._loop.want(self._socket.fileno(), self, 0)

    def startReading(self) -> None:
        """Accept the peers that wait, and those that come."""
        if self._socket is not None and self._rest is None:
            self._listenOn(self._socket)

    # Waiting

    def happened(self, events: int) -> None:
        """L{Waiting<jetdirect.net.events.Waiting>}: somebody may wait to be accepted."""
        self.look()

    def look(self) -> None:
        """Accept one of those who wait, if there is one, and room for it."""
        if self._socket is None or self._rest is not None:
            return
        try:
            made, peer = accepted(self._socket)
        except OSError as why:
            if why.errno in _NO_ROOM:
                self._refuse(self._socket)
            return  # EAGAIN; or one that has gone before it was accepted
        try:
            self._begin(made, peer)
        except BaseException:  # which is no reason to be deaf
            self._log.failure("a connection is refused after a mistake")
            made.close()

    def lost(self, reason: Failure) -> None:
        """L{Waiting<jetdirect.net.events.Waiting>}."""
        self.stopListening()

    def _begin(self, made: SocketType, peer: Any) -> None:
        stream = Stream(made, self._loop, peer, tuned=self._tuned)
        protocol: Any = self.factory.buildProtocol(stream.getPeer())
        if protocol is None:
            stream.refuse()
        else:
            stream.begin(protocol)

    def _refuse(self, listening: SocketType) -> None:
        peer = self._reserve.refuse(listening)
        if peer is None:
            self._loop.want(listening.fileno(), self, 0)
            self._restAWhile(listening)
        elif peer and IRefusals.providedBy(self.factory):
            self.factory.connectionRefused(address(peer))

    def _restNoMore(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def _restAWhile(self, listening: SocketType) -> None:
        self._rest = self._clock.callLater(REST, self._listenOn, listening)

    def _listenOn(self, listening: SocketType) -> None:
        self._rest = None
        self._reserve.keep()
        try:
            self._loop.want(listening.fileno(), self, IN)
        except OSError:  # there is no memory
            self._restAWhile(listening)
