"""
A listening port that is closed when it says so, and of which nobody has to read in the log.

A session may ask for a passive port at each of its commands.  Twisted closes one in the next turn
of the reactor only, so all that were asked for in one turn were open at a time, and writes two
lines of log for each.
"""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet import error
from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IListeningPort, IProtocolFactory
from twisted.internet.posixbase import PosixReactorBase
from twisted.internet.tcp import Port
from twisted.python.failure import Failure

from .tuning import BACKLOG


def listen(reactor: Any, number: int, factory: IProtocolFactory, interface: str) -> IListeningPort:
    """
    Listen for one connection after the other.

    @param number: the TCP port; 0: any free one.
    @raise error.CannotListenError: it is not free, or there is no descriptor left.
    """
    if not isinstance(reactor, PosixReactorBase):  # in memory
        port: IListeningPort = reactor.listenTCP(number, factory, BACKLOG, interface)
        return port
    quiet = QuietPort(number, factory, BACKLOG, interface, reactor)
    quiet.startListening()
    return quiet


class QuietPort(Port):
    """
    Twisted's, but for that.

    Closing at once is safe here.  Events of this turn that are on their way to the descriptor's
    number may reach whoever gets it next (Twisted issue 4759); those of a listener say only that
    there is something to read, and everybody who looks then finds that there is nothing.
    """

    def startListening(self) -> None:
        """L{IListeningPort}."""
        place: Any = (self.interface, self.port)
        skt = None
        try:
            skt = self.createInternetSocket()
            # Accepted sockets have it from here: an urgent byte may be there before they are.
            skt.setsockopt(socket.SOL_SOCKET, socket.SO_OOBINLINE, 1)
            if self.addressFamily == socket.AF_INET6:
                [(*_, place), *_] = socket.getaddrinfo(
                    self.interface, self.port, flags=socket.AI_NUMERICHOST
                )
            skt.bind(place)
            skt.listen(self.backlog)
        except OSError as why:
            if skt is not None:
                skt.close()
            raise error.CannotListenError(self.interface, self.port, why) from None
        self._realPortNumber = skt.getsockname()[1]
        self.factory.doStart()  # type: ignore[union-attr]
        self.connected = True
        self.socket = skt
        self.fileno = skt.fileno  # type: ignore[method-assign]
        self.startReading()

    def doRead(self) -> None:
        """One at a time: the first that is taken may be the reason to close."""
        self.numberAccepts = 1
        super().doRead()

    def stopListening(self, connDone: object = None) -> Deferred[None]:
        """L{IListeningPort}: at once; connections that were not accepted yet get a RST."""
        if self.connected:
            self.stopReading()
            self.connectionLost(Failure(error.ConnectionDone()))
        return succeed(None)

    def _logConnectionLostMsg(self) -> None:
        """There is nothing to say."""
