"""
A printer on a real stream that does only what a test tells it, and a job that has it.
"""

from __future__ import annotations

from typing import Any

from twisted.internet import reactor as theReactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.interfaces import IHalfCloseableProtocol
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from jetdirect.interfaces import IPrinterConnection
from jetdirect.testing import FakeJob
from jetdirect.transports.build import transportFor
from tests.support.line import until

reactor: Any = theReactor


class ReadingPrinter(Protocol):
    """
    Reads until the connection is gone, and does nothing else unless it is told to.

    @ivar data: what it has read.
    @ivar whole: fires when that is what it expects.
    @ivar lost: fires when the connection is gone.
    """

    transport: Any

    def __init__(self, expected: bytes = b"") -> None:
        self.data = b""
        self._expected = expected
        self.whole: Deferred[None] = Deferred()
        self.lost: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.data += data
        if self.data == self._expected:
            self.whole.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        self.lost.callback(None)


@implementer(IHalfCloseableProtocol)
class HalfClosingPrinter(ReadingPrinter):
    """
    Sees our half-close, and does not answer it.

    @ivar ended: fires when it has.
    """

    def __init__(self, expected: bytes = b"") -> None:
        super().__init__(expected)
        self.ended: Deferred[None] = Deferred()

    def readConnectionLost(self) -> None:
        self.ended.callback(None)

    def writeConnectionLost(self) -> None:
        pass


class Printing:
    """A printer that listens, and a job that has it."""

    def __init__(self, printer: Any, listener: Any = None) -> None:
        self.printer = printer
        self.job = FakeJob()
        self._listener: Any = listener or TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")

    async def open(self, uri: str) -> Printing:
        """@param uri: the printer's; C{{port}} in it is where it listens."""
        self.port = await self._listener.listen(Factory.forProtocol(lambda: self.printer))
        number = getattr(self.port.getHost(), "port", 0)
        self.transport = transportFor(reactor, uri.format(port=number))
        self.connection: IPrinterConnection = await self.transport.open(self.job)
        await until(lambda: self.printer.transport)
        return self

    async def close(self) -> None:
        """All is over."""
        if not self.printer.lost.called:
            self.printer.transport.abortConnection()
        await self.printer.lost
        await self.port.stopListening()
